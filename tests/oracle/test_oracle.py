"""The oracle, its generator, the delivery writer and the comparison, tried on small things."""

import csv
import gzip
import io
import json
import random
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.deliveries import Style, Values, write_delivery, write_landing
from tests.oracle import replacement, rules
from tests.oracle.compare import COLUMNS, compare, compare_quality
from tests.oracle.contract import SOURCES, Column
from tests.oracle.draws import Registry
from tests.oracle.registries import random_registry
from tests.oracle.run import Outcome, run
from tests.oracle.staging import DeliveryRefused
from tests.oracle.values import Broken, nik_is_well_formed, parse

RULES = rules.load("2026-01")


@pytest.fixture(scope="module", params=range(4))
def registry(request: pytest.FixtureRequest) -> Registry:
    """Random registries of every kind."""
    return random_registry(random.Random(request.param), 80)


@pytest.fixture(scope="module")
def outcome(registry: Registry) -> Outcome:
    """What the oracle says of it."""
    return run(registry.rows(), registry.cycle)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("integer", " +007\t", 7),
        ("integer", "1e2", "bad_value"),
        ("integer", "9223372036854775808", "bad_value"),
        ("decimal", "7,15", "7.2"),
        ("decimal", "999999.95", "bad_value"),
        ("decimal", "+1", "bad_value"),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("day", "2025-02-29", "bad_value"),
        ("day", "20250228", "bad_value"),
        ("period", "2025-13", "bad_value"),
        ("family_village", "33.01.01.2001", "3301012001"),
        ("family_village", "99.01.01.2001", "unknown_area"),
        ("identifier", "f-1", "bad_key"),
        ("programme", "pkh", "PKH"),
        ("quota_area", "id", "ID"),
        ("text", " \v\r ", None),
    ],
)
def test_values(kind: str, text: str, expected: object) -> None:
    """A value is parsed as the contract says, or breaks the rule it says."""
    try:
        value: object = parse(text, Column("x", "x", kind), RULES, decimal_comma=True)
    except Broken as error:
        value = str(error)
    assert str(value) == str(expected)


@pytest.mark.parametrize(
    ("nik", "well_formed"),
    [
        ("3301010505800001", True),
        ("3301012902010001", True),
        ("3301017112800001", True),
        ("3301014005800001", False),
        ("3301017212800001", False),
        ("3301013104800001", False),
        ("3301010505800000", False),
        ("330101050580001", False),
        ("33010105058000\u0661\u0661", False),
    ],
)
def test_nik(nik: str, well_formed: bool) -> None:
    """The day exists in a leap year, 40 more for women; the serial is not 0000; 16 ASCII digits."""
    assert nik_is_well_formed(nik) is well_formed


def test_shares_by_largest_remainder() -> None:
    """Floors first, then the largest remainders, ties by code; all of it when there is enough."""
    assert replacement.share({"3302": 5, "3301": 5, "3471": 2, "3502": 2}, 7) == {
        "3301": 3,
        "3302": 2,
        "3471": 1,
        "3502": 1,
    }
    assert replacement.share({"3301": 2}, 5) == {"3301": 2}


def test_a_bad_quota_row_refuses_the_delivery() -> None:
    """Quotas are small and read strictly."""
    registry = random_registry(random.Random(1), 5)
    bad: Values = {"program": "PKH", "kode_wilayah": "9999", "kuota": "1"}
    registry.deliveries[registry.cycle]["kuota_program"].append(bad)
    with pytest.raises(DeliveryRefused):
        run(registry.rows(), registry.cycle)


def test_a_seed_gives_one_registry() -> None:
    """Reports of a failing seed can be repeated."""
    first, again, other = (random_registry(random.Random(seed), 30) for seed in (5, 5, 6))
    assert first == again != other


