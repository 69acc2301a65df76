"""Every decision of the golden case, explained: the answer agrees with the tables, and with the rows delivered."""

import csv
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from orchestration.audit import entries
from orchestration.explain.answer import Answer, CycleAnswer, Programme
from orchestration.explain.ask import explain
from orchestration.explain.letter import letter
from orchestration.explain.question import asked
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests.builds import passes, seal_candidate
from tests.golden import loader
from tests.golden.expected import as_text

pytestmark = pytest.mark.pipeline

Explained = dict[str, Answer]


@pytest.fixture(scope="session")
def lake(golden_candidate: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The golden case in a lake of its own, released as if its gates had passed."""
    settings = Settings(lake=tmp_path_factory.mktemp("explained") / "lake")
    shutil.copytree(golden_candidate.parents[1], settings.lake)
    seal_candidate(settings, loader.CYCLE)
    publish(settings, loader.CYCLE, evaluate=passes)
    return settings


@pytest.fixture(scope="session")
def explained(lake: Settings, golden: loader.Golden) -> Explained:
    """Every family of the golden case that a table decides on or has waiting."""
    families = {row["family_id"] for table in ("decisions", "waiting_list") for row in golden.expected[table]}
    return {family: explain(lake, asked(family, "audit")) for family in sorted(families)}


def of(answer: Answer, programme: str) -> Programme:
    (cycle,) = answer.cycles
    return next(one for one in cycle.programmes if one.programme == programme)


def decided(golden: loader.Golden, explained: Explained) -> Iterator[tuple[dict[str, str], Programme]]:
    for row in golden.expected["decisions"]:
        yield row, of(explained[row["family_id"]], row["programme"])


def test_every_decision_is_explained_as_the_tables_say(golden: loader.Golden, explained: Explained) -> None:
    for row, part in decided(golden, explained):
        assert part.situation == "decided" and part.decision is not None, row
        said = part.decision.model_dump() | {"priority_class": part.priority_class}
        said |= part.standing.model_dump() if part.standing else {}
        said["reasons"] = ",".join(said["reasons"]) or None
        compared = [name for name in row if name in said]
        assert {"decision", "primary_reason", "reasons", "new_status", "payable"} <= set(compared)
        assert {name: as_text(said[name]) for name in compared} == {name: row[name] for name in compared}, row


def test_the_criteria_that_count_are_the_reasons(golden: loader.Golden, explained: Explained) -> None:
    for row, part in decided(golden, explained):
        assert part.decision is not None
        assert [one.criterion for one in part.of_outcome("counts")] == part.decision.reasons, row
        deciding = [one for one in part.of_outcome("counts") if one.evidence and one.evidence.action == row["decision"]]
        if row["decision"] in ("remove", "hold"):
            assert deciding[0].criterion == row["primary_reason"], row
        else:
            assert {one.evidence.action for one in part.of_outcome("counts") if one.evidence} <= {"review"}, row


def test_every_criterion_in_force_is_shown_once(golden: loader.Golden, explained: Explained) -> None:
    for row, part in decided(golden, explained):
        codes = [one.criterion for one in part.criteria]
        assert len(codes) == len(set(codes)) == (30 if row["programme"] == "PKH" else 28), row
        left = {one.outcome for one in part.criteria if one.evidence is None}
        if "NOT_IN_REGISTRY" in row["reasons"]:
            left -= {one.outcome for one in part.criteria if one.criterion == "LIST_ROW_REJECTED"}
            assert left == {"not_considered"}, row
        else:
            assert left == {"not_considered" if row["decision"] == "not_in_force" else "does_not_apply"}, row
        for one in part.criteria:
            assert one.in_force_since and one.certainty and one.legal_basis and one.sentence.id, one


def test_evidence_is_that_of_the_tables(golden: loader.Golden, explained: Explained) -> None:
    expected = {(row["programme"], row["family_id"], row["criterion"]): row for row in golden.expected["evidence"]}
    found = {
        (part.programme, family, one.criterion): one.evidence.model_dump()
        for family, answer in explained.items()
        for part in answer.cycles[0].programmes
        if part.decision
        for one in part.criteria
        if one.evidence
    }
    for key, row in expected.items():
        said = found[key]
        compared = ("action", "evidence_date", "source", "cleared", "cleared_by")
        assert {name: as_text(said[name]) for name in compared} == {name: row[name] for name in compared}, key
    cleared = {key for key, said in found.items() if said["cleared"]}
    assert cleared == {key for key, row in expected.items() if row["cleared"] == "yes"}


def test_the_rows_of_evidence_are_rows_delivered_about_the_family(
    lake: Settings, golden: loader.Golden, explained: Explained
) -> None:
    niks: dict[str, set[str]] = {}
    for person in golden.deliveries[loader.CYCLE]["dtsen_individu"]:
        niks.setdefault(str(person["id_keluarga"]), set()).add(str(person["nomor_induk_kependudukan"]))
    without = set()
    for family, answer in explained.items():
        for part in answer.cycles[0].programmes:
            for one in part.criteria:
                if one.evidence is None:
                    continue
                for row in one.evidence.rows:
                    files = [
                        list(csv.reader(path.read_text("utf-8").splitlines()))
                        for path in lake.landing.glob(f"*/{one.evidence.source}/{row.file}")
                    ]
                    lines = [file[row.row_number] for file in files if len(file) > row.row_number]
                    assert any({family, *niks.get(family, ())} & set(line) for line in lines), (family, one.criterion)
                if not one.evidence.rows:
                    without.add((family, one.criterion))
                    assert one.evidence.rows_note is not None
    absent = {"NO-MEMBERS", "GHOST"} & {family for family, _ in without}
    assert absent and {criterion for _, criterion in without} <= {"MEMBERS_INCOMPLETE", "NOT_IN_REGISTRY"}
    registers = of(explained["ALL-REGISTERS"], "SEMBAKO").of_outcome("counts")
    assert len(registers) == 12
    assert all([row.values["register"].upper() for row in one.evidence.rows] == [one.criterion] for one in registers)
    (row,) = of(explained["SPOUSE-ASN"], "SEMBAKO").of_outcome("counts")[0].evidence.rows
    assert (row.person_id, row.values["register"]) == ("SPOUSE-ASN-2", "ASN")


def test_no_answer_holds_a_nik_unless_it_was_asked_for(
    lake: Settings, golden: loader.Golden, explained: Explained
) -> None:
    niks = {person["nomor_induk_kependudukan"] for person in golden.deliveries[loader.CYCLE]["dtsen_individu"]} - {None}
    assert len(niks) > 50
    for answer in explained.values():
        text = answer.model_dump_json()
        assert not [nik for nik in niks if len(nik) == 16 and nik in text], answer.family_id
        assert not answer.cycles[0].members
    clear = explain(lake, asked("SPOUSE-ASN", "objection", "berkas 7", unmask=True))
    members = {member.person_id: member.nik for member in clear.cycles[0].members}
    assert set(members) == {"SPOUSE-ASN-1", "SPOUSE-ASN-2"} and set(members.values()) <= niks
    (row,) = of(clear, "SEMBAKO").of_outcome("counts")[0].evidence.rows
    assert row.values["nik"] == members["SPOUSE-ASN-2"]
    last = list(entries(lake))[-1]
    assert (last.action, last.details["unmasked"], last.details["note"]) == ("explain", True, "berkas 7")
    assert "SPOUSE-ASN" not in last.model_dump_json() and last.details["family"] == clear.look_up


def test_a_waiting_family_knows_how_far_it_was(golden: loader.Golden, explained: Explained) -> None:
    for row in golden.expected["waiting_list"]:
        part = of(explained[row["family_id"]], row["programme"])
        assert part.situation == "waiting" and part.standing is not None
        position = int(row["position_in_regency"])
        assert part.standing.position_in_regency == position
        assert part.standing.regency_code == row["regency_code"] and part.standing.selection_order
        assert [change.kind for change in part.changes] == ["turn"]
    third = of(explained["BM-D2"], "SEMBAKO").standing
    assert third is not None and third.last_in_regency is not None and third.last_in_nation is not None
    assert (third.waiting_list_length, third.selected_in_nation) == (3, 7)
    assert (third.last_in_nation.selection_rank, third.last_in_regency.priority_class) == (7, 5)


def kinds(part: Programme) -> list[tuple[str, str | None]]:
    return [(change.kind, change.criterion) for change in part.changes]


def test_what_would_change_the_decision(explained: Explained) -> None:
    sembako = {family: kinds(of(answer, "SEMBAKO")) for family, answer in explained.items()}
    texts = {family: " ".join(c.text.en for c in of(answer, "SEMBAKO").changes) for family, answer in explained.items()}
    asn = [("upheld", "ASN"), ("open", "ASN"), ("fact", "ASN")]
    assert sembako["SPOUSE-ASN"] == [*asn, ("then", None), ("back", None)]
    assert "would then be: stays on the list and is paid" in texts["SPOUSE-ASN"]
    assert sembako["DECILE-5"] == [("fact", "OUT_OF_DECILE"), ("then", None), ("back", None)]
    assert "decile 1 to 4 (now 5)" in texts["DECILE-5"]
    assert "would then be: stays on the list, payment suspended" in texts["MANY-REASONS"]  # the NIK is left
    assert ("together", None) in sembako["ALL-REGISTERS"] and "none of these 12" in texts["ALL-REGISTERS"]
    assert sembako["OPEN-90"][0] == ("contested", "ASN")
    assert sembako["GAMBLING"][:2] == [("upheld", "GAMBLING_FLAG"), ("verified", "GAMBLING_FLAG")]
    assert "dated 2025-10-01 or later" in texts["GAMBLING"]
    assert "pending, or confirmed" in texts["NOT-FOUND"]
    assert sembako["PENDING-OLD"] == [("pending", None)] and "2024-06-01" in texts["PENDING-OLD"]
    assert sembako["KEEP"] == [("nothing", None)]
    assert sembako["MOVED"] == [("nothing", None), ("verified", "MOVED"), ("fact", "MOVED")]
    assert sembako["PO-ELDERLY"] == [("replace", None)]
    ended = [part for answer in explained.values() for part in answer.cycles[0].programmes if part.decision]
    assert {tuple(kinds(part)) for part in ended if part.decision.decision == "not_in_force"} == {
        (("not_in_force", None),)
    }


def test_a_family_on_another_list_is_told_why_not_on_this_one(explained: Explained) -> None:
    """By the build of the release, which lies there still."""
    not_on_pkh = {family: of(answer, "PKH") for family, answer in explained.items()}
    assert not_on_pkh["DECILE-5"].situation == "not_listed" and "5 is outside 1 to 4" in (
        not_on_pkh["DECILE-5"].situation_text.en
    )
    assert kinds(not_on_pkh["DECILE-5"]) == [("fact", "OUT_OF_DECILE")]
    spouse = not_on_pkh["SPOUSE-ASN"]
    assert [one.criterion for one in spouse.of_outcome("counts")] == ["ASN", "NO_PKH_COMPONENT"]
    assert spouse.situation == "not_listed" and "no candidate: evidence" in spouse.situation_text.en


def removed(explained: Explained) -> Iterator[tuple[Answer, CycleAnswer]]:
    for answer in explained.values():
        (cycle,) = answer.cycles
        if any(part.decision and part.decision.decision == "remove" for part in cycle.programmes):
            yield answer, cycle


def test_every_removed_family_gets_its_letter(golden: loader.Golden, explained: Explained) -> None:
    niks = {person["nomor_induk_kependudukan"] for person in golden.deliveries[loader.CYCLE]["dtsen_individu"]}
    letters = 0
    for answer, cycle in removed(explained):
        text = letter(answer, date(2026, 1, 20))
        letters += 1
        assert "Kepala Keluarga" in text and answer.family_id in text and answer.look_up in text
        assert not [nik for nik in niks if nik and nik in text and len(nik) == 16]
        for part in cycle.programmes:
            for one in part.of_outcome("counts") if part.decision else ():
                assert one.name.id in text and one.sentence.id in text and f"(kode {one.criterion})" in text
        contestable = any(
            one.contestable for part in cycle.programmes if part.decision for one in part.of_outcome("counts")
        )
        assert ("Ajukan <strong>sanggahan</strong>" in text) is contestable
        assert "paling lambat 17 Februari 2026" in text
    assert letters == len({row["family_id"] for row in golden.expected["decisions"] if row["decision"] == "remove"})


def test_a_letter_names_the_payee_where_names_were_asked_for(lake: Settings) -> None:
    answer = explain(lake, asked("SPOUSE-ASN", "objection", unmask=True))
    member = answer.cycles[0].members[0].model_copy(update={"full_name": "Siti <b>Aminah</b>"})
    cycle = answer.cycles[0].model_copy(update={"members": [member]})
    text = letter(answer.model_copy(update={"cycles": [cycle]}), date(2026, 3, 18))
    assert "Keluarga Siti &lt;b&gt;Aminah&lt;/b&gt;" in text and "paling lambat 17 April 2026" in text
    assert str(member.nik) not in text


def test_a_release_alone_says_what_it_does_not_know(lake: Settings, tmp_path: Path) -> None:
    """Without raw deliveries and build: decisions and evidence stand, what else is gone is said to be gone."""
    alone = Settings(lake=tmp_path / "lake")
    alone.lake.mkdir()
    alone.releases.symlink_to(lake.releases)
    answer = explain(alone, asked("SPOUSE-ASN", "audit", unmask=True))
    (counting,) = of(answer, "SEMBAKO").of_outcome("counts")
    assert counting.evidence and counting.evidence.delivery_digest and not counting.evidence.rows
    assert counting.evidence.rows_note and "no longer held" in counting.evidence.rows_note.en
    assert of(answer, "PKH").situation == "not_known"
    assert {one.outcome for one in of(answer, "PKH").criteria} == {"not_known"}
    assert [note.en.split(":")[0] for note in answer.cycles[0].notes] == [
        "Of families on no list only the build of this cycle knows more, and it is not used",
        "Names and NIK cannot be shown",
    ]
    waiting = of(explain(alone, asked("BM-D2", "audit")), "SEMBAKO")
    assert waiting.standing and waiting.standing.position_in_regency == 3 and waiting.standing.selection_order is None
