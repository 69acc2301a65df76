"""The core on Polars, first part: accepted rows, what is known of the NIK, members, families."""

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from benchmarks.peers.rules import CODES, NIK, ROLES, Component, Rules

Rows = dict[str, LazyFrame]


def kept(frame: LazyFrame) -> LazyFrame:
    """The frame, computed once."""
    return frame.collect(engine="streaming").lazy()


def accepted(rows: LazyFrame, key: list[str], updated: str) -> tuple[LazyFrame, LazyFrame, LazyFrame]:
    """Accepted rows; the rows of the keys that repeat, and the newest of these where they do not contradict."""
    repeated = kept(rows.group_by(key).len().filter(col.len > 1).select(key))
    versions = kept(rows.join(repeated, on=key, how="semi").unique())
    newest = versions.filter(col(updated) == col(updated).max().over(key))
    settled = kept(newest.filter(pl.len().over(key) == 1))
    return pl.concat([rows.join(repeated, on=key, how="anti"), settled]), versions, settled


def is_nik() -> Expr:
    """Whether the column nik is well formed."""
    return (col.nik.str.contains(f"^{NIK}$") & (col.nik.str.slice(12, 4) != "0000")).fill_null(False)


def objections(rows: LazyFrame, rules: Rules) -> LazyFrame:
    """Of each family and criterion, whether an objection was upheld, or still is open, long enough ago."""
    upheld_from, open_from = rules.from_day("objection_upheld_days"), rules.from_day("objection_open_days")
    undecided = col.tanggal_putusan.is_null() | col.putusan.is_null() | (col.tanggal_putusan > rules.cutoff)
    upheld = (col.putusan == "DITERIMA") & col.tanggal_putusan.is_between(upheld_from, rules.cutoff)
    return kept(
        rows.filter(col.tanggal_pengajuan <= rules.cutoff)
        .group_by(family_id="id_keluarga", criterion="kode_kriteria")
        .agg(upheld=upheld.fill_null(False).any(), open=(undecided & (col.tanggal_pengajuan >= open_from)).any())
    )


def nik_facts(
    delivered: LazyFrame, persons: LazyFrame, families: LazyFrame, events: LazyFrame, rules: Rules
) -> tuple[LazyFrame, LazyFrame]:
    """What is known of the few NIK of which anything is; and the NIK that repeat within a family."""
    niks = delivered.select(nik="nomor_induk_kependudukan").filter(col.nik.is_not_null())
    repeated = niks.group_by("nik").len().filter(col.len > 1)
    holders = kept(
        persons.join(repeated, on="nik", how="semi")
        .join(families, left_on="family_id", right_on="id_keluarga", how="semi")
        .select("nik", "family_id")
    )
    held = holders.filter(is_nik()).group_by("nik").agg(holders=pl.len(), families=col.family_id.n_unique())
    events = events.filter(col.tanggal_peristiwa <= rules.cutoff)
    matched = events.filter(col.jenis_peristiwa.is_in(["PADAN", "TIDAK_PADAN"]))
    unmatched = (
        matched.filter(col.tanggal_peristiwa == col.tanggal_peristiwa.max().over("nik"))
        .filter(col.jenis_peristiwa == "TIDAK_PADAN")
        .select("nik", unmatched=lit(True))
    )
    dead = events.filter(col.jenis_peristiwa == "KEMATIAN").select("nik", dead=lit(True))
    several = held.filter(col.holders > 1).select("nik", repeated=lit(True), shared=col.families > 1)
    names = ["repeated", "shared", "unmatched", "dead"]
    facts = pl.concat([several, unmatched, dead], how="diagonal").group_by("nik").agg(col(names).fill_null(False).any())
    within = holders.group_by("nik", "family_id").len().filter(col.len > 1).select("family_id", payee_nik="nik")
    return kept(facts), kept(within)


def _known(persons: LazyFrame, facts: LazyFrame, exempt: LazyFrame) -> LazyFrame:
    """Persons with what is known of the NIK, and whether they live."""
    return (
        persons.with_columns(is_nik=is_nik())
        .join(facts, on="nik", how="left")
        .join(exempt, on="family_id", how="left")
        .with_columns(col("repeated", "shared", "unmatched", "dead", "exempt").fill_null(False))
        .with_columns(matched=col.is_nik & ~col.unmatched, usable=col.is_nik & ~col.unmatched & ~col.repeated)
        .with_columns(living=~(col.dead & col.usable & ~col.exempt))
    )


def _born(component: Component) -> Expr:
    return (lit(True) if component.born_by is None else col.tanggal_lahir <= component.born_by) & (
        lit(True) if component.born_after is None else col.tanggal_lahir > component.born_after
    )


