"""The core on Polars, third part: decisions, places, who takes them, and the results that are compared."""

import hashlib

import polars as pl
from polars import LazyFrame, col, lit, when

from benchmarks.peers.polars_evidence import inside
from benchmarks.peers.polars_families import kept
from benchmarks.peers.rules import Rules
from benchmarks.peers.task import RESULTS

NOTHING = 9999


def _with_verdicts(pairs: LazyFrame, verdicts: LazyFrame) -> LazyFrame:
    """Families and programmes with the gravest evidence (NOTHING without any), and whether any asks for review."""
    of_family = verdicts.filter(col.programme == "").drop("programme")
    return (
        pairs.join(of_family, on="family_id", how="left")
        .join(verdicts, on=["family_id", "programme"], how="left", suffix="_of_programme")
        .with_columns(
            gravest=pl.min_horizontal("gravest", "gravest_of_programme").fill_null(NOTHING),
            review=pl.any_horizontal("review", "review_of_programme").fill_null(False),
        )
        .drop("gravest_of_programme", "review_of_programme")
    )


def decided(listed: LazyFrame, verdicts: LazyFrame, verifications: LazyFrame, rules: Rules) -> LazyFrame:
    """The first rule that matches, for each family and programme of the lists."""
    outside, rejected = (
        1000 * criterion.action + criterion.precedence
        for criterion in (rules.criterion("NOT_IN_REGISTRY"), rules.criterion("LIST_ROW_REJECTED"))
    )
    verified = ((col.result == "LAYAK") & (col.verified_on >= col.listed_since)).fill_null(False)
    of_outside = when("list_row_rejected").then(min(outside, rejected)).otherwise(outside)
    return kept(
        _with_verdicts(listed, verdicts)
        .join(verifications, on="family_id", how="left")
        .with_columns(
            gravest=when("in_registry").then("gravest").otherwise(of_outside),
            review=col.review & col.in_registry,
        )
        .with_columns(
            decision=when(col.gravest < 2000)
            .then(lit("remove"))
            .when(col.gravest < 3000)
            .then(lit("hold"))
            .when((col.status == "CALON") & ~verified)
            .then(lit("pending"))
            .when(col.status == "CALON")
            .then(lit("confirm"))
            .otherwise(lit("keep")),
            review=col.review & (col.gravest >= 2000),
        )
    )


