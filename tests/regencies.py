"""A release of two regencies by hand, with names and marts, and an office that opens its package and fills it in.

The rows are made up to show order, other regencies' families and awkward names; no decision rule is meant by them.
"""

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyrage
import yaml
from openpyxl import Workbook, load_workbook
from pyrage import x25519

from orchestration.candidate.write import write_candidate
from orchestration.distribution.columns import SHEETS, WORK_LIST
from orchestration.distribution.packages import make_packages
from orchestration.distribution.receive import Received, receive
from orchestration.publish.release import publish
from orchestration.settings import DBT_PROJECT_DIR, SEEDS_DIR, Settings, private_dir, write_json_atomic
from tests.builds import DECISIONS, EVIDENCE, NEXT_LIST, WAITING_LIST, passes, seal_candidate

CYCLE = "2025-11"
GARUT, BANDUNG = "3205", "3273"
EVIL = '=HYPERLINK("http://x","Klik")'
COLUMNS = [column.name for column in WORK_LIST.columns]
AMOUNT = {"PKH": 700_000, "SEMBAKO": 600_000, "BLTS_KESRA": 900_000}

FAMILIES: list[dict[str, Any]] = [
    {"p": "PKH", "f": "K-HOLD-NIK", "decision": "hold", "reason": "NIK_UNMATCHED", "day": "2025-10-01"},
    {"p": "PKH", "f": "K-HOLD-OLD", "decision": "hold", "reason": "GAMBLING_FLAG", "day": "2025-09-01"},
    {"p": "SEMBAKO", "f": "K-HOLD-NEW", "decision": "hold", "reason": "GAMBLING_FLAG", "day": "2025-09-02"},
    {"p": "SEMBAKO", "f": "K-OBJECTS", "decision": "hold", "reason": "ASN", "day": "2025-11-01"},
    {"p": "SEMBAKO", "f": "K-WAITS", "decision": "pending", "since": "2025-08-20", "class": 9},
    {"p": "SEMBAKO", "f": "K-TWICE", "decision": "pending", "since": "2025-09-20", "class": 5},
    {"p": "BLTS_KESRA", "f": "K-TWICE", "decision": "keep", "reasons": "UNRANKED", "day": "2025-11-17"},
    {"p": "PKH", "f": "K-NEW-OWN", "decision": "replace", "class": 5, "replaces": "K-OUT-ASN", "round": "regency"},
    {"p": "PKH", "f": "K-NEW-FAR", "decision": "replace", "class": 1, "replaces": "K-OUT-FAR", "round": "national"},
    {"p": "SEMBAKO", "f": "K-PAID", "decision": "keep", "reasons": "PAYMENT_FAILING", "day": "2025-11-10"},
    {"p": "SEMBAKO", "f": "K-KEPT", "decision": "keep"},
    {
        "p": "PKH",
        "f": "K-OUT-ASN",
        "decision": "remove",
        "reason": "ASN",
        "day": "2025-10-05",
        "more": ",OUT_OF_DECILE",
    },
    {"p": "PKH", "f": "K-OUT-CALON", "decision": "remove", "reason": "SURVEY_NOT_ELIGIBLE", "day": "2025-11-05"},
    {"p": "PKH", "f": "K-OUT-FAR", "r": BANDUNG, "decision": "remove", "reason": "ASN", "day": "2025-10-06"},
    {"p": "PKH", "f": "K-FAR", "r": BANDUNG, "decision": "hold", "reason": "NOT_FOUND", "day": "2025-10-06"},
    {"p": "PKH", "f": "K-NOWHERE", "r": None, "decision": "hold", "reason": "NOT_IN_REGISTRY", "day": "2025-11-17"},
]
VISITS = [
    "K-OBJECTS",
    "K-HOLD-NIK",
    "K-HOLD-OLD",
    "K-HOLD-NEW",
    "K-WAITS",
    "K-TWICE",
    "K-NEW-FAR",
    "K-NEW-OWN",
    "K-PAID",
]
"""The work list of Garut, as a careful case officer orders it."""
NAMES = {"K-KEPT": EVIL, "K-PAID": "+62 Siti", "K-WAITS": "\tTuti"}
_NOMINATED = {"K-WAITS", "K-OUT-CALON"}
_WITHOUT_CRITERION = {"keep": "STILL_ELIGIBLE", "pending": "VERIFICATION_PENDING"}
MARTS = {
    mart["name"]: {column["name"]: column["data_type"] for column in mart["columns"]}
    for mart in yaml.safe_load((DBT_PROJECT_DIR / "models" / "marts" / "_marts.yml").read_text("utf-8"))["models"]
}
"""Columns and types of every mart, as dbt enforces them."""


def nik_of(family: str) -> str:
    return f"320501010190{[one['f'] for one in FAMILIES].index(family):04d}"


