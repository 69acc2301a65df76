"""The core on pandas, third part: decisions, places, who takes them, and the results that are compared."""

import hashlib

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_evidence import inside
from benchmarks.peers.pandas_families import Frame, is_in, stacked, true
from benchmarks.peers.rules import Rules

NOTHING = 9999


def decided(listed: Frame, verdicts: Frame, verifications: Frame, rules: Rules) -> Frame:
    """The first rule that matches, for each family and programme of the lists."""
    outside, rejected = (
        1000 * criterion.action + criterion.precedence
        for criterion in (rules.criterion("NOT_IN_REGISTRY"), rules.criterion("LIST_ROW_REJECTED"))
    )
    of_family = verdicts[true(verdicts.programme == "")].drop(columns="programme")
    rows = (
        listed.merge(of_family, on="family_id", how="left")
        .merge(verdicts, on=["family_id", "programme"], how="left", suffixes=("", "_of_programme"))
        .merge(verifications, on="family_id", how="left")
    )
    known = rows.in_registry.to_numpy(bool)
    verified = true(rows.result == "LAYAK") & true(rows.verified_on >= rows.listed_since)
    gravest = rows[["gravest", "gravest_of_programme"]].astype(float).min(axis=1).fillna(NOTHING).to_numpy(int)
    of_outside = np.where(rows.list_row_rejected, min(outside, rejected), outside)
    gravest = np.where(known, gravest, of_outside)
    review = known & (true(rows.review == True) | true(rows.review_of_programme == True))  # noqa: E712
    nominated = true(rows.status == "CALON")
    cases = [gravest < 2000, gravest < 3000, nominated & ~verified, nominated]
    decision = np.select(cases, ["remove", "hold", "pending", "confirm"], "keep")
    columns = ["programme", "family_id", "regency_code", "pkh_amount", "payee_person_id"]
    return rows[columns].assign(gravest=gravest, decision=decision, review=review & (gravest >= 2000))