def places(quotas: LazyFrame, decided: LazyFrame, rules: Rules) -> tuple[LazyFrame, LazyFrame]:
    """Vacancies of each programme, and what each regency may fill itself."""
    programmes = pl.LazyFrame({"programme": [programme.name for programme in rules.programmes]})
    quotas = quotas.rename({"program": "programme", "kode_wilayah": "regency_code", "kuota": "quota"})
    of_regencies = quotas.filter(col.regency_code != "ID")
    national = quotas.filter(col.regency_code == "ID").select("programme", national="quota")
    summed = of_regencies.group_by("programme").agg(regional=col.quota.sum())
    counts = {"listed": pl.len().cast(pl.Int64), "occupied": (col.decision != "remove").sum().cast(pl.Int64)}
    by_programme = decided.group_by("programme").agg(**counts)
    vacancies = (pl.coalesce("national", "regional", "listed", 0) - col.occupied.fill_null(0)).clip(0)
    of_programmes = kept(
        programmes.join(national, on="programme", how="left")
        .join(summed, on="programme", how="left")
        .join(by_programme, on="programme", how="left")
        .select("programme", has_quota=col.regional.is_not_null(), vacancies=vacancies)
    )
    by_regency = decided.filter(col.regency_code.is_not_null()).group_by("programme", "regency_code").agg(**counts)
    all_wanted, all_places = col.wanted.sum().over("programme"), col.vacancies
    too_many = all_wanted > all_places
    shares = (
        by_regency.join(of_regencies, on=["programme", "regency_code"], how="full", coalesce=True)
        .with_columns(col("listed", "occupied", "quota").fill_null(0))
        .join(of_programmes, on="programme")
        .with_columns(wanted=(when("has_quota").then("quota").otherwise("listed") - col.occupied).clip(0))
        .with_columns(remainder=when(too_many).then(col.wanted * all_places % all_wanted).otherwise(0))
        .with_columns(
            share=when(too_many).then((col.wanted * all_places - col.remainder) // all_wanted).otherwise("wanted")
        )
        .sort("remainder", "regency_code", descending=[True, False])
        .with_columns(
            left_over=when(too_many).then(all_places - col.share.sum().over("programme")).otherwise(0),
            position=pl.int_range(1, pl.len() + 1).over("programme"),
        )
    )
    return of_programmes, kept(
        shares.select("programme", "regency_code", places=col.share + (col.position <= col.left_over).cast(pl.Int64))
    )


def candidates(
    families: LazyFrame, listed: LazyFrame, verdicts: LazyFrame, objections: LazyFrame, rules: Rules
) -> LazyFrame:
    """Families that may take a place, in selection order, programme by programme."""
    removing = [row.name for row in rules.criteria if row.contestable and row.action == 1]
    reinstated = objections.filter("upheld", col.criterion.is_in(removing)).select("family_id").unique()
    of_family = verdicts.filter(col.programme == "")
    blameless = (
        families.filter(col.payee_person_id.is_not_null())
        .join(of_family, on="family_id", how="anti")
        .join(reinstated.with_columns(order=lit(0)), on="family_id", how="left")
        .with_columns(order=col.order.fill_null(1))
    )
    order = ["order", "welfare_decile", "priority_class", "welfare_rank"]
    ordered = []
    for programme in rules.programmes:
        ours = col.programme == programme.name
        tied = pl.struct(order).is_duplicated()
        prefix = f"{rules.cycle}:{programme.name}:"
        md5 = col.family_id.map_elements(
            lambda family, prefix=prefix: hashlib.md5((prefix + family).encode(), usedforsecurity=False).hexdigest(),
            return_dtype=pl.String,
        )
        rows = (
            blameless.filter(inside(programme))
            .join(listed.filter(ours), on="family_id", how="anti")
            .join(verdicts.filter(ours), on="family_id", how="anti")
            .select("family_id", "regency_code", "province_code", "pkh_amount", "payee_person_id", *order)
            .collect(engine="streaming")
        )
        hashes = rows.filter(tied).select("family_id", md5=md5)
        ordered.append(
            rows.join(hashes, on="family_id", how="left")
            .sort(*order, "md5", "family_id", nulls_last=True)
            .drop(*order, "md5")
            .with_columns(programme=lit(programme.name))
            .with_row_index("selection_order")
        )
    return pl.concat(ordered).lazy()


def selections(candidates: LazyFrame, programmes: LazyFrame, regencies: LazyFrame) -> LazyFrame:
    """Who takes a place: in the regency, then in the province, then in the nation; candidates come in order."""

    def chosen(rows: LazyFrame, places: LazyFrame, by: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        position = pl.int_range(1, pl.len() + 1).over(by)
        placed = (
            rows.join(places, on=by, how="left", maintain_order="left")
            .with_columns(taken=position <= col.places.fill_null(0))
            .drop("places")
            .collect()
        )
        return placed.filter("taken").drop("taken"), placed.filter(~col.taken).drop("taken")

    def left(places: LazyFrame, selected: pl.DataFrame, by: list[str]) -> LazyFrame:
        taken = selected.lazy().group_by(by).agg(selected=pl.len().cast(pl.Int64))
        return places.join(taken, on=by, how="left").with_columns(places=col.places - col.selected.fill_null(0))

    of_regency, of_province = ["programme", "regency_code"], ["programme", "province_code"]
    in_regency, rest = chosen(candidates, regencies, of_regency)
    provinces = (
        left(regencies, in_regency, of_regency)
        .group_by("programme", province_code=col.regency_code.str.head(2))
        .agg(col.places.sum())
    )
    in_province, rest = chosen(rest.lazy(), provinces, of_province)
    nation = programmes.select("programme", places="vacancies")
    before = pl.concat([in_regency, in_province])
    in_nation, _ = chosen(rest.lazy(), left(nation, before, ["programme"]).drop("selected"), ["programme"])
    rounds = {"regency": in_regency, "province": in_province, "national": in_nation}
    return (
        pl.concat(frame.with_columns(selection_round=lit(name)) for name, frame in rounds.items())
        .sort("programme", "selection_order")
        .with_columns(selection_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("programme"))
        .lazy()
    )


def decisions(decided: LazyFrame, selections: LazyFrame, rules: Rules) -> LazyFrame:
    """The listed and those who take a place."""
    reasons = {row.precedence: row.name for row in rules.criteria}
    amounts = {row.name: row.amount for row in rules.programmes if row.amount is not None}
    fixed = col.programme.replace_strict(amounts, default=None, return_dtype=pl.Int64)
    reason = (col.gravest % 1000).replace_strict(reasons, default=None, return_dtype=pl.String)
    columns = ["programme", "family_id", "pkh_amount", "payee_person_id", "decision"]
    return pl.concat(
        [
            decided.select(*columns, "review", reason=when(col.decision.is_in(["remove", "hold"])).then(reason)),
            selections.with_columns(decision=lit("replace"), review=lit(False)).select(
                *columns, "review", "selection_round", "selection_rank"
            ),
        ],
        how="diagonal",
    ).with_columns(review=col.review.cast(pl.Int32), quarterly_amount_idr=pl.coalesce(fixed, "pkh_amount"))


def summary(families: LazyFrame, listed: LazyFrame, judged: LazyFrame) -> LazyFrame:
    """Families by regency and priority class; evidence against the listed by programme and criterion."""
    of_families = families.group_by(programme="regency_code", name=col.priority_class.cast(pl.String)).agg(
        number=pl.len().cast(pl.Int64), amount=col.pkh_amount.sum()
    )
    pairs = listed.select("family_id", "programme", "in_registry")
    alone = ["NOT_IN_REGISTRY", "LIST_ROW_REJECTED"]
    of_all = judged.filter(col.programme == "").drop("programme").join(pairs, on="family_id")
    of_one = judged.filter(col.programme != "").join(pairs, on=["family_id", "programme"])
    of_evidence = (
        pl.concat([of_all, of_one], how="diagonal")
        .filter(col.in_registry | col.criterion.is_in(alone))
        .group_by("programme", name="criterion")
        .agg(
            number=pl.len().cast(pl.Int64),
            amount=(10 * col.action.cast(pl.Int64) + col.cleared.cast(pl.Int64)).sum(),
        )
    )
    return pl.concat(
        [
            of_families.with_columns(part=lit("families")).select(*RESULTS["summary"]),
            of_evidence.with_columns(part=lit("evidence")).select(*RESULTS["summary"]),
        ]
    )
