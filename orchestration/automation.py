"""When a cycle runs by itself: a schedule on the day after the cutoff, a sensor for deliveries that complete later.

Both ask for the same run by the same key, the fingerprint of the deliveries, and a run that carries it already, whoever
started it, is not asked for again. Another sensor tells people of deliveries that are late.
"""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.alerts import alert_addresses, send
from orchestration.cycles import Cycle, cutoff
from orchestration.ingest.delivery import deliveries_ready
from orchestration.jobs import update_cycle
from orchestration.settings import Settings

JAKARTA = ZoneInfo("Asia/Jakarta")
FINGERPRINT_TAG = "mutakhir/deliveries"


def fingerprint_key(settings: Settings, cycle: str) -> str:
    """The key of a run: the cycle and the set of deliveries that have arrived for it."""
    return _key(cycle, deliveries_ready(settings, cycle)[1])


def _key(cycle: str, fingerprint: str) -> str:
    return f"{cycle}:{fingerprint[:16]}"


def request_cycle(instance: dg.DagsterInstance, settings: Settings, cycle: str) -> dg.RunRequest | dg.SkipReason:
    """Ask for the cycle's run, or say why not: required deliveries are missing, or this set of them was run already."""
    missing, fingerprint = deliveries_ready(settings, cycle)
    if missing:
        return dg.SkipReason(f"cycle {cycle} waits for: {', '.join(missing)}")
    run_key = _key(cycle, fingerprint)
    if instance.get_run_records(dg.RunsFilter(tags={FINGERPRINT_TAG: run_key}), limit=1):
        return dg.SkipReason(f"cycle {cycle} was run with these deliveries")
    return dg.RunRequest(run_key=run_key, partition_key=cycle, tags={FINGERPRINT_TAG: run_key})


def cycle_due(now: datetime) -> str:
    """The cycle whose day of extraction, the day after its cutoff, has come last before ``now`` (Asia/Jakarta)."""
    local = now.astimezone(JAKARTA)
    cycle = Cycle(local.year, local.month)
    return cycle.key if local.date() > cutoff(cycle.key) else cycle.shift(-1).key


@dg.schedule(
    job=update_cycle,
    cron_schedule="0 6 18 * *",
    execution_timezone="Asia/Jakarta",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 18th, the day after the cutoff, if the required deliveries are there.",
)
def monthly_cycle(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Run the month's cycle on the day of extraction."""
    return request_cycle(context.instance, settings, cycle_due(context.scheduled_execution_time))


@dg.sensor(
    job=update_cycle,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When the deliveries of the cycle that is due complete only later, or one more comes in.",
)
def late_deliveries(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Run the cycle that is due as soon as its deliveries are complete."""
    return request_cycle(context.instance, settings, cycle_due(datetime.now(JAKARTA)))


def overdue(settings: Settings, today: date) -> tuple[str, date, list[str]]:
    """The cycle whose deliveries were due last, the day they were due, and the required sources that have not come."""
    cycle = Cycle(today.year, today.month)
    if today.day <= settings.deliveries_due_day:
        cycle = cycle.shift(-1)
    return cycle.key, cycle.first_day.replace(day=settings.deliveries_due_day), deliveries_ready(settings, cycle.key)[0]


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people (MUTAKHIR_ALERTS) of each required delivery that is late, once.",
)
def overdue_deliveries(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Send an alert for what became late since the last one; one that could not be sent is tried again."""
    if not alert_addresses(settings):
        return dg.SkipReason("MUTAKHIR_ALERTS names nobody to tell")
    cycle, due, missing = overdue(settings, datetime.now(JAKARTA).date())
    told: list[str] = json.loads(context.cursor or "{}").get(cycle, [])
    late = sorted(set(missing) - set(told))
    if not late:
        return dg.SkipReason(f"cycle {cycle}: {'told already' if missing else 'nothing is late'}")
    title = f"cycle {cycle}: late, {', '.join(late)}"
    place = f"{settings.landing_url or settings.landing}/{cycle}"
    text = (
        f"Due by {due.isoformat()} and not there: {', '.join(late)}.\n\n"
        f"What to do: ask those who send them. They belong into {place}; the cycle runs by itself"
        " when all required deliveries are there."
    )
    if problem := send(settings, title, text):
        context.log.warning(f"nobody was told that {title}: {problem}")
        return dg.SkipReason(f"cycle {cycle}: {problem}")
    return dg.SensorResult(skip_reason=f"told of {title}", cursor=json.dumps({cycle: sorted({*told, *late})}))
