"""The audit trail: every change to it is found, a kill costs at most what was never acknowledged."""

import json
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from orchestration import audit
from orchestration.audit import FIRST, TrailDamaged, chain_problems, entries, head, record, trail_path
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake with a trail of four entries."""
    settings = Settings(lake=tmp_path / "lake", identity="an auditor")
    for number in range(4):
        record(settings, "ingest", "2025-11", source="usulan", rows=number)
    return settings


def lines(settings: Settings) -> list[bytes]:
    return trail_path(settings).read_bytes().splitlines(keepends=True)


def test_entries_tell_who_did_what_and_follow_each_other(settings: Settings) -> None:
    found = list(entries(settings))
    assert [(entry.number, entry.who, entry.action, entry.cycle) for entry in found] == [
        (number, "an auditor", "ingest", "2025-11") for number in (1, 2, 3, 4)
    ]
    assert [entry.details for entry in found] == [{"source": "usulan", "rows": number} for number in range(4)]
    assert [entry.previous for entry in found] == [FIRST, *(entry.digest for entry in found[:-1])]
    assert chain_problems(settings, {"a release": found[1].digest}) == []
    assert head(settings) == found[-1].digest


def test_the_trail_is_private(settings: Settings) -> None:
    path = trail_path(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("line", range(4))
def test_one_changed_value_in_any_line_is_found(settings: Settings, line: int) -> None:
    found = lines(settings)
    entry = json.loads(found[line])
    for field, value in (("who", "someone else"), ("at", "2020-01-01"), ("cycle", None), ("details", {"rows": 9})):
        changed = [*found]
        changed[line] = json.dumps({**entry, field: value}).encode() + b"\n"
        trail_path(settings).write_bytes(b"".join(changed))
        assert chain_problems(settings, {}), field


def test_a_line_with_its_digest_made_anew_breaks_the_chain(settings: Settings) -> None:
    found = lines(settings)
    entry = audit.Entry.model_validate_json(found[1]).model_dump(exclude={"digest"})
    forged = audit.Entry.made(**{**entry, "who": "someone else"})
    trail_path(settings).write_bytes(b"".join([found[0], forged.model_dump_json().encode() + b"\n", *found[2:]]))
    assert chain_problems(settings, {}) == [
        "line 3 does not follow the line before: an entry was removed, added or moved"
    ]


@pytest.mark.parametrize("order", [[0, 1, 3], [1, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3]])
def test_removed_moved_and_repeated_lines_are_found(settings: Settings, order: list[int]) -> None:
    found = lines(settings)
    trail_path(settings).write_bytes(b"".join(found[at] for at in order))
    assert any("does not follow" in problem for problem in chain_problems(settings, {}))


def test_a_cut_end_is_found_by_what_a_release_names(settings: Settings) -> None:
    newest = head(settings)
    assert newest
    trail_path(settings).write_bytes(b"".join(lines(settings)[:2]))
    assert chain_problems(settings, {}) == []
    assert chain_problems(settings, {"2025-11/r01": newest}) == ["the entry that 2025-11/r01 names is not in the trail"]
    trail_path(settings).unlink()
    assert chain_problems(settings, {"2025-11/r01": newest})


@pytest.mark.parametrize("cut", [1, 50])
def test_what_a_kill_left_unfinished_is_cut_and_told(settings: Settings, cut: int) -> None:
    whole = trail_path(settings).read_bytes()
    unfinished = lines(settings)[-1][:-cut]
    trail_path(settings).write_bytes(whole + unfinished)
    entry = record(settings, "verdict", "2025-11", passed=True)
    assert [found.action for found in entries(settings)][-2:] == ["repair", "verdict"]
    assert entry.number == 6 and chain_problems(settings, {}) == []
    assert trail_path(settings).read_bytes().startswith(whole)


def test_a_damaged_last_line_is_not_built_upon(settings: Settings) -> None:
    sound = trail_path(settings).read_bytes()
    damaged = sound[:-30] + (b"1" if sound[-30:-29] == b"0" else b"0") + sound[-29:]
    trail_path(settings).write_bytes(damaged)
    with pytest.raises(TrailDamaged, match="audit verify"):
        record(settings, "verdict", "2025-11", passed=True)
    assert trail_path(settings).read_bytes() == damaged


def test_a_link_in_its_place_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    os.replace(trail_path(settings), elsewhere)
    trail_path(settings).symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    with pytest.raises(OSError, match="symbolic links"):
        record(settings, "verdict", "2025-11", passed=True)
    assert elsewhere.read_bytes() == before


def _record_many(lake: str) -> None:
    for number in range(20):
        record(Settings(lake=Path(lake)), "ingest", None, rows=number)


def test_processes_take_turns(settings: Settings) -> None:
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(_record_many, [str(settings.lake)] * 3))
    assert len(lines(settings)) == 64 and chain_problems(settings, {}) == []