def places(quotas: Frame, decided: Frame, rules: Rules) -> tuple[Frame, Frame]:
    """Vacancies of each programme, and what each regency may fill itself."""
    names = [programme.name for programme in rules.programmes]
    quotas = quotas.set_axis(["programme", "regency_code", "quota"], axis=1).astype({"quota": "int64"})
    decided = decided.assign(occupied=decided.decision != "remove", listed=1)
    own = quotas[quotas.regency_code == "ID"].set_index("programme").quota
    summed = quotas[quotas.regency_code != "ID"].groupby("programme").quota.sum()
    by_programme = decided.groupby("programme")[["listed", "occupied"]].sum().reindex(names, fill_value=0)
    places = own.reindex(names).fillna(summed.reindex(names)).fillna(by_programme.listed)
    vacancies = (places - by_programme.occupied).clip(lower=0).astype("int64")
    regencies = (
        decided.groupby(["programme", "regency_code"])[["listed", "occupied"]]
        .sum()
        .join(quotas[quotas.regency_code != "ID"].set_index(["programme", "regency_code"]), how="outer")
        .fillna(0)
        .astype("int64")
        .reset_index()
    )
    allotted = np.where(regencies.programme.isin(summed.index), regencies.quota, regencies.listed)
    regencies["wanted"] = np.maximum(0, allotted - regencies.occupied)
    regencies["vacancies"] = regencies.programme.map(vacancies).astype("int64")
    regencies["all"] = regencies.groupby("programme").wanted.transform("sum")
    few = regencies["all"] > regencies.vacancies
    product, divisor = regencies.wanted * regencies.vacancies, regencies["all"].clip(lower=1)
    regencies["remainder"] = np.where(few, product % divisor, 0)
    regencies["share"] = np.where(few, product // divisor, regencies.wanted)
    regencies = regencies.sort_values(["remainder", "regency_code"], ascending=[False, True])
    by = regencies.groupby("programme")
    left_over = np.where(few[regencies.index], regencies.vacancies - by["share"].transform("sum"), 0)
    regencies["places"] = regencies["share"] + (by.cumcount() < left_over)
    return vacancies, regencies[["programme", "regency_code", "places"]]


def candidates(families: Frame, listed: Frame, verdicts: Frame, objections: Frame, rules: Rules) -> Frame:
    """Families that may take a place, in selection order, programme by programme."""
    removing = [row.name for row in rules.criteria if row.contestable and row.action == 1]
    reinstated = objections.family_id[objections.upheld & is_in(objections.criterion, removing)]
    blamed = verdicts.family_id[true(verdicts.programme == "")]
    ids = families.family_id
    blameless = families[families.payee_person_id.notna().to_numpy() & ~is_in(ids, blamed)]
    blameless = blameless.assign(order=np.where(is_in(blameless.family_id, reinstated), 0, 1))
    order = ["order", "welfare_decile", "priority_class", "welfare_rank"]
    columns = ["family_id", "regency_code", "province_code", "pkh_amount", "payee_person_id"]
    ordered = []
    for programme in rules.programmes:
        not_ours = pd.concat(
            [
                frame.family_id[true(frame.programme == programme.name)].astype("string[pyarrow]")
                for frame in (listed, verdicts)
            ]
        )
        rows = blameless[inside(blameless, programme) & ~is_in(blameless.family_id, not_ours)]
        tied = rows.duplicated(order, keep=False)
        prefix = f"{rules.cycle}:{programme.name}:"
        md5 = [
            hashlib.md5((prefix + family).encode(), usedforsecurity=False).hexdigest() if tie else ""
            for family, tie in zip(rows.family_id, tied, strict=True)
        ]
        rows = rows.assign(md5=md5).sort_values([*order, "md5", "family_id"], na_position="last")
        ordered.append(rows[columns].assign(programme=programme.name, selection_order=range(len(rows))))
    return stacked(ordered)


def selections(candidates: Frame, vacancies: Frame, regencies: Frame) -> Frame:
    """Who takes a place: in the regency, then in the province, then in the nation; candidates come in order."""

    def chosen(rows: Frame, places: Frame, by: list[str]) -> tuple[Frame, Frame]:
        allowed = rows[by].astype(object).merge(places, on=by, how="left").places.fillna(0).to_numpy()
        taken = rows.groupby(by).cumcount().to_numpy() < allowed
        return rows[taken], rows[~taken]

    def left(places: Frame, selected: Frame, by: list[str]) -> Frame:
        taken = selected.groupby(by).size().rename("taken").reset_index().astype({name: object for name in by})
        places = places.merge(taken, on=by, how="left")
        return places.assign(places=places.places - places.taken.fillna(0)).drop(columns="taken")

    regencies = regencies.astype({"programme": object, "regency_code": object})
    in_regency, rest = chosen(candidates, regencies, ["programme", "regency_code"])
    provinces = left(regencies, in_regency, ["programme", "regency_code"])
    provinces = provinces.assign(province_code=provinces.regency_code.str.slice(0, 2))
    provinces = provinces.groupby(["programme", "province_code"], as_index=False).places.sum()
    in_province, rest = chosen(rest, provinces, ["programme", "province_code"])
    nation = vacancies.rename("places").rename_axis("programme").reset_index().astype({"programme": object})
    nation = left(nation, stacked([in_regency, in_province]), ["programme"])
    in_nation, _ = chosen(rest, nation, ["programme"])
    rounds = {"regency": in_regency, "province": in_province, "national": in_nation}
    selected = stacked(frame.assign(selection_round=name) for name, frame in rounds.items())
    selected = selected.sort_values(["programme", "selection_order"])
    return selected.assign(selection_rank=selected.groupby("programme").cumcount() + 1)


def decisions(decided: Frame, selections: Frame, rules: Rules) -> Frame:
    """The listed and those who take a place."""
    reasons = {row.precedence: row.name for row in rules.criteria}
    reason = (decided.gravest % 1000).map(reasons).where(decided.decision.isin(["remove", "hold"]))
    rows = stacked([decided.assign(reason=reason), selections.assign(decision="replace", review=False)])
    amounts = {row.name: row.amount for row in rules.programmes if row.amount is not None}
    fixed = rows.programme.astype(object).map(amounts).astype("Int64")
    return rows.assign(
        review=rows.review.astype("int32"),
        quarterly_amount_idr=fixed.fillna(rows.pkh_amount.astype("Int64")),
        selection_rank=rows.selection_rank.astype("Int64"),
    )


def summary(families: Frame, listed: Frame, judged: Frame) -> Frame:
    """Families by regency and priority class; evidence against the listed by programme and criterion."""
    grouped = families.groupby(["regency_code", "priority_class"], as_index=False)
    of_families = grouped.agg(number=("family_id", "size"), amount=("pkh_amount", "sum")).assign(part="families")
    of_families = of_families.rename(columns={"regency_code": "programme", "priority_class": "name"})
    pairs = listed[["family_id", "programme", "in_registry"]]
    for_all = true(judged.programme == "")
    rows = pd.concat(
        [judged[for_all].drop(columns="programme").merge(pairs, on="family_id"), judged[~for_all].merge(pairs)]
    )
    rows = rows[rows.in_registry.to_numpy(bool) | is_in(rows.criterion, ["NOT_IN_REGISTRY", "LIST_ROW_REJECTED"])]
    rows = rows.assign(weight=10 * rows.action + rows.cleared)
    of_evidence = rows.groupby(["programme", "criterion"], as_index=False).agg(
        number=("family_id", "size"), amount=("weight", "sum")
    )
    of_evidence = of_evidence.rename(columns={"criterion": "name"}).assign(part="evidence")
    found = stacked([of_families.astype({"name": str}), of_evidence])
    return found.astype({"programme": str, "name": str})