def make_release(settings: Settings, cycle: str = CYCLE, reason: str | None = None) -> Path:
    """Build, candidate, seal, release; returns the release's folder."""
    private_dir(settings.build)
    path = settings.build / f"{cycle}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for schema in ("lists", "marts", "households", "staging"):
            connection.execute(f"create schema {schema}")
        for table, columns in (
            ("decisions", DECISIONS), ("waiting_list", WAITING_LIST), ("next_list", NEXT_LIST),
            ("decision_evidence", EVIDENCE),
        ):  # fmt: skip
            connection.execute(f"create table lists.{table} ({columns})")
        connection.execute("create table households.families (family_id text, family_key bigint)")
        connection.execute(
            "create table staging.stg_persons (person_id text, family_key bigint, nik bigint, ill_formed_nik text,"
            " family_role text, full_name text)"
        )
        for family in FAMILIES:
            _add(connection, cycle, family)
        _make_marts(connection, cycle)
    write_json_atomic(
        path.with_suffix(".json"),
        {
            "run_id": "run-1",
            "code_version": "0.1.0+0123456789abcdef",
            "seeds_digest": "5eed",
            "deliveries": [
                {
                    "source": "dtsen_keluarga",
                    "cycle": cycle,
                    "batch": "",
                    "digest": "d1",
                    "files": [{"name": "part-0.parquet", "sha256": "ab" * 32, "rows": 3}],
                }
            ],
        },
    )
    write_candidate(settings, cycle, "run-1")
    seal_candidate(settings, cycle)
    return publish(settings, cycle, reason, evaluate=passes).folder


