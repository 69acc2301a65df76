"""Ways in which a defect gets into the files written: by rows changed, rows added, records spoilt, files mishandled.

Each makes a function of the files and a share, which says how many rows, records or files it spoilt: its answer.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.columns import Flags
from simulation.defects import records, rows
from simulation.defects.rows import Make, both, everybody, starting, where
from simulation.defects.written import Change, Eligible, Picker, Written, expected
from simulation.deliveries import DataFile

Apply = Callable[[Written, float], int]

PERSONS, FAMILIES, LISTS, VISITS = "dtsen_individu", "dtsen_keluarga", "kemensos_penerima", "verifikasi_lapangan"
EVENTS = "dukcapil_peristiwa"
NIK = "nomor_induk_kependudukan"
POOR = where("desil_nasional", 1, 2, 3, 4)
HEADS = both(where("status_hubungan_keluarga", "KEPALA"), rows.filled(NIK))


def edit(source: str, change: Change, eligible: Eligible = everybody) -> Apply:
    """Change the rows hit of a source."""

    def apply(written: Written, share: float) -> int:
        pick = Picker(share)
        written.rewrite(source, lambda table: change(table, pick(eligible(table))))
        return pick.hits

    return apply


def add(source: str, make: Make, of: str, eligible: Eligible = everybody) -> Apply:
    """Add a file to a source, of rows made from the rows hit of ``of``."""

    def apply(written: Written, share: float) -> int:
        pick = Picker(share)
        tables = (table for file in written.of(of) for table in written.tables(file))
        written.add(source, f"defect-{len(written.files)}", (make(table, pick(eligible(table))) for table in tables))
        return pick.hits

    return apply


def civil_event(kind: str, whole_families: bool = False) -> Apply:
    """Report an event of the civil registry, on the cutoff, about heads of families or about all their members."""

    def apply(written: Written, share: float) -> int:
        make = rows.naming({"nik": NIK}, jenis_peristiwa=kind, tanggal_peristiwa=written.day)
        if not whole_families:
            return add(EVENTS, make, PERSONS, HEADS)(written, share)
        pick = Picker(share)
        tables = (table for file in written.of(PERSONS) for table in written.tables(file))
        reported = (make(table, _members(table, pick) & rows.filled(NIK)(table)) for table in tables)
        written.add(EVENTS, f"defect-{len(written.files)}", reported)
        return pick.hits

    return apply


def _members(table: pa.Table, pick: Picker) -> Flags:
    """Rows of the families that are hit."""
    family = table.column("id_keluarga").combine_chunks()
    families = pc.unique(family)
    hit = pick(np.ones(len(families), np.bool_))
    return np.asarray(hit[pc.index_in(family, families).to_numpy()])


def struck_off(written: Written, share: float, eligible: Eligible = POOR) -> int:
    """Report families of deciles 1-4 as found not eligible, on the cutoff."""
    make = rows.naming({"id_keluarga": "id_keluarga"}, tanggal_verifikasi=written.day, hasil="TIDAK_LAYAK")
    return add(VISITS, make, FAMILIES, eligible)(written, share)


def struck_off_in_one_regency(written: Written, share: float) -> int:
    """The same, of the regency alone that has most families of deciles 1-4."""
    counts: Counter[str] = Counter()
    for file in written.of(FAMILIES):
        for table in written.tables(file):
            counts.update(code[:4] for code in table.filter(pa.array(POOR(table))).column("kode_desa").to_pylist())
    regency = min(counts, key=lambda code: (-counts[code], code))
    return struck_off(written, share, both(POOR, starting("kode_desa", regency)))


def families_left_out(written: Written, share: float) -> int:
    """Leave out families, with their members."""
    pick, gone = Picker(share), set[str]()
    for file in written.of(FAMILIES):
        for table in written.tables(file):
            gone.update(table.filter(pa.array(pick(everybody(table)))).column("id_keluarga").to_pylist())
    lost = where("id_keluarga", *sorted(gone))
    for source in (FAMILIES, PERSONS):
        written.rewrite(source, lambda table: rows.leave_out(table, lost(table)))
    return len(gone)


def card_as_nik(written: Written, share: float) -> int:
    """Write the number of the family's card where the head's NIK belongs."""
    pick = Picker(share)
    for file in written.of(PERSONS):
        families = written.of(FAMILIES)
        same = [of for of in families if of.name == file.name] or families  # another defect may have renamed it
        cards = pa.concat_tables(table for of in same for table in written.tables(of))
        family, card = (cards.column(name).combine_chunks() for name in ("id_keluarga", "nomor_kartu_keluarga"))
        written.rewrite_file(file, lambda table, of=(family, card): _carded(table, pick(HEADS(table)), *of))  # type: ignore[misc]
    return pick.hits


def _carded(table: pa.Table, hit: Flags, family: pa.Array, card: pa.Array) -> pa.Table:
    own = card.take(pc.index_in(table.column("id_keluarga").combine_chunks(), family))
    return rows.spoil(NIK, lambda nik: pc.coalesce(own, nik))(table, hit)


def spoil_records(source: str, spoil: records.SpoilRecord) -> Apply:
    """Spoil single records of CSV files."""

    def apply(written: Written, share: float) -> int:
        pick = Picker(share)
        for file in written.of(source):
            hit = pick(np.ones(file.rows, np.bool_))
            written.change_bytes(file, lambda content, hit=hit: records.records(content, hit, spoil))  # type: ignore[misc]
        return pick.hits

    return apply


def other_writing(change: Callable[[bytes], bytes], source: str) -> Apply:
    """Write a share of a source's CSV files another way."""
    return _files(source, lambda written, file: written.change_bytes(file, change))


def cut(source: str) -> Apply:
    """Cut a share of a source's files short; their delivery.json tells of the whole."""

    def damage(written: Written, file: DataFile) -> None:
        written.change_bytes(file, lambda content: content[: len(content) * 9 // 10])
        written.swap(written.files[_place(written, file)], file)

    return _files(source, damage)


def manifest(source: str, **changes: Callable[[DataFile], int | bool]) -> Apply:
    """Let delivery.json and the files of a source differ."""

    def differ(written: Written, file: DataFile) -> None:
        values: Mapping[str, int | bool] = {name: value(file) for name, value in changes.items()}
        written.swap(file, replace(file, **values))  # type: ignore[arg-type]

    return _files(source, differ)


def without_column(source: str, column: str) -> Apply:
    """Leave a column of the contract out of a share of a source's files."""
    return _files(source, lambda written, file: written.rewrite_file(file, lambda table: table.drop_columns([column])))


def _place(written: Written, file: DataFile) -> int:
    return [(of.delivery, of.name) for of in written.files].index((file.delivery, file.name))


def _files(source: str, damage: Callable[[Written, DataFile], None]) -> Apply:
    def apply(written: Written, share: float) -> int:
        files = written.of(source)
        for file in files[: expected(len(files), share)]:
            damage(written, file)
        return expected(len(files), share)

    return apply
