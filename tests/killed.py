"""A process that is killed in the middle: writes, publishes, reports or fetches, and dies before a chosen step on disk.

``python -m tests.killed LAKE write|publish|report|fetch RUN_ID|REASON|RELEASE|SOURCE EVENT N``. An event is one of
Python's audit events, or ``obstore.put``, a put into an object store. No step of the code under test is replaced.
"""

import os
import sys
from pathlib import Path
from typing import Any

import obstore

DEATH = 137


def _die_before(event: str, at: int, lake: Path) -> None:
    watched = tuple(str(lake / folder) for folder in ("landing", "candidates", "releases", "bi", "reports"))
    seen = 0

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if name == event and str(arguments[0]).startswith(watched):
            seen += 1
            if seen == at:
                os._exit(DEATH)

    def put(*arguments: Any, **more: Any) -> Any:
        hook("obstore.put", (str(lake / "releases"),))
        return obstore_put(*arguments, **more)

    obstore_put, obstore.put = obstore.put, put
    sys.addaudithook(hook)


def main(lake: Path, action: str, argument: str, event: str, at: int) -> None:
    """Do it, and die on the way."""
    from orchestration.candidate.write import write_candidate
    from orchestration.gates.verdict import Verdict
    from orchestration.publish.release import publish
    from orchestration.settings import Settings

    settings = Settings(lake=lake)
    _die_before(event, at, lake)
    if action == "write":
        write_candidate(settings, "2025-11", argument)
    elif action == "report":
        from orchestration.report.page import write_report

        write_report(settings, "2025-11", argument)
    elif action == "fetch":
        from orchestration.contracts.sources import SOURCES
        from orchestration.ingest.fetch import fetch

        fetch(settings, "2025-11", SOURCES[argument])
    else:
        publish(settings, "2025-11", argument, evaluate=lambda *_: Verdict((), True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
