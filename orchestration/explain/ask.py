"""The explanation of a family's decisions: `explain`, the function behind `mutakhir explain`.

The look-up is written to the audit trail before anything is read. Then one release after the other is asked.
"""

from typing import Any

import duckdb

from orchestration.engine import engine
from orchestration.explain import reasons, standing
from orchestration.explain.answer import Answer, CycleAnswer, Decision, Evidence, Outcome, Programme, Situation, Text
from orchestration.explain.delivered import Delivered
from orchestration.explain.lookup import Folder, Found, NotExplained, Rows, find, folders, listed_since, mart
from orchestration.explain.phrases import phrase
from orchestration.explain.question import Question, WrongQuestion, record
from orchestration.explain.rules import deciles_basis
from orchestration.explain.unlisted import Candidate, Unlisted, look_up
from orchestration.settings import Settings

_DECISION = (
    "decision primary_reason review previous_status new_status payable on_work_list quarterly_amount_idr"
    " payee_person_id"
).split()
_EVIDENCE = "action evidence_date source delivery_digest cleared cleared_by".split()


def explain(settings: Settings, question: Question) -> Answer:
    """Why the family of the question (question.asked) was decided on as it was, in each cycle asked for.

    Recorded in the audit trail first: without an entry there is no answer. Files are read, nothing is written, and
    nothing of Dagster or dbt is needed. Raises TrailDamaged, NotExplained, ReleaseIndexDamaged, WrongQuestion.
    """
    digest = record(settings, question)
    asked_of = folders(settings, question.cycle, question.candidate)
    with engine(settings, config={"preserve_insertion_order": "true"}) as connection:
        cycles = [_Family(settings, connection, folder, question).answer() for folder in asked_of]
    return Answer(
        family_id=question.family_id,
        look_up=digest,
        purpose=question.purpose.value,
        unmasked=question.unmask,
        looked_in=[folder.name for folder in asked_of],
        cycles=[cycle for cycle in cycles if cycle],
    )


