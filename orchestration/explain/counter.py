"""The answer as a case officer reads it at the counter, in English or Indonesian. Computes nothing."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text as Styled

from orchestration.contracts.code_lists import areas
from orchestration.explain.answer import Answer, Criterion, CycleAnswer, Language, Member, Outcome, Programme, Row
from orchestration.explain.phrases import basis, phrase, source_name

_COLOURS = {"remove": "red", "hold": "yellow", "pending": "yellow", "keep": "green", "confirm": "green"}
_WITHOUT: tuple[Outcome, ...] = ("does_not_apply", "not_considered", "not_known")
_HEADINGS = {"does_not_apply": "not_applying"}


def explanation(answer: Answer, language: Language) -> Group:
    """Everything that the answer says, newest cycle first."""
    return Group(*_Counter(language).answer(answer))


class _Counter:
    def __init__(self, language: Language) -> None:
        self._language = language

    def _say(self, group: str, name: str, **values: Any) -> str:
        return phrase(group, name, **values).of(self._language)

    def answer(self, answer: Answer) -> Iterator[RenderableType]:
        yield Styled(self._say("label", "family", family=answer.family_id), style="bold")
        yield Styled(self._say("label", "look_up", digest=answer.look_up, purpose=answer.purpose), style="dim")
        if unknown := set(answer.looked_in) - {f"{one.cycle} {one.release or 'candidate'}" for one in answer.cycles}:
            yield Styled(self._say("label", "not_in", where=", ".join(sorted(unknown))), style="dim")
        for cycle in answer.cycles:
            yield from self._cycle(cycle)

    def _cycle(self, cycle: CycleAnswer) -> Iterator[RenderableType]:
        kind = "cycle" if cycle.release else "candidate"
        title = self._say("label", kind, cycle=cycle.cycle, release=cycle.release, cutoff=cycle.cutoff)
        yield Rule(Styled(title, style="bold"), align="left")
        digest = cycle.rules_digest[:12]
        yield Styled(
            self._say("label", "made_of", version=cycle.rules_version, digest=digest, code=cycle.code_version),
            style="dim",
        )
        if cycle.village_code:
            yield Styled(f"{self._say('label', 'area')}: {_area(cycle.village_code)}")
        for note in cycle.notes:
            yield Styled(note.of(self._language), style="dim")
        if cycle.members:
            yield self._members(cycle.members)
        for programme in cycle.programmes:
            yield Padding(Group(*self._programme(programme)), (1, 0, 0, 0))

    def _members(self, members: list[Member]) -> Table:
        table = Table(title=self._say("label", "members"), title_justify="left", box=box.SIMPLE)
        for column in Member.model_fields:
            table.add_column(column)
        for member in members:
            table.add_row(*(Styled(value or "–") for value in member.model_dump().values()))
        return table

    def _programme(self, programme: Programme) -> Iterator[RenderableType]:
        yield Styled(f"{programme.programme} · {programme.name.of(self._language)}", style="bold underline")
        yield self._facts(programme)
        shown = programme.of_outcome("counts", "cleared")
        if shown:
            yield self._evidence(shown)
        for outcome in _WITHOUT:
            if codes := [one.criterion for one in programme.of_outcome(outcome)]:
                heading = self._say("label", _HEADINGS.get(outcome, outcome))
                named = "" if len(codes) == len(programme.criteria) else f": {', '.join(codes)}"
                yield Styled.assemble((f"{heading} ({len(codes)})", "bold"), (named, "dim"))
        if programme.standing:
            yield Styled(self._say("label", "standing"), style="bold")
            yield from (Styled(f"  • {line}") for line in self._standing(programme))
        if programme.changes:
            yield Styled(self._say("label", "changes"), style="bold")
            yield from (Styled(f"  • {change.text.of(self._language)}") for change in programme.changes)

    def _facts(self, programme: Programme) -> Table:
        grid = Table.grid(padding=(0, 2))
        decided = programme.decision
        if decided:
            meaning = f"{decided.decision}: {self._say('decision', decided.decision)}"
            grid.add_row(self._say("label", "decision"), Styled(meaning, style=_COLOURS.get(decided.decision, "")))
            if decided.primary_reason:
                reasons = "".join(f"; {code}" for code in decided.reasons if code != decided.primary_reason)
                grid.add_row(self._say("label", "reason"), Styled(decided.primary_reason + reasons))
            before, after = decided.previous_status or "–", decided.new_status or "–"
            grid.add_row(self._say("label", "status"), f"{before}, {after}")
            paid = [self._say("label", "paid" if decided.payable else "not_paid")]
            paid += [self._say("label", "work_list")] if decided.on_work_list else []
            amount = decided.quarterly_amount_idr
            money = "–" if amount is None else f"Rp {amount:,}".replace(",", ".")
            grid.add_row(self._say("label", "amount"), f"{money} ({'; '.join(paid)})")
        else:
            grid.add_row(self._say("label", "situation"), Styled(programme.situation_text.of(self._language)))
        welfare = (programme.welfare_decile, programme.welfare_rank, programme.priority_class)
        said = ", ".join("–" if value is None else str(value) for value in welfare)
        grid.add_row(self._say("label", "welfare"), said)
        if programme.in_force:
            law = self._say("label", "basis", basis=basis(programme.deciles_legal_basis))
            grid.add_row(self._say("label", "covered"), f"{programme.decile_min}–{programme.decile_max} ({law})")
        return grid

    def _evidence(self, shown: list[Criterion]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("criterion", "outcome", "evidence", "rule"):
            table.add_column(self._say("label", name), overflow="fold")
        for one in shown:
            table.add_row(
                Styled.assemble((one.criterion, "bold"), f"\n{one.name.of(self._language)}"),
                Styled(self._outcome(one), style="red" if one.outcome == "counts" else "green"),
                Styled("\n".join(self._proof(one))),
                Styled("\n".join(self._rule(one))),
            )
        return table

    def _outcome(self, one: Criterion) -> str:
        assert one.evidence is not None
        if one.outcome == "cleared":
            return self._say("outcome", "cleared", by=phrase("by", one.evidence.cleared_by or "objection"))
        return self._say("outcome", "counts", action=phrase("action", one.evidence.action))

    def _proof(self, one: Criterion) -> Iterator[str]:
        assert one.evidence is not None
        evidence = one.evidence
        yield self._say("label", "evidence_of", date=evidence.evidence_date, source=source_name(evidence.source))
        if evidence.delivery_digest:
            yield self._say("label", "delivery", digest=f"{evidence.source}/{evidence.delivery_digest[:12]}")
        for row in evidence.rows:
            yield self._say("label", "row", file=row.file, row=row.row_number, values=_values(row))
        if evidence.rows_note:
            yield evidence.rows_note.of(self._language)

    def _rule(self, one: Criterion) -> Iterator[str]:
        yield self._say("label", "basis", basis=basis(one.legal_basis))
        if one.in_force_since:
            yield self._say("label", "since", since=one.in_force_since, certainty=one.certainty)
        if one.siks_status:
            yield f"SIKS-NG: {one.siks_status}"

    def _standing(self, programme: Programme) -> Iterator[str]:
        near = programme.standing
        assert near is not None
        if near.selection_rank:
            values = {"round": near.selection_round, "rank": near.selection_rank, "all": near.selected_in_nation}
            yield self._say("standing", "selected", **values)
        if near.position_in_regency:
            yield self._say(
                "standing",
                "position",
                position=near.position_in_regency,
                regency=_area(near.regency_code or ""),
                length=near.waiting_list_length,
                waiting=near.waiting_in_regency,
            )
        if near.selection_order:
            yield self._say("standing", "order", order=near.selection_order)
        yield self._say("standing", "regency", places=near.places_in_regency, selected=near.selected_in_regency)
        for level, last in (("last_regency", near.last_in_regency), ("last_nation", near.last_in_nation)):
            if last:
                values = {"decile": last.welfare_decile, "priority": last.priority_class, "rank": last.selection_rank}
                yield self._say("standing", level, **values)


def _values(row: Row) -> str:
    named = {"person_id": row.person_id, **row.values} if row.person_id else row.values
    return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)


def _area(code: str) -> str:
    """``1101 Kabupaten Aceh Selatan``: names down to the district, and the code."""
    known = [areas()[code[:length]] for length in (6, 4, 2) if len(code) >= length and code[:length] in areas()]
    return f"{', '.join(known)} ({code})" if known else code
