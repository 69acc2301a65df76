"""Filling vacated places: candidates, quotas, three rounds, pairing, waiting list (decision rules, Replacement)."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING

from tests.oracle.decisions import Decision, describe
from tests.oracle.evidence import Facts
from tests.oracle.households import Family
from tests.oracle.rules import Rules

LAST = "~"  # sorts after every region code: unknown areas come last


@dataclass(frozen=True)
class Waiting:
    """A row of the waiting list."""

    cycle: str
    programme: str
    family_id: str
    regency_code: str
    position_in_regency: int


def candidates(programme: str, on_list: set[str], facts: Facts, rules: Rules) -> list[Family]:
    """Families that could take a place, in selection order."""
    low, high = rules.deciles[programme]
    eligible = [
        family
        for family in facts.families.values()
        if family.family_id not in on_list
        and family.decile is not None
        and low <= family.decile <= high
        and family.payee
        and all(item.cleared for item in facts.judge(programme, family.family_id))
    ]
    contestable = {code for code, rule in rules.criteria.items() if rule.action == "remove" and rule.contestable}
    reinstated = {family_id for family_id, criterion in facts.objections.upheld if criterion in contestable}

    def order(family: Family) -> tuple[bool, int, int, bool, int, str, str]:
        key = f"{rules.cycle}:{programme}:{family.family_id}"
        return (
            family.family_id not in reinstated,
            family.decile or 0,
            family.priority_class,
            family.rank is None,
            family.rank or 0,
            hashlib.md5(key.encode()).hexdigest(),
            family.family_id,
        )

    return sorted(eligible, key=order)


def places(quotas: Mapping[str, int], decided: Sequence[Decision]) -> tuple[int, dict[str, int]]:
    """Vacancies of the nation (V) and of each regency, shared out when there are fewer than the regencies miss."""
    regional = {area: quota for area, quota in quotas.items() if area != "ID"}
    quota = quotas.get("ID", sum(regional.values()) if regional else len(decided))
    vacancies = max(0, quota - sum(row.occupies for row in decided))
    listed = Counter(row.regency for row in decided if row.regency)
    occupied = Counter(row.regency for row in decided if row.regency and row.occupies)
    allotment = regional or listed
    missing = {regency: max(0, allotment[regency] - occupied[regency]) for regency in allotment}
    return vacancies, share(missing, vacancies)


def share(missing: Mapping[str, int], total: int) -> dict[str, int]:
    """``missing``, or its share of ``total`` by largest remainder when that is less."""
    wanted = sum(missing.values())
    if wanted <= total:
        return dict(missing)
    shares = {regency: count * total // wanted for regency, count in missing.items()}
    by_remainder = sorted(missing, key=lambda regency: (-(missing[regency] * total % wanted), regency))
    for regency in by_remainder[: total - sum(shares.values())]:
        shares[regency] += 1
    return shares


def select(ordered: Sequence[Family], vacancies: int, by_regency: Mapping[str, int]) -> dict[str, str]:
    """The round (regency, province, national) in which each selected family is chosen, by family id."""
    chosen: dict[str, str] = {}

    def take(count: int, area: str, round_name: str) -> int:
        """Choose the first ``count`` remaining candidates of an area (code prefix); returns the places left over."""
        remaining = [f for f in ordered if f.village.startswith(area) and f.family_id not in chosen]
        chosen.update((family.family_id, round_name) for family in remaining[:count])
        return max(0, count - len(remaining))

    left_over: Counter[str] = Counter()
    for regency, count in by_regency.items():
        left_over[regency[:2]] += take(count, regency, "regency")
    for province, count in left_over.items():
        take(count, province, "province")
    take(vacancies - len(chosen), "", "national")
    return chosen


def pair(removed: Iterable[Decision], selected: Iterable[Decision]) -> None:
    """Set ``replaces_family_id``: selections take the removed families of their own round's area, one to one."""
    free = sorted(removed, key=lambda row: (row.regency or LAST, row.family_id))
    for round_name, digits in (("regency", 4), ("province", 2), ("national", 0)):
        queues: dict[str, list[Decision]] = defaultdict(list)
        for row in free:
            if row.regency or not digits:
                queues[(row.regency or "")[:digits]].append(row)
        for row in selected:  # in selection order
            queue = queues[(row.regency or "")[:digits]]
            if row.selection_round == round_name and queue:
                row.replaces_family_id = queue.pop(0).family_id
        taken = {row.replaces_family_id for row in selected}
        free = [row for row in free if row.family_id not in taken]


def replace_removed(
    programme: str, decided: Sequence[Decision], quotas: Mapping[str, int], facts: Facts, rules: Rules
) -> tuple[list[Decision], list[Waiting]]:
    """The programme's selections, in selection order, and its waiting list."""
    ordered = candidates(programme, {row.family_id for row in decided}, facts, rules)
    vacancies, by_regency = places(quotas, decided)
    rounds = select(ordered, vacancies, by_regency)
    selections: list[Decision] = []
    for family in ordered:
        if family.family_id in rounds:
            row = describe(programme, family.family_id, family, rules)
            row.decision, row.new_status = "replace", "nominated"
            row.selection_round, row.selection_rank = rounds[family.family_id], len(selections) + 1
            row.evidence = facts.judge(programme, family.family_id)
            selections.append(row)
    pair([row for row in decided if row.decision == "remove"], selections)
    return selections, waiting_list(programme, [f for f in ordered if f.family_id not in rounds], decided, rules)


def waiting_list(
    programme: str, remaining: Sequence[Family], decided: Sequence[Decision], rules: Rules
) -> list[Waiting]:
    """The first remaining candidates of each regency: a quarter of its list, rounded up, at least 50."""
    listed = Counter(row.regency for row in decided)
    waiting: list[Waiting] = []
    position: Counter[str] = Counter()
    for family in remaining:
        regency = family.village[:4]
        quarter = (listed[regency] * rules.parameters["waiting_list_share"]).to_integral_value(ROUND_CEILING)
        if position[regency] < max(quarter, rules.parameters["waiting_list_min"]):
            position[regency] += 1
            waiting.append(Waiting(rules.cycle, programme, family.family_id, regency, position[regency]))
    return waiting