def members(persons: LazyFrame, facts: LazyFrame, exempt: LazyFrame, rules: Rules) -> LazyFrame:
    """Families by their members; the payee is the least of a text, as in the SQL."""
    school = when(col.partisipasi_sekolah == "MASIH").then(col.jenjang_tertinggi_yang_diduduki)
    schools = {
        name: col.living & (school == name[7:].upper()).fill_null(False) & _born(rules.component(name))
        for name in ("school_sd", "school_smp", "school_sma")
    }
    qualifying: dict[str, Expr] = {
        **schools,
        "pregnant": col.living & (col.jenis_kelamin == "P") & (col.hamil == "YA").fill_null(False),
        "severe_disability": col.living & (col.tingkat_disabilitas == "BERAT").fill_null(False),
        "elderly": col.living & (col.tanggal_lahir <= rules.born_by("elderly_min_age")),
    }
    lost = [(col(name).is_not_null() & ~col(name).is_in(codes)) for name, codes in CODES.items()]
    unsteady = (col.status_bekerja == "TIDAK").fill_null(False) | (
        col.status_dalam_pekerjaan_utama == "PEKERJA_BEBAS"
    ).fill_null(False)
    payee = pl.concat_str(
        when("usable").then(lit("0")).otherwise(lit("1")),
        col.status_hubungan_keluarga.replace_strict(ROLES, [str(place) for place in range(1, len(ROLES) + 1)]),
        col.tanggal_lahir.cast(pl.String),
        lit(" "),
        col.person_id,
        lit(" "),
        when(unsteady).then(lit("0")).otherwise(lit("1")),
        when("matched").then(lit("1")).otherwise(lit("0")),
        col.nik.fill_null(""),
    )
    early = col.living & _born(rules.component("early_childhood")) & ~pl.any_horizontal(list(schools))
    names = [*qualifying, "early_childhood"]
    return (
        _known(persons, facts, exempt)
        .with_columns(**qualifying)
        .with_columns(early_childhood=early)
        .with_columns(
            qualifying=pl.any_horizontal(names),
            disabled=col.living & col.tingkat_disabilitas.is_in(["SEDANG", "BERAT"]).fill_null(False),
            component_lost=col.living & pl.any_horizontal(lost),
            payee=when(col.living & (col.tanggal_lahir <= rules.born_by("payee_min_age"))).then(payee),
        )
        .group_by("family_id")
        .agg(
            col("living", "disabled", "qualifying", *names).sum().cast(pl.Int32),
            col("component_lost", "shared").any(),
            col.payee.min(),
        )
        .with_columns(places=pl.min_horizontal("qualifying", rules.number("pkh_max_persons")))
        .with_columns(pkh_amount=_pkh_amount(rules))
    )


def _pkh_amount(rules: Rules) -> Expr:
    amount, before = lit(0, pl.Int64), lit(0, pl.Int32)
    for component in rules.components:
        offered = pl.min_horizontal(component.name, component.cap)
        amount += component.amount * pl.min_horizontal(offered, col.places - before).clip(0).cast(pl.Int64)
        before += offered
    return amount


def families(
    accepted_rows: LazyFrame, by_family: LazyFrame, incomplete: LazyFrame, repeated: LazyFrame, rules: Rules
) -> LazyFrame:
    """Every accepted family."""
    asked_of_payee = col.payee.str.split(" ").list
    cramped = (10 * col.luas_lantai).cast(pl.Int64) < rules.floor_tenths_per_person * col.living
    unfit = (
        col.jenis_lantai_terluas.is_in(["TANAH", "LAINNYA"]).fill_null(False)
        | col.jenis_atap_terluas.is_in(["IJUK", "LAINNYA"]).fill_null(False)
        | col.fasilitas_bab.is_in(["UMUM", "TIDAK_ADA"]).fill_null(False)
        | ((col.living > 0) & cramped).fill_null(False)
    )
    priority_class = (
        when((col.living == 1) & (col.elderly == 1))
        .then(1)
        .when((col.living == 1) & (col.disabled == 1))
        .then(2)
        .when(unfit)
        .then(3)
        .when(col.asked.str.head(1) == "0")
        .then(4)
        .when(col.daya_terpasang <= rules.number("low_power_max_va"))
        .then(5)
        .otherwise(9)
    )
    return kept(
        accepted_rows.rename({"id_keluarga": "family_id"})
        .join(by_family, on="family_id", how="left", maintain_order="none")
        .join(incomplete.with_columns(incomplete=lit(True)), on="family_id", how="left")
        .with_columns(payee_person_id=asked_of_payee.get(1), asked=asked_of_payee.get(2))
        .with_columns(payee_nik=col.asked.str.slice(2), priority_class=priority_class)
        .join(repeated.with_columns(twice=lit(True)), on=["family_id", "payee_nik"], how="left")
        .select(
            "family_id",
            "priority_class",
            "payee_person_id",
            regency_code=col.kode_desa.str.head(4),
            province_code=col.kode_desa.str.head(2),
            welfare_decile="desil_nasional",
            welfare_rank="peringkat_nasional",
            updated_on="tanggal_pemutakhiran",
            members_incomplete=col.living.is_null() | col.incomplete.fill_null(False),
            living_persons=col.living.fill_null(0),
            component_lost=col.component_lost.fill_null(False),
            nik_shared=col.shared.fill_null(False),
            pkh_amount=col.pkh_amount.fill_null(0),
            usable_payee_nik=when(col.payee.str.head(1) == "0").then("payee_nik"),
            payee_nik_doubtful=(col.asked.str.slice(1, 1) == "0").fill_null(False) | col.twice.fill_null(False),
        )
    )
