"""Asking why: who may ask what, what the trail keeps of it, what stays masked, and what the commands say."""

import json
import stat
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.audit import TrailDamaged, entries, trail_path
from orchestration.cli import app
from orchestration.explain.answer import Answer, Criterion, Decision, Evidence, Text
from orchestration.explain.ask import explain
from orchestration.explain.letter import NoLetter, letter
from orchestration.explain.lookup import NotExplained
from orchestration.explain.masks import HIDDEN, masked_name, masked_nik, masked_values
from orchestration.explain.phrases import phrase
from orchestration.explain.question import Purpose, WrongQuestion, asked, family_digest, key_path
from orchestration.explain.reasons import decision_without
from orchestration.explain.rules import criterion_rule, deciles_basis
from orchestration.settings import Settings
from tests.regencies import CYCLE, make_release

HOSTILE = ["", "  ", "K' or '1'='1", 'K"; drop table x', "*", "../K1", "K[1]", "k-kept", "K" * 37, "K-KEPT\x00", "K%"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a release; nothing is written to it but the trail."""
    settings = Settings(lake=tmp_path_factory.mktemp("asked") / "lake")
    make_release(settings)
    return settings.lake


@pytest.fixture
def settings(lake: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUTAKHIR_LAKE", str(lake))
    monkeypatch.setenv("MUTAKHIR_IDENTITY", "an officer")
    monkeypatch.setenv("COLUMNS", "200")
    return Settings()


def mutakhir(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def looked_up(settings: Settings) -> list[dict[str, object]]:
    return [entry.details for entry in entries(settings) if entry.action == "explain"]


@pytest.mark.parametrize(
    ("nik", "shown"),
    [
        ("3301011001800001", "************0001"),
        ("12345", HIDDEN),
        ("330101100180000A", HIDDEN),
        ("٣٣٠١٠١١٠٠١٨٠٠٠٠١", HIDDEN),
        (None, None),
    ],
)
def test_of_a_nik_the_last_digits_are_shown(nik: str | None, shown: str | None) -> None:
    assert masked_nik(nik) == shown


def test_of_a_name_initials_are_shown_and_of_free_words_nothing() -> None:
    assert masked_name("Siti  Aminah binti A") == "S*** A***"
    assert masked_name("W a y a n") == "W*** a***"
    assert masked_name(None) is None
    assert masked_values({"reason": "Pak Budi sudah kerja", "nik": None, "result": "LAYAK"}) == {
        "reason": "***",
        "nik": None,
        "result": "LAYAK",
    }


@pytest.mark.parametrize("family", HOSTILE)
def test_what_is_no_family_id_is_not_looked_up(settings: Settings, family: str) -> None:
    before = looked_up(settings)
    with pytest.raises(WrongQuestion, match="no family id"):
        asked(family, "audit")
    done = mutakhir("explain", "--purpose", "audit", "--", family)
    assert done.exit_code == 2 and "no family id" in done.output
    assert looked_up(settings) == before


@pytest.mark.parametrize(
    ("purpose", "note", "words"),
    [
        ("", "", "state a purpose: objection"),
        ("curiosity", "", "state a purpose"),
        ("other", "  ", "needs a note"),
        ("audit", "about K-KEPT", "no family id and no NIK"),
        ("audit", "NIK 3301011001800001", "no family id and no NIK"),
        ("audit", "x" * 201, "at most 200"),
        ("audit", "a\x1bb", "one line"),
    ],
)
def test_a_purpose_is_stated_and_tells_of_nobody(purpose: str, note: str, words: str) -> None:
    with pytest.raises(WrongQuestion, match=words) as refused:
        asked("K-KEPT", purpose, note)
    assert "K-KEPT" not in str(refused.value) and "3301" not in str(refused.value)


def test_the_commands_ask_for_a_purpose(settings: Settings) -> None:
    for arguments, words in (
        (["explain", "K-KEPT"], "Missing option '--purpose'"),
        (["explain", "K-KEPT", "--purpose", "curiosity"], "is not one of"),
        (["explain", "K-KEPT", "--purpose", "other"], "needs a note"),
        (["explain", "K-KEPT", "--purpose", "audit", "--candidate"], "name the cycle"),
        (["explain", "K-KEPT", "--purpose", "audit", "--cycle", "2025-13"], "is not a cycle"),
        (["explain", "K-KEPT", "--purpose", "audit", "--programme", "PIP"], "it has BLTS_KESRA, PKH, SEMBAKO"),
    ):
        done = mutakhir(*arguments)
        assert (done.exit_code, words in done.output) == (2, True), done.output
    assert all(f"{purpose}:" in mutakhir("explain", "--help").output for purpose in Purpose)


def test_a_family_is_explained_and_the_look_up_recorded(settings: Settings) -> None:
    done = mutakhir("explain", "K-OUT-CALON", "--purpose", "complaint", "--note", "loket 3")
    assert done.exit_code == 0, done.output
    for words in (
        "leaves the list",
        "SURVEY_NOT_ELIGIBLE",
        "2025-11-05",
        "upheld",
        "Garut",
        "recorded in the audit trail",
    ):
        assert words in done.output
    assert looked_up(settings)[-1] == {
        "family": family_digest(settings, "K-OUT-CALON"),
        "purpose": "complaint",
        "note": "loket 3",
        "candidate": False,
        "unmasked": False,
        "letter": False,
    }
    assert "K-OUT-CALON" not in trail_path(settings).read_text()
    indonesian = mutakhir("explain", "K-OUT-CALON", "--purpose", "audit", "--language", "id", "--programme", "PKH")
    assert "dikeluarkan dari daftar" in indonesian.output and "SEMBAKO" not in indonesian.output


def test_the_answer_for_machines_is_whole(settings: Settings) -> None:
    done = mutakhir("explain", "K-TWICE", "--purpose", "audit", "--cycle", CYCLE, "--json")
    answer = Answer.model_validate(json.loads(done.stdout))
    assert answer == explain(settings, asked("K-TWICE", "audit", cycle=CYCLE))
    (cycle,) = answer.cycles
    decided = {part.programme: part.decision.decision for part in cycle.programmes if part.decision}
    assert decided == {"SEMBAKO": "pending", "BLTS_KESRA": "keep"}


def test_a_family_that_nobody_knows_ends_with_1_and_is_recorded(settings: Settings) -> None:
    before = len(looked_up(settings))
    done = mutakhir("explain", "NOBODY", "--purpose", "access")
    assert done.exit_code == 1 and f"Looked in: {CYCLE} r01" in done.output and "NOBODY" not in done.output
    elsewhere = mutakhir("explain", "K-KEPT", "--purpose", "access", "--cycle", "2025-10")
    assert elsewhere.exit_code == 1 and "there is no such release" in elsewhere.output
    machine = mutakhir("explain", "NOBODY", "--purpose", "access", "--json")
    assert machine.exit_code == 1 and json.loads(machine.stdout)["cycles"] == []
    assert len(looked_up(settings)) == before + 3


def test_without_an_entry_in_the_trail_nothing_is_shown(lake: Path, tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "lake")
    settings.lake.mkdir()
    settings.releases.symlink_to(lake / "releases")
    explain(settings, asked("K-KEPT", "audit"))
    trail_path(settings).write_bytes(trail_path(settings).read_bytes().replace(b"audit", b"other"))
    with pytest.raises(TrailDamaged):
        explain(settings, asked("K-KEPT", "audit"))


def test_a_look_up_that_fails_is_recorded_before(lake: Path, tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "lake")
    index = json.loads((lake / "releases" / "current.json").read_text())
    index["cycles"][CYCLE]["manifest_sha256"] = "0" * 64
    settings.releases.mkdir(parents=True)
    (settings.releases / "current.json").write_text(json.dumps(index))
    (settings.releases / CYCLE).symlink_to(lake / "releases" / CYCLE)
    with pytest.raises(NotExplained, match="not the release that current.json names"):
        explain(settings, asked("K-KEPT", "audit"))
    assert len(looked_up(settings)) == 1


def test_families_are_named_by_a_digest_that_only_the_key_gives(settings: Settings, tmp_path: Path) -> None:
    other = Settings(lake=tmp_path / "lake")
    digest = family_digest(other, "K-KEPT")
    assert digest == family_digest(other, "K-KEPT") != family_digest(settings, "K-KEPT")
    assert len(digest) == 16 and stat.S_IMODE(key_path(other).stat().st_mode) == 0o600
    assert [path.name for path in key_path(other).parent.iterdir()] == ["families.key"]


def test_the_look_ups_of_a_family_can_be_listed(settings: Settings) -> None:
    mutakhir("explain", "K-PAID", "--purpose", "payment")
    mutakhir("explain", "K-FAR", "--purpose", "fieldwork")
    listed = mutakhir("audit", "show", "--family", "K-PAID", "--json").stdout.splitlines()
    assert [json.loads(line)["details"]["purpose"] for line in listed] == ["payment"]


def test_the_letter_is_private_and_about_a_release(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "letters" / "one.html"
    arguments = ["explain", "K-OUT-CALON", "--purpose", "objection", "--letter", str(path)]
    for _ in range(2):
        assert mutakhir(*arguments).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and [one.name for one in path.parent.iterdir()] == ["one.html"]
    text = path.read_text("utf-8")
    assert "Kepala Keluarga" in text and "Status pada SIKS-NG: TIDAK LAYAK GIS" in text and "http" not in text
    assert looked_up(settings)[-1]["letter"] is True
    answer = explain(settings, asked("K-OUT-CALON", "audit", cycle=CYCLE, candidate=True))
    with pytest.raises(NoLetter, match="candidate"):
        letter(answer, date(2025, 12, 1))
    nobody = mutakhir("explain", "NOBODY", "--purpose", "audit", "--letter", str(tmp_path / "no.html"))
    assert nobody.exit_code == 1 and not (tmp_path / "no.html").exists()


@pytest.mark.parametrize(
    ("today", "until"),
    [
        (date(2025, 11, 20), "17 Desember 2025"),
        (date(2025, 12, 17), "17 Desember 2025"),
        (date(2025, 12, 18), "17 Januari 2026"),
    ],
)
def test_what_is_lodged_by_the_next_cutoff_counts_in_the_next_cycle(
    settings: Settings, today: date, until: str
) -> None:
    answer = explain(settings, asked("K-OUT-CALON", "objection"))
    assert f"paling lambat {until}" in letter(answer, today)


def criterion(action: str, outcome: str = "counts") -> Criterion:
    both = Text(en="", id="")
    evidence = Evidence(
        action=action, evidence_date=date(2025, 11, 1), source="usulan", delivery_digest=None,
        cleared=outcome == "cleared", cleared_by=None,
    )  # fmt: skip
    return Criterion(
        criterion="X", precedence=1, action=action, name=both, sentence=both, siks_status=None, legal_basis=None,
        in_force_since=None, certainty=None, contestable=True, cleared_by_verification=False,
        outcome=outcome, evidence=evidence,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "decided", "left", "then"),
    [
        ("active", "remove", [], "keep"),
        ("active", "remove", ["review"], "keep"),
        ("active", "remove", ["review", "hold"], "hold"),
        ("active", "hold", ["hold", "remove"], "remove"),
        ("nominated", "remove", [], "pending_or_confirm"),
        ("nominated", "pending", [], "pending"),
    ],
)
def test_the_decision_table_backwards(status: str, decided: str, left: list[str], then: str) -> None:
    decision = Decision(
        decision=decided, primary_reason=None, reasons=[], review=False, previous_status=status, new_status=None,
        payable=False, on_work_list=False, quarterly_amount_idr=None, payee_person_id=None, listed_since=None,
    )  # fmt: skip
    cleared = criterion("remove", "cleared")
    assert decision_without(decision, [cleared, *map(criterion, left)]) == then


def test_rules_of_the_day_are_those_of_the_release_or_unknown() -> None:
    released = {
        "criterion": "ASN", "action": "remove", "contestable": True, "cleared_by_verification": False,
        "legal_basis": "not known",
    }  # fmt: skip
    assert criterion_rule("2025-11", released) == (date(2025, 1, 1), "press")
    assert criterion_rule("2025-11", {**released, "action": "hold"}) == (None, None)
    sembako = {"programme": "SEMBAKO", "decile_min": 1, "decile_max": 5}
    assert deciles_basis("2025-11", sembako) == "Kepmensos 79/HUK/2025"
    assert deciles_basis("2026-01", sembako) is None


def test_sentences_are_in_both_languages() -> None:
    said = phrase("change", "verified", criterion=Text(en="moved", id="pindah"), date=date(2025, 8, 1))
    assert said.en.startswith("moved: a field verification") and "2025-08-01" in said.en
    assert said.id.startswith("pindah: verifikasi lapangan") and "1 Agustus 2025" in said.id
    with pytest.raises(KeyError):
        phrase("change", "verified", date=date(2025, 8, 1))
