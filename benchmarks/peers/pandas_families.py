"""The core on pandas, first part: accepted rows, what is known of the NIK, members, families.

Members count by the position of their family, a number, instead of its text.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.rules import CODES, NIK, ROLES, Component, Rules

Frame = Any  # a pd.DataFrame; its published types know too little of columns as pyarrow has them
Flags = Any  # an array of booleans
FACTS = ("repeated", "shared", "unmatched", "dead")


def true(flags: Any) -> Flags:
    """Flags as an array, where what is not known is false."""
    return flags.fillna(False).to_numpy(bool)


def stacked(frames: Iterable[Frame]) -> Frame:
    """Frames on top of each other, rows numbered anew."""
    return pd.concat(list(frames), ignore_index=True)


def is_in(texts: Any, values: Any) -> Flags:
    """Whether texts are among values, as an array."""
    return texts.isin(values).to_numpy(bool)


def accepted(rows: Frame, key: str, updated: str) -> tuple[Frame, Frame, Frame]:
    """Accepted rows; the rows of the keys that repeat, and the newest of these where they do not contradict."""
    repeated = rows[key].duplicated(keep=False).to_numpy()
    versions = rows[repeated].drop_duplicates()
    newest = versions[true(versions[updated] == versions.groupby(key)[updated].transform("max"))]
    settled = newest[~newest[key].duplicated(keep=False)]
    return stacked([rows[~repeated], settled]), versions, settled


def is_nik(nik: Any) -> Flags:
    """Whether texts are well-formed NIK."""
    return true(nik.str.fullmatch(NIK)) & ~true(nik.str.slice(12, 16) == "0000")


def objections(rows: Frame, rules: Rules) -> Frame:
    """Of each family and criterion, whether an objection was upheld, or still is open, long enough ago."""
    rows = rows[true(rows.tanggal_pengajuan <= rules.cutoff)]
    decided, upheld_from = rows.tanggal_putusan, rules.from_day("objection_upheld_days")
    undecided = decided.isna().to_numpy() | rows.putusan.isna().to_numpy() | true(decided > rules.cutoff)
    return (
        rows[["id_keluarga", "kode_kriteria"]]
        .set_axis(["family_id", "criterion"], axis=1)
        .assign(
            upheld=true(rows.putusan == "DITERIMA") & true(decided >= upheld_from) & true(decided <= rules.cutoff),
            open=undecided & true(rows.tanggal_pengajuan >= rules.from_day("objection_open_days")),
        )
        .groupby(["family_id", "criterion"], as_index=False)
        .max()
    )


def nik_facts(persons: Frame, family_ids: pd.Index, events: Frame, rules: Rules) -> tuple[Frame, Frame]:
    """What is known of the few NIK of which anything is, by NIK; and the NIK that repeat within a family."""
    repeated = persons.nik.notna().to_numpy() & persons.nik.duplicated(keep=False).to_numpy()
    holders = persons.loc[repeated, ["nik", "family_id"]]
    holders = holders[holders.family_id.isin(family_ids)]
    held = holders[is_nik(holders.nik)].groupby("nik").family_id.agg(["size", "nunique"])
    held = held[held["size"] > 1]
    events = events[true(events.tanggal_peristiwa <= rules.cutoff)]
    matched = events[events.jenis_peristiwa.isin(["PADAN", "TIDAK_PADAN"])]
    newest = matched[true(matched.tanggal_peristiwa == matched.groupby("nik").tanggal_peristiwa.transform("max"))]
    unmatched = newest.nik[true(newest.jenis_peristiwa == "TIDAK_PADAN")]
    dead = events.nik[true(events.jenis_peristiwa == "KEMATIAN")]
    niks = pd.Index(pd.concat([held.index.to_series(), unmatched, dead]).unique())
    facts = pd.DataFrame(
        {
            "repeated": niks.isin(held.index),
            "shared": niks.isin(held.index[held["nunique"] > 1]),
            "unmatched": niks.isin(unmatched),
            "dead": niks.isin(dead),
        },
        index=niks,
    )
    within = holders[holders.duplicated(keep=False)].drop_duplicates()
    return facts, within


def known(niks: Any, facts: Frame) -> dict[str, Flags]:
    """What is known of each NIK, as arrays by fact."""
    places = facts.index.get_indexer(niks)
    return {name: np.append(facts[name].to_numpy(), False)[places] for name in FACTS}


def _born(days: Any, component: Component) -> Flags:
    young = np.ones(len(days), bool) if component.born_after is None else true(days > component.born_after)
    return young if component.born_by is None else young & true(days <= component.born_by)


def families(
    rows: Frame, persons: Frame, incomplete: Any, facts: Frame, within: Frame, exempt: Any, rules: Rules
) -> Frame:
    """Every accepted family, in the order of ``rows``."""
    index = pd.Index(rows.id_keluarga)
    at = index.get_indexer(persons.family_id)
    persons, at = persons[at >= 0], at[at >= 0]
    nik_known, well_formed = known(persons.nik, facts), is_nik(persons.nik)
    matched = well_formed & ~nik_known["unmatched"]
    usable = matched & ~nik_known["repeated"]
    living = ~(nik_known["dead"] & usable & ~is_in(persons.family_id, exempt))

    def count(flags: Flags) -> Any:
        return np.bincount(at[flags], minlength=len(rows))

    counts = _components(persons, living, rules)
    of_families = {name: count(flags) for name, flags in counts.items()}
    qualifying = count(np.logical_or.reduce(list(counts.values())))
    size, persons_of = count(living), count(np.ones(len(at), bool))
    disabled = count(living & is_in(persons.tingkat_disabilitas, ["SEDANG", "BERAT"]))
    lost = np.zeros(len(at), bool)
    for name, codes in CODES.items():
        lost |= persons[name].notna().to_numpy() & ~is_in(persons[name], codes)

    adult = living & true(persons.tanggal_lahir <= rules.born_by("payee_min_age"))
    unsteady = true(persons.status_bekerja == "TIDAK") | true(persons.status_dalam_pekerjaan_utama == "PEKERJA_BEBAS")
    payees = (
        persons.loc[adult, ["status_hubungan_keluarga", "tanggal_lahir", "person_id", "nik"]]
        .assign(at=at[adult], usable=usable[adult], matched=matched[adult], unsteady=unsteady[adult])
        .assign(doubt=~usable[adult], role=lambda of: of.status_hubungan_keluarga.map(ROLES.index))
        .sort_values(["at", "doubt", "role", "tanggal_lahir", "person_id"])
        .drop_duplicates("at")
        .set_index("at")
        .reindex(range(len(rows)))
    )
    twice = pd.MultiIndex.from_frame(within[["family_id", "nik"]])
    of_payee = pd.MultiIndex.from_arrays([index, payees.nik])
    cramped = true((rows.luas_lantai * 10).astype("int64[pyarrow]") < rules.floor_tenths_per_person * size)
    unfit = (
        is_in(rows.jenis_lantai_terluas, ["TANAH", "LAINNYA"])
        | is_in(rows.jenis_atap_terluas, ["IJUK", "LAINNYA"])
        | is_in(rows.fasilitas_bab, ["UMUM", "TIDAK_ADA"])
        | ((size > 0) & cramped)
    )
    classes = [
        (size == 1) & (of_families["elderly"] == 1),
        (size == 1) & (disabled == 1),
        unfit,
        true(payees.unsteady == True),  # noqa: E712  (no payee is neither)
        true(rows.daya_terpasang <= rules.number("low_power_max_va")),
    ]
    return pd.DataFrame(
        {
            "family_id": rows.id_keluarga,
            "regency_code": rows.kode_desa.str.slice(0, 4),
            "province_code": rows.kode_desa.str.slice(0, 2),
            "welfare_decile": rows.desil_nasional,
            "welfare_rank": rows.peringkat_nasional,
            "updated_on": rows.tanggal_pemutakhiran,
            "members_incomplete": (persons_of == 0) | is_in(rows.id_keluarga, incomplete),
            "living_persons": size,
            "component_lost": count(living & lost) > 0,
            "nik_shared": count(nik_known["shared"]) > 0,
            "priority_class": np.select(classes, range(1, 6), 9),
            "pkh_amount": _pkh_amount(of_families, qualifying, rules),
            "payee_person_id": payees.person_id.to_numpy(),
            "usable_payee_nik": payees.nik.where(payees.usable == True).to_numpy(),  # noqa: E712
            "payee_nik_doubtful": true(payees.matched == False) | of_payee.isin(twice),  # noqa: E712
        }
    ).convert_dtypes(dtype_backend="pyarrow")


def _components(persons: Frame, living: Flags, rules: Rules) -> dict[str, Flags]:
    """Which PKH components a living person counts for."""
    born, at_school = persons.tanggal_lahir, true(persons.partisipasi_sekolah == "MASIH")
    schools = {
        name: living & at_school & true(persons.jenjang_tertinggi_yang_diduduki == name[7:].upper())
        & _born(born, rules.component(name))
        for name in ("school_sd", "school_smp", "school_sma")
    }  # fmt: skip
    return {
        **schools,
        "pregnant": living & true(persons.jenis_kelamin == "P") & true(persons.hamil == "YA"),
        "severe_disability": living & true(persons.tingkat_disabilitas == "BERAT"),
        "elderly": living & true(born <= rules.born_by("elderly_min_age")),
        "early_childhood": living
        & _born(born, rules.component("early_childhood"))
        & ~np.logical_or.reduce(list(schools.values())),
    }


def _pkh_amount(offered: dict[str, Any], qualifying: Any, rules: Rules) -> Any:
    places = np.minimum(qualifying, rules.number("pkh_max_persons"))
    amount = np.zeros(len(places), np.int64)
    for component in rules.components:
        paid = np.minimum(np.minimum(offered[component.name], component.cap), places)
        amount += component.amount * paid
        places = places - paid
    return amount
