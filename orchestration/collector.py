"""Python's collector of cyclic garbage, in processes that load large libraries and end soon. Starts and ends nothing.

By default it goes again and again through all that Dagster, dbt and Great Expectations have loaded so far, and once
more when the process ends: up to half of the time that loading takes, and two to nine seconds after a last word.
"""

import atexit
import gc


def collect_rarely() -> None:
    """Look for garbage only after many more new objects than usual, and never at the process's end.

    For the beginning of a process. What is not in a cycle goes at once, as ever; when the process ends, all of its
    memory does.
    """
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)