class _Family:
    """One family in one release or candidate."""

    def __init__(
        self, settings: Settings, connection: duckdb.DuckDBPyConnection, folder: Folder, question: Question
    ) -> None:
        self.settings = settings
        self.connection = connection
        self.folder = folder
        self.question = question
        self.rules = mart(connection, folder, "dim_criterion")
        programmes = sorted(mart(connection, folder, "dim_programme"), key=lambda row: row["programme"])
        known = [row["programme"] for row in programmes]
        if not known:
            raise NotExplained(f"{folder.path} has no mart dim_programme: it cannot be explained")
        if question.programme not in (None, *known):
            raise WrongQuestion(f"{folder.name} has no such programme; it has {', '.join(known)}")
        self.programmes = [row for row in programmes if question.programme in (None, row["programme"])]
        self.delivered = Delivered(settings, connection, folder, question.family_id, question.unmask)

    def answer(self) -> CycleAnswer | None:
        """What is known of the family; None when nothing is."""
        found = find(self.connection, self.folder, self.question.family_id)
        known = Unlisted(why_not="")
        if any(row["in_force"] and not _of(row["programme"], found.decisions) for row in self.programmes):
            known = look_up(self.settings, self.connection, self.folder, self.question.family_id)
            self.delivered.person_files = known.person_files
        if not (found.decisions or found.waiting or known.family):
            return None
        manifest = self.folder.manifest
        day = mart(self.connection, self.folder, "dim_cycle")[0]
        notes = [phrase("build", "gone", why=known.why_not)] if known.why_not else []
        members = self.delivered.members() if self.question.unmask else []
        if members is None:
            notes.append(phrase("members", "gone"))
        areas = [row["village_code"] for row in (*found.decisions, *filter(None, [known.family]))]
        return CycleAnswer(
            cycle=self.folder.cycle,
            release=self.folder.release,
            released_at=manifest.created_at if self.folder.release else None,
            cutoff=day["cutoff"],
            code_version=manifest.code_version,
            rules_version=manifest.rules.version,
            rules_digest=manifest.rules.digest,
            seeds_digest=manifest.seeds_digest,
            village_code=next(filter(None, areas), None),
            programmes=[self._programme(row, found, known, day) for row in self.programmes],
            members=members or [],
            notes=notes,
        )

    def _programme(self, rule: dict[str, Any], found: Found, known: Unlisted, day: dict[str, Any]) -> Programme:
        """One programme's part: as a list member, a candidate, or neither."""
        name = rule["programme"]
        row = _of(name, found.decisions)
        waiting, candidate = _of(name, found.waiting), known.candidates.get(name)
        welfare = row or known.family or next(iter(found.decisions), {})
        facts = {"min": rule["decile_min"], "max": rule["decile_max"], "decile": welfare.get("welfare_decile")}
        evidence = self._evidence(name, found.evidence if row else known.evidence)
        if row:
            part = self._listed(row, evidence, facts, day)
        elif waiting or candidate:
            part = self._candidate(name, waiting, candidate, evidence)
        else:
            part = self._neither(rule, known, evidence, facts)
        return Programme(
            programme=name,
            name=Text(en=rule["name_en"], id=rule["name_id"]),
            in_force=rule["in_force"],
            decile_min=rule["decile_min"],
            decile_max=rule["decile_max"],
            deciles_legal_basis=deciles_basis(self.folder.cycle, rule),
            **{name: welfare.get(name) for name in ("welfare_decile", "welfare_rank", "priority_class")},
            **part,
        )

    def _listed(
        self, row: dict[str, Any], evidence: dict[str, Evidence], facts: dict[str, Any], day: dict[str, Any]
    ) -> dict[str, Any]:
        decision = self._decision(row)
        none: Outcome = "not_considered" if decision.decision == "not_in_force" else "does_not_apply"
        considered = reasons.criteria(self.folder.cycle, self.rules, row["programme"], evidence, none)
        selected = decision.decision == "replace"
        return {
            "situation": "decided",
            "situation_text": phrase("situation", "decided"),
            "decision": decision,
            "criteria": considered,
            "standing": standing.of_selected(self.connection, self.folder, row) if selected else None,
            "changes": reasons.changes(self.folder.cycle, day["cutoff"], decision, considered, facts),
        }

    def _candidate(
        self, name: str, waiting: dict[str, Any] | None, candidate: Candidate | None, evidence: dict[str, Evidence]
    ) -> dict[str, Any]:
        if waiting:
            near = standing.of_waiting(self.connection, self.folder, waiting, candidate)
        else:
            assert candidate is not None
            near = standing.of_candidate(self.connection, self.folder, name, candidate)
        situation = "waiting" if waiting else "candidate"
        return {
            "situation": situation,
            "situation_text": phrase("situation", situation),
            "decision": None,
            "criteria": reasons.criteria(self.folder.cycle, self.rules, name, evidence),
            "standing": near,
            "changes": [reasons.change("turn", position=near.position_in_regency)],
        }

    def _neither(
        self, rule: dict[str, Any], known: Unlisted, evidence: dict[str, Evidence], facts: dict[str, Any]
    ) -> dict[str, Any]:
        """Of a family that is on no list of the programme, and no candidate."""
        situation: Situation = "not_listed"
        none: Outcome = "not_considered"
        decile = facts["decile"]
        outside = rule["in_force"] and decile is not None and not facts["min"] <= decile <= facts["max"]
        if not rule["in_force"]:
            text = phrase("situation", "not_listed_not_in_force")
        elif outside:
            text = phrase("situation", "not_listed_decile", **facts)
        elif known.why_not is not None:
            situation, none = "not_known", "not_known"
            text = phrase("situation", "not_known")
        elif known.family is None:
            situation, text = "not_in_registry", phrase("situation", "not_in_registry")
        elif decile is None:
            text = phrase("situation", "not_listed_unranked")
        else:
            none = "does_not_apply" if evidence else "not_known"
            text = phrase("situation", "not_listed_evidence" if evidence else "not_listed_unknown")
        considered = reasons.criteria(self.folder.cycle, self.rules, rule["programme"], evidence, none)
        ways = [reasons.other_decile(facts)] if outside else reasons.ways_of(self.folder.cycle, considered, facts)
        return {
            "situation": situation,
            "situation_text": text,
            "decision": None,
            "criteria": considered,
            "standing": None,
            "changes": ways,
        }

    def _decision(self, row: dict[str, Any]) -> Decision:
        stays = row["decision"] not in ("remove", "not_in_force")
        return Decision(
            reasons=row["reasons"].split(",") if row["reasons"] else [],
            listed_since=listed_since(self.connection, self.folder, row) if stays else None,
            **{name: row[name] for name in _DECISION},
        )

    def _evidence(self, programme: str, rows: Rows) -> dict[str, Evidence]:
        """By criterion, each with the delivered rows behind it."""
        found = {}
        for row in rows:
            if row["programme"] == programme:
                behind, note = self.delivered.behind(row)
                values = {name: row[name] for name in _EVIDENCE}
                found[row["criterion"]] = Evidence(**values, rows=behind, rows_note=note)
        return found


def _of(programme: str, rows: Rows) -> dict[str, Any] | None:
    return next((row for row in rows if row["programme"] == programme), None)
