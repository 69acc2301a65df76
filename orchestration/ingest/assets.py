"""One raw asset per source: the deliveries that count in the cycle, verified and held as Parquet.

How a delivery is verified, converted and judged stands in delivery.py.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.audit import record
from orchestration.contracts.sources import SOURCES, Source
from orchestration.ingest.checks import contract_check, contract_outcome
from orchestration.ingest.delivery import DeliveryRefused, ingest_source
from orchestration.resources import CYCLES
from orchestration.settings import Settings
from orchestration.store import StoreFailed

_ABOUT = {
    "dtsen_keluarga": "Families of the national registry, with welfare decile and housing (BPS)",
    "dtsen_individu": "Persons of the national registry (BPS)",
    "kemensos_penerima": "The programme lists as they stand (Kemensos)",
    "kuota_program": "Places per programme (Kemensos)",
    "register_pengecualian": "Registers that exclude or flag a person (employers, BKN, AHU, PPATK, BPJS)",
    "dukcapil_peristiwa": "Deaths, moves and matches of the civil registry (Dukcapil)",
    "verifikasi_lapangan": "Field verifications (regency offices, PKH facilitators)",
    "sanggahan": "Objections and appeals",
    "usulan": "Proposals of new recipients; counted, used by no rule yet",
    "hasil_salur": "Disbursement results (banks and PT Pos)",
}


def _raw_asset(source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", source.name],
        deps=[dg.AssetKey(["landing", source.name])],
        group_name="ingest",
        partitions_def=CYCLES,
        check_specs=[contract_check(source)],
        description=f"{_ABOUT[source.name]}; {source.kind}, {'required' if source.required else 'may be absent'}.",
        owners=["team:data-engineering"],
        kinds={"parquet", "pandera"},
    )
    def raw(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], cycle: dg.ResourceParam[str]
    ) -> Iterator[dg.MaterializeResult[None]]:
        try:
            ingested = ingest_source(settings, cycle, source.name)
        except StoreFailed as failed:
            raise dg.Failure(description=f"not fetched: {failed}", allow_retries=False) from failed
        except DeliveryRefused as refused:
            record(settings, "ingest", cycle, source=source.name, refused=len(refused.problems))
            raise dg.Failure(
                description=str(refused), metadata={"problems": refused.problems}, allow_retries=False
            ) from refused
        record(
            settings,
            "ingest",
            cycle,
            source=source.name,
            digests=ingested.own_digests,
            rows=sum(file.rows for file in ingested.own_files),
            earlier_deliveries=len(ingested.deliveries) - len(ingested.own_digests),
            warnings=len(ingested.warnings),
        )
        for warning in ingested.warnings:
            context.log.warning(warning)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(file.rows for file in ingested.own_files),
                "deliveries": len(ingested.deliveries),
                "digests": ingested.own_digests,
                "warnings": list(ingested.warnings),
                "landing": dg.MetadataValue.path(str(settings.landing / ingested.cycle / source.name)),
            },
            check_results=[contract_outcome(ingested)],
        )

    return raw


def _landing(source: Source) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["landing", source.name],
        group_name="landing",
        description=f"{_ABOUT[source.name]}, as delivered; only read.",
        owners=["team:data-engineering"],
        kinds={"csv", "parquet"},
    )


raw_assets = [_raw_asset(source) for source in SOURCES.values()]
landing_assets = [_landing(source) for source in SOURCES.values()]