@pytest.mark.parametrize(
    "style",
    [
        Style("parquet", files_per_source=3, shuffle_seed=1),
        Style(batches=2, files_per_source=2, shuffle_seed=2, delimiter=";", crlf=True, bom=True, gz=True),
    ],
)
def test_how_rows_are_delivered_changes_nothing(
    style: Style, registry: Registry, outcome: Outcome, tmp_path: Path
) -> None:
    """Order, files, batches and format do not matter to any decision or count."""
    delivered = [
        row
        for cycle in registry.deliveries
        for row in write_landing(registry.of(cycle), tmp_path, cycle, **vars(style))
    ]
    again = run(delivered, registry.cycle)
    assert again.quality() == outcome.quality()
    for table, rows in outcome.tables().items():
        assert sorted(map(str, again.tables()[table])) == sorted(map(str, rows))


def test_a_csv_delivery_is_what_the_contract_describes(tmp_path: Path) -> None:
    """Manifest, BOM, line ends, delimiter and raw lines are as asked for."""
    rows: list[Values | bytes] = [{"nik": 'a;"b"', "register": "ASN", "tanggal_data": None}, b"broken"]
    write_delivery(
        tmp_path, "register_pengecualian", "2026-01", rows, Style(delimiter=";", crlf=True, bom=True, gz=True)
    )
    content = gzip.decompress((tmp_path / "part-01.csv.gz").read_bytes())
    assert content == b'\xef\xbb\xbfnik;register;tanggal_data\r\n"a;""b""";ASN;\r\nbroken\r\n'
    assert next(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")) == [
        column.name for column in SOURCES["register_pengecualian"].columns
    ]
    manifest = json.loads((tmp_path / "delivery.json").read_text())
    assert manifest["files"][0]["rows"] == 2


def test_what_must_always_hold(outcome: Outcome) -> None:
    """Conservation, one place for a family, no selection with evidence, nobody without a decision."""
    tables = outcome.tables()
    places = Counter((row["programme"], row["family_id"]) for row in tables["next_list"])
    assert set(places.values()) <= {1}
    for (_, rule), (delivered, accepted, rejected) in outcome.quality().items():
        assert rejected <= (accepted if rule.startswith("flag") else delivered - accepted)
    selected = {(row.programme, row.family_id): row for row in outcome.decided if row.decision == "replace"}
    assert all(item.cleared for row in selected.values() for item in row.evidence)
    assert not {(row.programme, row.family_id) for row in outcome.waiting} & selected.keys()
    replaced = [(row.programme, row.replaces_family_id) for row in selected.values() if row.replaces_family_id]
    removed = {(row.programme, row.family_id) for row in outcome.decided if row.decision == "remove"}
    assert len(set(replaced)) == len(replaced) and set(replaced) <= removed
    assert len(tables["next_list"]) == len(outcome.decided) - len(removed)


def test_the_comparison_sees_every_change(outcome: Outcome, tmp_path: Path) -> None:
    """An equal candidate has no difference; a changed cell, a lost and an added row are three."""
    write_candidate(outcome, tmp_path)
    assert compare(outcome, tmp_path) == []
    assert compare_quality(outcome, tmp_path / "quality.parquet") == []
    outcome.decided[0].decision, kept = "changed", outcome.decided[0].decision
    lost = outcome.decided.pop()
    try:
        seen = {(difference.column, difference.oracle) for difference in compare(outcome, tmp_path)}
    finally:
        outcome.decided[0].decision = kept
        outcome.decided.append(lost)
    assert ("decision", "changed") in seen
    assert ("*", "no such row") in seen


def write_candidate(outcome: Outcome, folder: Path) -> None:
    """The oracle's answer in the shape of a candidate folder."""
    for table, rows in outcome.tables().items():
        parts = defaultdict(list)
        for row in rows:
            parts[row["programme"]].append({name: row.get(name) for name in COLUMNS[table]})
        for programme, part in parts.items():
            place = folder / table / f"programme={programme}"
            place.mkdir(parents=True)
            pq.write_table(pa.Table.from_pylist(part), place / "part.parquet")
    quality = [
        {"cycle": outcome.rules.cycle, "source": source, "rule": rule, "delivered": n, "accepted": a, "rejected": r}
        for (source, rule), (n, a, r) in outcome.quality().items()
    ]
    pq.write_table(pa.Table.from_pylist(quality), folder / "quality.parquet")
