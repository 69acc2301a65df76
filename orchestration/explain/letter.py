"""The letter to the family, in Indonesian: what was decided, why, by which evidence, how and until when to object.

One page to be printed (HTML, no network). It names no NIK, ever, and a name only where names were asked for; what it
says of the law is what the release says. An objection has no last day by the rules: what is dated is the next cutoff.
"""

import os
import tempfile
from datetime import date
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestration.contracts.code_lists import areas, villages
from orchestration.cycles import cutoff, parse_cycle
from orchestration.explain.answer import Answer, CycleAnswer, Programme
from orchestration.explain.phrases import basis, bulan, phrase, source_name, tanggal
from orchestration.explain.rules import parameter
from orchestration.settings import private_dir

_TEMPLATE = "letter.html.j2"


class NoLetter(RuntimeError):
    """There is nothing to write to the family about."""


def letter(answer: Answer, today: date) -> str:
    """The letter about the newest cycle of the answer that decided on the family, as HTML. Raises NoLetter."""
    cycle = next((one for one in answer.cycles if any(part.decision for part in one.programmes)), None)
    if cycle is None:
        raise NoLetter("no cycle that was asked decided on this family: there is nothing to write about")
    if cycle.release is None:
        raise NoLetter("a candidate is not decided on yet: a letter is written about a release")
    decided = [programme for programme in cycle.programmes if programme.decision]
    next_cycle = _next_cycle(cycle.cycle, today)
    environment = Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"tanggal": tanggal, "bulan": bulan, "rupiah": _rupiah}
    return environment.get_template(_TEMPLATE).render(
        answer=answer,
        cycle=cycle,
        programmes=decided,
        name=_addressed(cycle),
        places=_places(cycle.village_code),
        today=today,
        next_cycle=next_cycle,
        lodge_until=cutoff(next_cycle),
        upheld_days=parameter(cycle.cycle, "objection_upheld_days"),
        contestable=any(_contestable(programme) for programme in decided),
        decision=lambda programme: phrase("decision", programme.decision.decision).id,
        source=lambda name: source_name(name).id,
        basis=lambda known: basis(known).id,
        by=lambda name: phrase("by", name).id,
    )


def write_letter(path: Path, text: str) -> None:
    """Write the letter beside ``path`` and rename it, readable by its owner alone."""
    private_dir(path.absolute().parent)
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _next_cycle(key: str, today: date) -> str:
    """The first cycle after this one whose cutoff has not passed: what is lodged by then is looked at in it."""
    cycle = parse_cycle(key).shift(1)
    while cutoff(cycle.key) < today:
        cycle = cycle.shift(1)
    return cycle.key


def _addressed(cycle: CycleAnswer) -> str | None:
    """The payee's name, else the head's; None where names were not asked for."""
    payees = {part.decision.payee_person_id for part in cycle.programmes if part.decision}
    named = [member for member in cycle.members if member.full_name]
    named.sort(key=lambda member: (member.person_id not in payees, member.family_role != "KEPALA"))
    return named[0].full_name if named else None


def _places(village_code: str | None) -> list[str]:
    if not village_code:
        return []
    found = (
        ("Desa/Kelurahan", villages().get(village_code)),
        ("Kecamatan", areas().get(village_code[:6])),
        ("", areas().get(village_code[:4])),
        ("Provinsi", areas().get(village_code[:2])),
    )
    return [f"{kind} {name}".strip() for kind, name in found if name]


def _contestable(programme: Programme) -> bool:
    return any(one.contestable for one in programme.of_outcome("counts"))


def _rupiah(amount: int) -> str:
    return f"Rp {amount:,}".replace(",", ".")
