"""A cycle is decided by the rules of its day: the same deliveries in two cycles, before and after a change of rules.

Sembako reached decile 5 until December 2025 and reaches decile 4 since; BLTS Kesra ended with 2025.
"""

import pytest

from tests.deliveries import Row, Rows, as_delivered
from tests.golden.loader import default_nik
from tests.models import Models
from tests.rules.judged import differences, modelled

BEFORE, AFTER = "2025-12", "2026-01"
DECILES = {"LISTED-4": 4, "LISTED-5": 5, "NEW-5": 5}
LISTED = ("LISTED-4", "LISTED-5")


def deliveries() -> Rows:
    """Three families of one regency, two of them on both lists, and a place more than listed families."""
    return {
        "dtsen_keluarga": [
            {
                "id_keluarga": family,
                "kode_desa": "3301012001",
                "desil_nasional": str(decile),
                "tanggal_pemutakhiran": "2025-09-01",
            }
            for family, decile in DECILES.items()
        ],
        "dtsen_individu": [
            {
                "id_individu": f"{family}-1",
                "id_keluarga": family,
                "nomor_induk_kependudukan": default_nik(serial, "1980-05-05", "L"),
                "jenis_kelamin": "L",
                "tanggal_lahir": "1980-05-05",
                "status_hubungan_keluarga": "KEPALA",
                "tanggal_pemutakhiran": "2025-09-01",
            }
            for serial, family in enumerate(DECILES, start=1)
        ],
        "kemensos_penerima": [
            {"program": programme, "id_keluarga": family, "status": "AKTIF", "tanggal_mulai": "2024-07-01"}
            for programme in ("SEMBAKO", "BLTS_KESRA")
            for family in LISTED
        ],
        "kuota_program": [{"program": "SEMBAKO", "kode_wilayah": "ID", "kuota": "3"}],
    }


def delivered_in(cycle: str) -> list[Row]:
    return [row for source, rows in deliveries().items() for row in as_delivered(source, cycle, rows)]


def decided(models: Models, cycle: str, programme: str) -> dict[object, tuple[object, object]]:
    data_sets, _ = modelled(models, delivered_in(cycle), cycle)
    return {
        row["family_id"]: (row["decision"], row["primary_reason"])
        for row in data_sets["decisions"]
        if row["programme"] == programme
    }


def test_sembako_reaches_one_decile_less(models: Models) -> None:
    """Decile 5 stays and is chosen in December; in January it leaves, and nobody of decile 5 is chosen."""
    assert decided(models, BEFORE, "SEMBAKO") == {
        "LISTED-4": ("keep", "STILL_ELIGIBLE"),
        "LISTED-5": ("keep", "STILL_ELIGIBLE"),
        "NEW-5": ("replace", None),
    }
    assert decided(models, AFTER, "SEMBAKO") == {
        "LISTED-4": ("keep", "STILL_ELIGIBLE"),
        "LISTED-5": ("remove", "OUT_OF_DECILE"),
    }


def test_a_programme_that_has_ended_decides_nothing(models: Models) -> None:
    """The list is carried over as it was: nobody is removed, nobody is paid."""
    assert decided(models, BEFORE, "BLTS_KESRA") == {
        "LISTED-4": ("keep", "STILL_ELIGIBLE"),
        "LISTED-5": ("remove", "OUT_OF_DECILE"),
    }
    data_sets, _ = modelled(models, delivered_in(AFTER), AFTER)
    carried = [row for row in data_sets["decisions"] if row["programme"] == "BLTS_KESRA"]
    assert [row["family_id"] for row in sorted(carried, key=lambda row: str(row["family_id"]))] == list(LISTED)
    for row in carried:
        assert (row["decision"], row["previous_status"], row["new_status"]) == ("not_in_force", "active", "active")
        assert (row["payable"], row["quarterly_amount_idr"], row["primary_reason"]) == (False, None, None)
    stays = {row["family_id"] for row in data_sets["next_list"] if row["programme"] == "BLTS_KESRA"}
    assert stays == set(LISTED)


@pytest.mark.parametrize("cycle", [BEFORE, AFTER])
def test_the_oracle_says_the_same(models: Models, cycle: str) -> None:
    assert not differences(models, delivered_in(cycle), cycle)
