"""What assets share: the cycle partition and the lock on a cycle.

Defines no asset and no job. Settings are passed as they are (a plain object).
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.cycles import cycle_keys
from orchestration.locks import cycle_lock
from orchestration.settings import Settings


def cycles_partition(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition a month. The range is a setting and not the clock, so that any cycle in it can be run."""
    return dg.StaticPartitionsDefinition(cycle_keys(settings.first_cycle, settings.last_cycle))


CYCLES = cycles_partition(Settings())


def locked_cycle(settings: Settings) -> dg.ResourceDefinition:
    """The run's cycle, locked from the first step to the end of the run.

    A pool would let go between steps, and runs started in a shell do not queue.
    """

    @dg.resource(description="the cycle of the run, locked for the whole run")
    def held(context: dg.InitResourceContext) -> Iterator[str]:
        run = context.run
        cycle = run.tags.get("dagster/partition") if run else None
        if run is None or cycle is None:
            raise dg.Failure("name a cycle: this job runs one partition at a time", allow_retries=False)
        with cycle_lock(settings, cycle, run.run_id):
            yield cycle

    return held
