"""The core on Polars, second part: the lists, every fact against a family, and what the facts amount to."""

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from benchmarks.peers.polars_families import Rows, is_nik, kept
from benchmarks.peers.rules import Programme, Rules


def listed(rows: LazyFrame, families: LazyFrame, rules: Rules) -> LazyFrame:
    """The lists; a family whose rows contradict each other is listed all the same."""
    key = ["program", "id_keluarga"]
    repeated = kept(rows.group_by(key).len().filter(col.len > 1).select(key))
    differing = ["status", "tanggal_mulai", "saluran", "kode_desa"]
    twice = (
        rows.join(repeated, on=key, how="semi")
        .group_by(key)
        .agg(
            col("status", "tanggal_mulai", "kode_desa").min(),
            list_row_rejected=pl.any_horizontal(col(name).n_unique() > 1 for name in differing),
        )
    )
    once = rows.join(repeated, on=key, how="anti").drop("saluran").with_columns(list_row_rejected=lit(False))
    of_registry = ["regency_code", "welfare_decile", "members_incomplete", "component_lost", "pkh_amount"]
    return kept(
        pl.concat([once, twice.select(once.collect_schema().names())])
        .rename({"program": "programme", "id_keluarga": "family_id", "tanggal_mulai": "listed_since"})
        .filter(col.programme.is_in([programme.name for programme in rules.programmes]))
        .join(
            families.select("family_id", *of_registry, "payee_person_id", in_registry=lit(True)),
            on="family_id",
            how="left",
        )
        .with_columns(
            in_registry=col.in_registry.fill_null(False),
            regency_code=pl.coalesce("regency_code", when(~col.list_row_rejected).then(col.kode_desa.str.head(4))),
        )
    )


def verifications(rows: LazyFrame, rules: Rules) -> LazyFrame:
    """Of each family the newest verification that still counts; no result where several of that day differ."""
    valid = rows.filter(col.tanggal_verifikasi.is_between(rules.from_day("verification_validity_days"), rules.cutoff))
    return kept(
        valid.filter(col.tanggal_verifikasi == col.tanggal_verifikasi.max().over("id_keluarga"))
        .group_by(family_id="id_keluarga", verified_on="tanggal_verifikasi")
        .agg(result=when(col.hasil.n_unique() == 1).then(col.hasil.first()))
    )


def registered(
    registers: LazyFrame, persons: LazyFrame, facts: LazyFrame, exempt: LazyFrame, rules: Rules
) -> LazyFrame:
    """Register criteria by family: of living persons with a usable NIK."""
    flags = ["repeated", "unmatched", "dead", "exempt"]
    return (
        registers.filter(col.tanggal_data <= rules.cutoff, is_nik())
        .join(persons.select("nik", "family_id"), on="nik")
        .join(facts, on="nik", how="left")
        .join(exempt, on="family_id", how="left")
        .with_columns(col(flags).fill_null(False))
        .filter(~col.repeated, ~col.unmatched, ~col.dead | col.exempt)
        .group_by("family_id", criterion="register")
        .agg(evidence_date=col.tanggal_data.max())
    )