def _insert(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(row)
    connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


def _add(connection: duckdb.DuckDBPyConnection, cycle: str, family: dict[str, Any]) -> None:
    known = {name for (name,) in connection.execute("select family_id from households.families").fetchall()}
    programme, name, decision = family["p"], family["f"], family["decision"]
    regency = family.get("r", GARUT)
    village = f"{regency}032024" if regency else None
    status = None if decision == "replace" else "nominated" if decision == "pending" or name in _NOMINATED else "active"
    reason = family.get("reason") or family.get("reasons")
    row = {
        "cycle": cycle, "programme": programme, "family_id": name, "regency_code": regency,
        "province_code": regency and regency[:2], "district_code": village and village[:6], "village_code": village,
        "welfare_decile": 2, "priority_class": family.get("class", 9), "previous_status": status, "decision": decision,
        "primary_reason": family.get("reason") or _WITHOUT_CRITERION.get(decision),
        "reasons": reason and reason + family.get("more", ""), "review": "reasons" in family,
        "new_status": None if decision == "remove" else "nominated" if decision == "replace" else status,
        "payable": decision == "keep",
        "on_work_list": decision in ("hold", "pending", "replace") or "reasons" in family,
        "quarterly_amount_idr": AMOUNT[programme], "payee_person_id": f"{name}-2",
        "selection_round": family.get("round"), "replaces_family_id": family.get("replaces"),
    }  # fmt: skip
    _insert(connection, "lists.decisions", row)
    if decision != "remove":
        since = family.get("since") or (f"{cycle}-17" if decision == "replace" else "2024-02-29")
        listed = {key: row[key] for key in ("programme", "family_id", "village_code", "payable", "payee_person_id")}
        listed |= {"status": row["new_status"], "listed_since": since, "regency_code": regency}
        _insert(connection, "lists.next_list", {**listed, "quarterly_amount_idr": AMOUNT[programme]})
    if reason:
        shown = {key: row[key] for key in ("cycle", "programme", "family_id", "regency_code")}
        shown |= {"criterion": reason, "action": "hold", "evidence_date": family["day"], "source": "a_register"}
        _insert(connection, "lists.decision_evidence", {**shown, "delivery_digest": "d1", "cleared": False})
    if name != "K-OUT-CALON" and name not in known:
        _insert(connection, "households.families", {"family_id": name, "family_key": len(known)})
        for number, role in ((1, "KEPALA"), (2, "PASANGAN")):
            person = {"person_id": f"{name}-{number}", "family_key": len(known), "family_role": role}
            person |= {"nik": nik_of(name)} if number == 2 else {"ill_formed_nik": "12"}
            full_name = NAMES.get(name, f"Ibu {name}") if number == 2 else f"Pak {name}"
            _insert(connection, "staging.stg_persons", {**person, "full_name": full_name})


def _make_marts(connection: duckdb.DuckDBPyConnection, cycle: str) -> None:
    """Every mart with its columns; those that packages and extract look at counted from the decisions."""
    for mart, columns in MARTS.items():
        connection.execute(f"create table marts.{mart} ({', '.join(f'{n} {kind}' for n, kind in columns.items())})")
    counts = {
        "listed": "decision <> 'replace'", "kept": "decision = 'keep'", "pending": "decision = 'pending'",
        "held": "decision = 'hold'", "removed_active": "decision = 'remove' and previous_status = 'active'",
        "removed_nominated": "decision = 'remove' and previous_status = 'nominated'",
        "replaced": "decision = 'replace'", "next_list_families": "decision <> 'remove'", "confirmed": "false",
        "not_in_force": "false",
    }  # fmt: skip
    measures = ", ".join(f"count(*) filter ({condition}) as {name}" for name, condition in counts.items())
    for level, area in (("nation", "'ID'"), ("regency", "regency_code")):
        connection.execute(f"""
            insert into marts.cycle_funnel by name
            select cycle, programme, '{level}' as area_level, {area} as area_code, true as in_force, {measures},
                coalesce(sum(quarterly_amount_idr) filter (payable), 0) as payable_amount_idr
            from lists.decisions where {area} is not null group by all
        """)
    connection.execute("""
        insert into marts.verification_progress by name
        select cycle, regency_code, count(distinct family_id) filter (decision <> 'replace') as listed,
            count(distinct family_id) filter (on_work_list) as on_work_list, 61 as oldest_pending_days
        from lists.decisions where regency_code is not null group by all
    """)
    connection.execute(f"insert into marts.dim_cycle values ('{cycle}', '{cycle}-01', '{cycle}-17', 3002, 9418)")
    with (SEEDS_DIR / "criteria.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kept = {name: row[name] or None for name in MARTS["dim_criterion"] if name != "cycle"}
            _insert(connection, "marts.dim_criterion", {"cycle": cycle, **kept})
    for programme, amount in AMOUNT.items():
        value = {"quarterly_amount_idr": None if programme == "PKH" else amount, "name_id": programme}
        value |= {"name_en": programme, "in_force": True, "decile_min": 1, "decile_max": 4}
        _insert(connection, "marts.dim_programme", {"cycle": cycle, "programme": programme, **value})
    connection.execute(
        "insert into marts.removal_reasons by name select cycle, programme, 'regency' as area_level, regency_code as "
        "area_code, primary_reason as criterion, 'remove' as action, count(*) as removed, 0 as held,"
        " count(*) as uncleared, 0 as cleared from lists.decisions where decision = 'remove' group by all"
    )


class Office:
    """A regency office with a key pair of its own."""

    def __init__(self) -> None:
        self._identity = x25519.Identity.generate()

    @property
    def recipient(self) -> str:
        return str(self._identity.to_public())

    def decrypt(self, path: Path) -> bytes:
        return pyrage.decrypt(path.read_bytes(), [self._identity])

    def open_workbook(self, path: Path) -> Workbook:
        return load_workbook(io.BytesIO(self.decrypt(path)))

    def open_tables(self, path: Path) -> dict[str, pa.Table]:
        with zipfile.ZipFile(io.BytesIO(self.decrypt(path))) as archive:
            return {
                name.removesuffix(".parquet"): pq.read_table(io.BytesIO(archive.read(name)))
                for name in archive.namelist()
            }


def write_keys(path: Path, offices: Mapping[str, Office]) -> Path:
    lines = [f'"{code}" = ["{office.recipient}"]' for code, office in offices.items()]
    path.write_text("\n".join(["[regencies]", *lines]), encoding="utf-8")
    return path


def rows_of(book: Workbook, table: str) -> list[dict[str, Any]]:
    """Rows of a sheet by column name."""
    sheet = next(sheet for sheet in SHEETS if sheet.table == table)
    names = [column.name for column in sheet.columns]
    return [dict(zip(names, row, strict=True)) for row in book[sheet.title].iter_rows(min_row=2, values_only=True)]


def fill(book: Workbook, family: str, **cells: Any) -> None:
    """Fill in (or change) cells of a family's row on the work list, by column name."""
    sheet = book[WORK_LIST.title]
    at = COLUMNS.index("family_id")
    row = next(row for row in sheet.iter_rows(min_row=2) if row[at].value == family)
    for name, value in cells.items():
        row[COLUMNS.index(name)].value = value


def send_packages(root: Path) -> tuple[Path, dict[str, bytes]]:
    """A lake with a release below ``root``, and the workbooks that the offices of two regencies receive."""
    offices = {GARUT: Office(), BANDUNG: Office()}
    settings = Settings(lake=root / "lake", regency_keys=write_keys(root / "keys.toml", offices))
    make_release(settings)
    made = make_packages(settings, CYCLE).made
    return settings.lake, {one.regency: offices[one.regency].decrypt(one.files[0]) for one in made}


def save(book: Workbook, settings: Settings) -> Path:
    path = settings.lake.parent / "garut.xlsx"
    book.save(path)
    return path


def send(settings: Settings, book: Workbook, cycle: str | None = None) -> Received:
    return receive(settings, save(book, settings), cycle)


def why(received: Received) -> dict[str, str]:
    """English reasons by family."""
    return {one.family_id: " ".join(said[1] for said in one.reasons) for one in received.refused}
