"""Sums, shares and short texts that the templates of the cycle report ask for, from what content.py gathered.

Judges nothing; where a figure comes from is said by the templates beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.report.content import NATION, Content, Gate
from orchestration.report.editions import Row
from orchestration.report.flow import DECIDED, total
from orchestration.report.language import Language
from orchestration.report.tiles import TileMap, tile_map

REMOVED = "removed_active+removed_nominated"
OPEN = "pending+held"


@dataclass(frozen=True)
class Figures:
    """Sums, shares and texts that templates ask for."""

    found: Content

    def all_in_force(self, area: str) -> dict[str, int]:
        """An area's funnel over all programmes in force: a family counts in each of its programmes."""
        rows = [self.found.funnel[programme].get(area, {}) for programme in self.found.in_force]
        columns = (*REMOVED.split("+"), *OPEN.split("+"), "listed")
        return {column: sum(int(row.get(column) or 0) for row in rows) for column in columns}

    def shares(self, columns: str) -> dict[str, float | None]:
        """The columns' share of the listed families by province, all programmes in force together."""
        return {code: self.share(self.all_in_force(code), columns, "listed") for code in self.found.provinces()}

    @staticmethod
    def share(row: Mapping[str, Any], part: str, whole: str) -> float | None:
        """One sum of columns as a share of another; None of nothing."""
        of = total(row, whole)
        return total(row, part) / of if of else None

    def map(self, columns: str) -> TileMap:
        """The provinces as shaded tiles."""
        return tile_map(self.shares(columns))

    def extremes(self, t: Language, columns: str) -> dict[str, str]:
        """The nation's share and the provinces with the highest and the lowest, in words."""
        shares = {code: share for code, share in self.shares(columns).items() if share is not None}
        ordered = sorted(shares, key=lambda code: (-shares[code], code))
        named = [f"{t.of(self.found.areas[code])} {t.share(shares[code])}" for code in ordered]
        nation = self.share(self.all_in_force(NATION), columns, "listed")
        return {"nation": t.share(nation), "high": ", ".join(named[:3]), "low": ", ".join(named[-3:])}

    @staticmethod
    def programme(code: str) -> str:
        """A programme's code as people write it."""
        return code.replace("_", " ")

    def criterion(self, t: Language, code: str) -> str:
        """A criterion's name; its code when the cycle does not know it."""
        return t.of(self.found.criteria[code]) if code in self.found.criteria else code

    def action(self, t: Language, row: Row) -> str:
        """What a criterion does; a removal that an open objection puts off is a hold."""
        usual = self.found.criteria.get(row["criterion"], row)["action"]
        if (usual, row["action"]) == ("remove", "hold"):
            return t("objection.hold")
        return t.known(f"action.{row['action']}", str(row["action"]))

    def carried_over(self) -> bool:
        """Whether a programme on the page is not in force."""
        return len(self.found.in_force) < len(self.found.programmes)

    def parts(self, t: Language, row: Row) -> str:
        """What became of the delivered families, in words."""
        values = {"removed": total(row, REMOVED), **row}
        named = [
            f"{t('decision.not_in_force') if name == 'not_in_force' else t(f'funnel.{name}')} {t.count(values[name])}"
            for name in DECIDED
            if name != "replaced" and values[name]
        ]
        return ", ".join(named) or t("page.none")

    def deciles(self, t: Language, rows: list[Row]) -> str:
        """The coverage of each decile, in words."""
        return ", ".join(
            f"{row['welfare_decile'] or t('coverage.unranked')} {t.share(self.share(row, 'listed_after', 'families'))}"
            for row in rows
        )

    def removed(self, criterion: str, programme: str | None = None) -> int:
        """Families removed by a criterion in one programme, or in all together."""
        return sum(
            row["removed"]
            for of, rows in self.found.reasons.items()
            if programme in (None, of)
            for row in rows
            if row["criterion"] == criterion
        )

    def amount(self, column: str) -> int:
        """Rupiah of all programmes."""
        return sum(self.found.funnel[row["programme"]][NATION][column] for row in self.found.programmes)

    def changed(self, programme: str | None = None) -> dict[str, int]:
        """Rupiah paid before and after, of one programme or all."""
        assert self.found.difference is not None
        rows = [row for row in self.found.difference.programmes if programme in (None, row["programme"])]
        columns = ("quarterly_amount_idr_before", "quarterly_amount_idr_after")
        return {column: sum(row[column] for row in rows) for column in columns}

    def scale(self, rows: Mapping[str, Row], codes: list[str]) -> float:
        """The share that the longest small bar of a table stands for; what is beyond fills it."""
        shares = sorted(self.share(rows[code], REMOVED, "listed") or 0.0 for code in codes)
        return shares[int(len(shares) * 0.98) - 1] * 1.1 or 1.0

    def gate(self, t: Language, gate: str, section: str = "gate") -> str:
        """What a gate is called, or what to do about it; of those that are asked of every source by their source."""
        for of_each in ("contract", "rejected_share"):
            if gate.startswith(f"{of_each}_"):
                source = gate.removeprefix(f"{of_each}_")
                return t(f"{section}.{of_each}", source=t.known(f"source.{source}", source))
        return t.known(f"{section}.{gate}", gate)

    def value(self, t: Language, gate: Gate, value: float | None) -> str:
        """A gate's value as its unit wants it."""
        if value is None:
            return t("gates.unmeasured")
        return t.share(value, 2, trim=True) if gate.unit == "share" else t.count(value)

    def limit(self, t: Language, gate: Gate) -> str:
        """A gate's limits."""
        bounds = (("at_least", gate.result.lower), ("at_most", gate.result.upper))
        return ", ".join(
            t(f"gates.{key}", bound=self.value(t, gate, bound)) for key, bound in bounds if bound is not None
        )

    def worst(self, t: Language, gate: Gate) -> str:
        """Where a gate is worst: codes of areas by their names, rules and sources in words."""
        named, _, more = gate.worst.partition(" and ")
        places = [self._place(t, gate, place) for place in named.split(", ")]
        if more:
            places.append(t("gates.more", count=more.removesuffix(" more")))
        return ", ".join(places)

    def _place(self, t: Language, gate: Gate, place: str) -> str:
        if gate.result.gate == "decile_balance":
            return f"{t('coverage.decile').lower()} {place}"
        if re.fullmatch(r"[0-9]{2}|[0-9]{4}", place) and place in self.found.areas:
            return t.of(self.found.areas[place])
        return t.known(f"rule.{place}", t.known(f"source.{place}", place.replace("BLTS_KESRA", "BLTS KESRA")))

    def beyond_limits(self, gate: Gate) -> bool:
        """Whether it failed by its value; otherwise only its own sentence says why."""
        value, lower, upper = gate.result.value, gate.result.lower, gate.result.upper
        return value is not None and ((lower is not None and value < lower) or (upper is not None and value > upper))

    def measures(self) -> list[tuple[str, str, list[str]]]:
        """Measures of the mart targeting_accuracy: name, word, columns (the measure, its lower and upper bound)."""
        columns = list(self.found.accuracy[0])
        names = dict.fromkeys(re.sub(r"_(lower|upper)$", "", column) for column in columns)
        return [
            (name, f"accuracy.{name}", present)
            for name in names
            if name not in ("cycle", "programme", "area_level", "area_code")
            and (present := [name + end for end in ("", "_lower", "_upper") if name + end in columns])
            and all(isinstance(row[column], int | float | None) for row in self.found.accuracy for column in present)
        ]

    def sparkline(self, gate: Gate, width: float = 84, height: float = 22) -> dict[str, Any]:
        """The points of a gate's values over the cycles and the height of its limits, in a picture of this size."""
        values = [value for _, value, _ in gate.history if value is not None]
        bounds = [bound for bound in (gate.result.lower, gate.result.upper) if bound is not None]
        low, high = min([*values, *bounds, 0.0]), max([*values, *bounds, 0.0])
        span = (high - low) or 1.0

        def y(value: float) -> float:
            return round(height - 3 - (value - low) / span * (height - 6), 1)

        step = (width - 8) / max(len(gate.history) - 1, 1)
        points = [
            (round(4 + at * step, 1), y(value), passed)
            for at, (_, value, passed) in enumerate(gate.history)
            if value is not None
        ]
        return {"points": points, "limits": [y(bound) for bound in bounds], "width": width, "height": height}

    def history(self, t: Language, gate: Gate) -> str:
        """A gate's values over the cycles, in words."""
        values = ", ".join(f"{t.month(cycle)} {self.value(t, gate, value)}" for cycle, value, _ in gate.history)
        return t("gates.picture", gate=self.gate(t, gate.result.gate), values=values)

    def measured(self, t: Language, name: str, value: Any) -> str:
        """A measure of accuracy: an index as a number, all others as shares, counts as counts."""
        if isinstance(value, int):
            return t.count(value)
        return t.number(value) if "index" in name else t.share(value)

    def quality(self, rows: list[Row]) -> Row:
        """A source's rows over all of its rules, flags apart."""
        rejected = sum(row["rejected"] for row in rows if not row["rule"].startswith("flag_"))
        return {"delivered": rows[0]["delivered"], "accepted": rows[0]["accepted"], "rejected": rejected}

    def verification(self) -> dict[str, int]:
        """Sums over all regencies."""
        rows = self.found.verification
        columns = [column for column in (rows[0] if rows else {}) if column not in ("cycle", "regency_code")]
        return {column: sum(row[column] or 0 for row in rows) for column in columns if column != "oldest_pending_days"}