def evidence(
    rows: Rows, families: LazyFrame, listed: LazyFrame, verifications: LazyFrame, registered: LazyFrame, rules: Rules
) -> LazyFrame:
    """Every fact against a family; the programme is empty where it counts for all."""

    def facts(
        frame: LazyFrame, criterion: str | Expr, programme: str | Expr = "", day: Expr | None = None
    ) -> LazyFrame:
        return frame.select(
            family_id="family_id",
            programme=programme if isinstance(programme, Expr) else lit(programme),
            criterion=criterion if isinstance(criterion, Expr) else lit(criterion),
            evidence_date=lit(rules.cutoff) if day is None else day,
        )

    moved = (
        rows["dukcapil_peristiwa"]
        .filter(col.jenis_peristiwa == "PINDAH", col.tanggal_peristiwa <= rules.cutoff)
        .join(families, left_on="nik", right_on="usable_payee_nik")
        .filter(col.tanggal_peristiwa > col.updated_on)
        .group_by("family_id")
        .agg(moved_on=col.tanggal_peristiwa.max())
    )
    found = col.result.replace_strict(
        {"TIDAK_LAYAK": "SURVEY_NOT_ELIGIBLE", "MENOLAK": "REFUSED", None: "CONFLICTING_VERIFICATION"},
        default="NOT_FOUND",
        return_dtype=pl.String,
    )
    paid = pl.concat_str(col.tanggal.cast(pl.String), "periode")
    failing = (
        rows["hasil_salur"]
        .filter(col.tanggal <= rules.cutoff)
        .group_by(family_id="id_keluarga", programme="program")
        .agg(
            newest=paid.max(),
            newest_success=when(col.hasil == "SUKSES").then(paid).otherwise(lit("")).max(),
            failed_on=col.tanggal.max(),
        )
        .filter(col.newest_success < col.newest)
    )
    pkh = rules.programme("PKH")
    in_deciles = col.welfare_decile.is_between(pkh.decile_min, pkh.decile_max)
    without = (col.pkh_amount == 0) & ~col.members_incomplete
    uncertain = when("component_lost").then(lit("COMPONENTS_UNCERTAIN")).otherwise(lit("NO_PKH_COMPONENT"))
    return pl.concat(
        [
            facts(registered, col.criterion, day=col.evidence_date),
            facts(families.filter(col.members_incomplete), "MEMBERS_INCOMPLETE"),
            facts(families.filter(col.living_persons == 0, ~col.members_incomplete), "NO_LIVING_MEMBER"),
            facts(families.filter(col.living_persons > 0, col.payee_person_id.is_null()), "NO_PAYEE"),
            facts(families.filter(col.payee_nik_doubtful), "NIK_UNMATCHED"),
            facts(families.filter(col.nik_shared), "DUPLICATE_NIK"),
            facts(families.filter(col.welfare_decile.is_null()), "UNRANKED"),
            facts(moved, "MOVED", day=col.moved_on),
            facts(verifications.filter(col.result.ne_missing(lit("LAYAK"))), found, day=col.verified_on),
            facts(failing, "PAYMENT_FAILING", col.programme, col.failed_on),
            facts(families.filter(without, in_deciles), uncertain, "PKH"),
            facts(listed.filter(without, col.programme == "PKH", ~in_deciles.fill_null(False)), uncertain, "PKH"),
            *(
                facts(
                    listed.filter(col.programme == programme.name, ~inside(programme)), "OUT_OF_DECILE", programme.name
                )
                for programme in rules.programmes
            ),
            facts(listed.filter(~col.in_registry), "NOT_IN_REGISTRY", col.programme),
            facts(listed.filter(col.list_row_rejected), "LIST_ROW_REJECTED", col.programme),
        ]
    )


def inside(programme: Programme) -> Expr:
    """Whether a ranked family is inside the programme's deciles."""
    return col.welfare_decile.is_between(programme.decile_min, programme.decile_max)


def judged(evidence: LazyFrame, verifications: LazyFrame, objections: LazyFrame, rules: Rules) -> LazyFrame:
    """What each fact amounts to, unless it is cleared; an objection still open turns removal into a hold."""
    criteria = pl.LazyFrame(
        {
            "criterion": [row.name for row in rules.criteria],
            "precedence": [row.precedence for row in rules.criteria],
            "action": [row.action for row in rules.criteria],
            "verifiable": [row.cleared_by_verification for row in rules.criteria],
            "contestable": [row.contestable for row in rules.criteria],
        }
    )
    verified = col.verifiable & (col.result == "LAYAK") & (col.verified_on >= col.evidence_date)
    return kept(
        evidence.join(criteria, on="criterion")
        .join(verifications, on="family_id", how="left")
        .join(objections, on=["family_id", "criterion"], how="left")
        .with_columns(cleared=verified.fill_null(False) | (col.contestable & col.upheld.fill_null(False)))
        .select(
            "family_id",
            "programme",
            "criterion",
            "precedence",
            "cleared",
            action=when((col.action == 1) & col.contestable & col.open & ~col.cleared).then(2).otherwise("action"),
        )
    )
