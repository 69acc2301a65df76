"""The core on pandas, second part: the lists, every fact against a family, and what the facts amount to."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.peers.pandas_families import Flags, Frame, is_in, is_nik, known, stacked, true
from benchmarks.peers.rules import Programme, Rules


def listed(rows: Frame, families: Frame, rules: Rules) -> Frame:
    """The lists; a family whose rows contradict each other is listed all the same."""
    key = ["program", "id_keluarga"]
    rows = rows[is_in(rows.program, [programme.name for programme in rules.programmes])]
    repeated = rows.duplicated(key, keep=False).to_numpy()
    grouped = rows[repeated].assign(saluran=lambda of: of.saluran.fillna("")).groupby(key, as_index=False)
    differing = (grouped.nunique(dropna=False).drop(columns=key) > 1).any(axis=1).to_numpy()
    twice = grouped.min().assign(list_row_rejected=differing)
    listed = pd.concat([rows[~repeated].assign(list_row_rejected=False), twice], ignore_index=True).drop(
        columns="saluran"
    )
    listed = listed.rename(
        columns={"program": "programme", "id_keluarga": "family_id", "tanggal_mulai": "listed_since"}
    )
    at = pd.Index(families.family_id).get_indexer(listed.family_id)
    columns = [
        "regency_code",
        "welfare_decile",
        "members_incomplete",
        "component_lost",
        "pkh_amount",
        "payee_person_id",
    ]
    of_registry = families[columns].reindex(at).reset_index(drop=True)
    rejected = listed.list_row_rejected.to_numpy(bool)
    own = listed.kode_desa.str.slice(0, 4).where(~rejected)
    of_registry["regency_code"] = of_registry.regency_code.where(at >= 0, own)
    return pd.concat([listed, of_registry], axis=1).assign(in_registry=at >= 0, list_row_rejected=rejected)


def verifications(rows: Frame, rules: Rules) -> Frame:
    """Of each family the newest verification that still counts; no result where several of that day differ."""
    day = rows.tanggal_verifikasi
    rows = rows[true(day >= rules.from_day("verification_validity_days")) & true(day <= rules.cutoff)]
    rows = rows[true(rows.tanggal_verifikasi == rows.groupby("id_keluarga").tanggal_verifikasi.transform("max"))]
    rows = rows.drop_duplicates().set_axis(["family_id", "verified_on", "result"], axis=1)
    several = rows.family_id.duplicated(keep=False)
    return rows.assign(result=rows.result.mask(several)).drop_duplicates("family_id")


def registered(registers: Frame, persons: Frame, facts: Frame, exempt: Any, rules: Rules) -> Frame:
    """Register criteria by family: of living persons with a usable NIK."""
    registers = registers[true(registers.tanggal_data <= rules.cutoff) & is_nik(registers.nik)]
    found = registers.merge(persons[["nik", "family_id"]], on="nik")
    of_nik = known(found.nik, facts)
    dead = of_nik["dead"] & ~is_in(found.family_id, exempt)
    found = found[~of_nik["repeated"] & ~of_nik["unmatched"] & ~dead]
    newest = found.groupby(["family_id", "register"], as_index=False).tanggal_data.max()
    return newest.set_axis(["family_id", "criterion", "evidence_date"], axis=1)


def evidence(
    families: Frame,
    listed: Frame,
    verifications: Frame,
    registered: Frame,
    events: Frame,
    payments: Frame,
    rules: Rules,
) -> Frame:
    """Every fact against a family; the programme is empty where it counts for all."""

    def facts(frame: Frame, criterion: Any, programme: Any = "", day: Any = rules.cutoff) -> Frame:
        return pd.DataFrame(
            {"family_id": frame.family_id, "programme": programme, "criterion": criterion, "evidence_date": day}
        )

    moves = events[true(events.jenis_peristiwa == "PINDAH") & true(events.tanggal_peristiwa <= rules.cutoff)]
    moved = moves.merge(
        families[["family_id", "usable_payee_nik", "updated_on"]], left_on="nik", right_on="usable_payee_nik"
    )
    moved = moved[true(moved.tanggal_peristiwa > moved.updated_on)]
    moved = moved.groupby("family_id", as_index=False).tanggal_peristiwa.max()
    against = verifications[~true(verifications.result == "LAYAK")]
    found = against.result.map(
        {"TIDAK_LAYAK": "SURVEY_NOT_ELIGIBLE", "MENOLAK": "REFUSED", "TIDAK_DITEMUKAN": "NOT_FOUND"}
    )
    payments = payments[true(payments.tanggal <= rules.cutoff)].sort_values(["tanggal", "periode"])
    keys = ["id_keluarga", "program"]
    newest = payments.drop_duplicates(keys, keep="last")[[*keys, "tanggal", "periode"]]
    succeeded = payments[true(payments.hasil == "SUKSES")].drop_duplicates(keys, keep="last")[
        [*keys, "tanggal", "periode"]
    ]
    failing = newest.merge(succeeded, how="left", indicator=True)
    failing = failing[(failing._merge == "left_only").to_numpy()].rename(columns={"id_keluarga": "family_id"})
    without = true(families.pkh_amount == 0) & ~true(families.members_incomplete)
    listed_without = true(listed.pkh_amount == 0) & ~true(listed.members_incomplete) & true(listed.programme == "PKH")
    pkh = rules.programme("PKH")
    uncertain = families[without & inside(families, pkh)]
    listed_uncertain = listed[listed_without & ~inside(listed, pkh)]
    ranked = listed.welfare_decile.notna().to_numpy()
    outside = [
        listed[true(listed.programme == programme.name) & ranked & ~inside(listed, programme)]
        for programme in rules.programmes
    ]
    incomplete = true(families.members_incomplete)
    lives = true(families.living_persons > 0)
    rows: list[Frame] = [
        facts(registered, registered.criterion, day=registered.evidence_date),
        facts(families[incomplete], "MEMBERS_INCOMPLETE"),
        facts(families[~lives & ~incomplete], "NO_LIVING_MEMBER"),
        facts(families[lives & families.payee_person_id.isna().to_numpy()], "NO_PAYEE"),
        facts(families[true(families.payee_nik_doubtful)], "NIK_UNMATCHED"),
        facts(families[true(families.nik_shared)], "DUPLICATE_NIK"),
        facts(families[families.welfare_decile.isna().to_numpy()], "UNRANKED"),
        facts(moved, "MOVED", day=moved.tanggal_peristiwa),
        facts(against, found.fillna("CONFLICTING_VERIFICATION"), day=against.verified_on),
        facts(failing, "PAYMENT_FAILING", failing.program, failing.tanggal),
        *(
            facts(frame, np.where(true(frame.component_lost), "COMPONENTS_UNCERTAIN", "NO_PKH_COMPONENT"), "PKH")
            for frame in (uncertain, listed_uncertain)
        ),
        *(facts(frame, "OUT_OF_DECILE", frame.programme) for frame in outside),
        *(
            facts(listed[flags], criterion, listed.programme[flags])
            for criterion, flags in (
                ("NOT_IN_REGISTRY", ~listed.in_registry.to_numpy(bool)),
                ("LIST_ROW_REJECTED", listed.list_row_rejected.to_numpy(bool)),
            )
        ),
    ]
    text, day = pd.StringDtype("pyarrow"), pd.ArrowDtype(pa.date32())
    types: Any = {"family_id": text, "programme": text, "criterion": text, "evidence_date": day}
    return stacked(frame.astype(types) for frame in rows)


def inside(frame: Frame, programme: Programme) -> Flags:
    """Whether families are ranked inside the programme's deciles."""
    return true(frame.welfare_decile >= programme.decile_min) & true(frame.welfare_decile <= programme.decile_max)


def judged(evidence: Frame, verifications: Frame, objections: Frame, rules: Rules) -> Frame:
    """What each fact amounts to, unless it is cleared; an objection still open turns removal into a hold."""
    criteria = {row.name: row for row in rules.criteria}

    def of(attribute: str, type_: type) -> Any:
        return evidence.criterion.map({name: getattr(row, attribute) for name, row in criteria.items()}).to_numpy(type_)

    met = evidence.merge(verifications, on="family_id", how="left").merge(
        objections, on=["family_id", "criterion"], how="left"
    )
    verified = true(met.result == "LAYAK") & true(met.verified_on >= met.evidence_date)
    action, contestable = of("action", int), of("contestable", bool)
    cleared = (of("cleared_by_verification", bool) & verified) | (contestable & true(met.upheld == True))  # noqa: E712
    contested = contestable & true(met.open == True) & ~cleared & (action == 1)  # noqa: E712
    return met[["family_id", "programme", "criterion"]].assign(
        precedence=of("precedence", int), cleared=cleared, action=np.where(contested, 2, action)
    )
