"""The mart targeting_accuracy, counted family by family in fractions, from the words of its column descriptions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from tests.oracle.decisions import Decision
from tests.oracle.households import Family
from tests.oracle.rules import Rules

Measures = dict[str, Decimal | int | None]
"""By column of the mart; counts and shares alone."""
UNDECIDED, STAYS = ("pending", "hold"), ("keep", "confirm")
POOREST = range(1, 5)


def measure(
    decided: Sequence[Decision],
    families: Iterable[Family],
    candidates: Mapping[str, Sequence[Family]],
    quotas: Mapping[str, Mapping[str, int]],
    rules: Rules,
) -> dict[tuple[str, str], Measures]:
    """By programme in force and area code: ID, and each province and regency where a family lives or is listed."""
    homes = [(family.village, family) for family in families]
    measured = {}
    for programme, unlisted in candidates.items():
        listed = [row for row in decided if row.programme == programme and row.decision != "replace"]
        villages = [row.village_code for row in listed] + [village for village, _ in homes]
        for area in {"", *(v[:digits] for v in villages if v for digits in (2, 4))}:
            measured[programme, area or "ID"] = _area(
                [row for row in listed if (row.village_code or "").startswith(area)],
                [family for village, family in homes if village.startswith(area)],
                sum(family.village.startswith(area) for family in unlisted),
                _places(area, quotas[programme], listed),
            )
    return measured


def _places(area: str, quotas: Mapping[str, int], listed: Sequence[Decision]) -> int:
    """The nation's quota, else the sum of the regencies'; of a part of it, its regencies' quotas, else its list."""
    regional = {code: quota for code, quota in quotas.items() if code != "ID"}
    if not area and quotas:
        return quotas.get("ID", sum(regional.values()))
    if regional:
        return sum(quota for code, quota in regional.items() if code.startswith(area))
    return sum((row.village_code or "").startswith(area) for row in listed)


def _area(listed: Sequence[Decision], families: Sequence[Family], unlisted: int, quota: int) -> Measures:
    undecided = [row for row in listed if row.decision in UNDECIDED]
    stays = sum(row.decision in STAYS for row in listed)
    removed = sum(row.decision == "remove" for row in listed)
    found: Measures = {
        "listed": len(listed),
        "undecided": len(undecided),
        "intended_listed": stays,
        "not_intended_listed": removed,
        "intended": stays + unlisted,
    }
    found["inclusion_error"] = _share(removed, stays + removed)
    found["inclusion_error_lower"] = _share(removed, len(listed))
    found["inclusion_error_upper"] = _share(removed + len(undecided), len(listed))
    for name, intended in (("upper", stays + unlisted), ("lower", stays + unlisted + len(undecided))):
        other = {"upper": "lower", "lower": "upper"}[name]
        exclusion, structural = _share(unlisted, intended), _share(max(0, intended - quota), intended)
        found[f"exclusion_error_{name}"] = exclusion
        found[f"structural_exclusion_{other}"] = structural
        found[f"avoidable_exclusion_{name}"] = _less(exclusion, structural)
    found["exclusion_error"] = found["exclusion_error_upper"]
    found["structural_exclusion"] = found["structural_exclusion_lower"]
    found["avoidable_exclusion"] = found["avoidable_exclusion_upper"]
    return found | _gap(listed, families) | _money(listed)


def _group(decile: int | None) -> str:
    return "unranked" if decile is None else "poorest" if decile in POOREST else "other"


def _gap(listed: Sequence[Decision], families: Sequence[Family]) -> Measures:
    of = Counter(_group(family.decile) for family in families)
    on = Counter(_group(row.welfare_decile) for row in listed)
    open_ = Counter(_group(row.welfare_decile) for row in listed if row.decision in UNDECIDED)
    sure = {group: on[group] - open_[group] for group in on | of}
    plain = {group: _share(sure[group], of[group] - open_[group]) for group in sure}
    least = {group: _share(sure[group], of[group]) for group in sure}
    most = {group: _share(on[group], of[group]) for group in sure}
    return {
        "coverage_gap": _less(plain.get("poorest"), plain.get("other")),
        "coverage_gap_lower": _less(least.get("poorest"), most.get("other")),
        "coverage_gap_upper": _less(most.get("poorest"), least.get("other")),
    }


def _money(listed: Sequence[Decision]) -> Measures:
    money: Counter[tuple[bool, bool]] = Counter()
    for row in listed:
        money[_group(row.welfare_decile) == "poorest", row.decision in UNDECIDED] += row.quarterly_amount_idr or 0
    poor, other, poor_open, other_open = (
        money[k] for k in ((True, False), (False, False), (True, True), (False, True))
    )
    return {
        "cgh_index": _over_forty_percent(poor, poor + other),
        "cgh_index_lower": _over_forty_percent(poor, poor + other + other_open),
        "cgh_index_upper": _over_forty_percent(poor + poor_open, poor + poor_open + other),
    }


def _over_forty_percent(part: int, whole: int) -> Decimal | None:
    return _rounded(Fraction(part, whole) / Fraction(40, 100)) if whole else None


def _share(part: int, whole: int) -> Decimal | None:
    return _rounded(Fraction(part, whole)) if whole else None


def _less(left: Decimal | int | None, right: Decimal | int | None) -> Decimal | None:
    return None if left is None or right is None else Decimal(left) - right


def _rounded(value: Fraction) -> Decimal:
    with localcontext(prec=60):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(Decimal("1e-9"), ROUND_HALF_UP)
