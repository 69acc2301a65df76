"""What an engine is asked to do, and what it tells of it; plain Python, shared by every engine's process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.rules import Rules

THREADS = 2
#: The delivered columns that the core reads, by source.
COLUMNS = {
    "dtsen_keluarga": (
        "id_keluarga", "kode_desa", "desil_nasional", "peringkat_nasional", "luas_lantai", "jenis_lantai_terluas",
        "jenis_atap_terluas", "fasilitas_bab", "daya_terpasang", "tanggal_pemutakhiran",
    ),
    "dtsen_individu": (
        "id_individu", "id_keluarga", "nomor_induk_kependudukan", "jenis_kelamin", "tanggal_lahir",
        "status_hubungan_keluarga", "partisipasi_sekolah", "jenjang_tertinggi_yang_diduduki", "status_bekerja",
        "status_dalam_pekerjaan_utama", "tingkat_disabilitas", "hamil", "tanggal_pemutakhiran",
    ),
    "kemensos_penerima": ("program", "id_keluarga", "status", "tanggal_mulai", "saluran", "kode_desa"),
    "kuota_program": ("program", "kode_wilayah", "kuota"),
    "register_pengecualian": ("nik", "register", "tanggal_data"),
    "dukcapil_peristiwa": ("nik", "jenis_peristiwa", "tanggal_peristiwa"),
    "verifikasi_lapangan": ("id_keluarga", "tanggal_verifikasi", "hasil"),
    "sanggahan": ("id_keluarga", "kode_kriteria", "tanggal_pengajuan", "tanggal_putusan", "putusan"),
    "hasil_salur": ("program", "id_keluarga", "periode", "hasil", "tanggal"),
}  # fmt: skip
#: The two results of the core, with their columns and DuckDB's types; core.md says what they hold.
RESULTS = {
    "decisions": {
        "programme": "VARCHAR",
        "family_id": "VARCHAR",
        "decision": "VARCHAR",
        "reason": "VARCHAR",
        "review": "INTEGER",
        "quarterly_amount_idr": "BIGINT",
        "payee_person_id": "VARCHAR",
        "selection_round": "VARCHAR",
        "selection_rank": "BIGINT",
    },
    "summary": {
        "part": "VARCHAR",
        "programme": "VARCHAR",
        "name": "VARCHAR",
        "number": "BIGINT",
        "amount": "BIGINT",
    },
}


@dataclass
class Task:
    """The core over one lake's deliveries of a cycle, by one engine.

    ``folder`` is the engine's to use; its results go there, as RESULT.parquet or RESULT.csv. ``memory_gb`` is what all
    its processes together may hold. ``told`` is what the engine tells of itself: version, settings, seconds by phase.
    """

    landing: Path
    folder: Path
    memory_gb: float
    rules: Rules
    told: dict[str, Any] = field(default_factory=lambda: {"seconds": {}})

    def files(self, source: str) -> list[str]:
        """Paths of a source's delivered Parquet files."""
        return [str(path) for path in sorted((self.landing / source).rglob("*.parquet"))]

    @property
    def engine_memory_mb(self) -> int:
        """What an engine that can be told its bound is told: three quarters, the rest is for what it does not count."""
        return int(750 * self.memory_gb)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase: start (of the engine), load (where it has its own store), core, export (not counted)."""
        start = time.monotonic()
        yield
        self.told["seconds"][name] = round(time.monotonic() - start, 3)
