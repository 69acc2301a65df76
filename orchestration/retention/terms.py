"""config/retention.toml: how long each layer of the lake keeps what holds persons. Removes nothing."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Layer = Literal["landing", "raw", "builds", "candidates", "packages"]
Cycles = Annotated[int, Field(ge=0, le=1200, strict=True)]


class RetentionRefused(RuntimeError):
    """Nothing is removed; the message says why, where, and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeepCycles(_Part):
    """Months after its own for which a cycle's data stay, by layer."""

    landing: Cycles
    raw: Cycles
    builds: Cycles
    candidates: Cycles
    packages: Cycles


class Exempt(_Part):
    """What stays longer: see plan.py. ``compared_cycles`` is at least the one that the gate decile_jump reads."""

    unreleased_cycles: Cycles
    compared_cycles: Annotated[Cycles, Field(ge=1)]


class Terms(_Part):
    """The content of retention.toml; every key is needed, no other is known."""

    keep_cycles: KeepCycles
    exempt: Exempt

    def of(self, layer: Layer) -> int:
        """Months after its own for which a cycle's data stay in the layer."""
        return int(getattr(self.keep_cycles, layer))


def read_terms(path: Path) -> Terms:
    """Read retention.toml; raises RetentionRefused when it cannot be read or says anything else than terms."""
    try:
        return Terms.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RetentionRefused(f"{path} cannot be read ({error}): see docs/operations.md, Retention") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RetentionRefused(f"{path}: {wrong}: see docs/operations.md, Retention") from None
