"""People who sign: keys made for a test, and the file of approvers that knows them."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestration.candidate.manifest import Signoff
from orchestration.publish.approvers import entry_text, read_approvers
from orchestration.publish.keys import public_text
from orchestration.publish.sealed import signable_statement
from orchestration.publish.signoff import sign
from orchestration.settings import Settings

POLICY = '[policy]\nroles = ["kemensos", "bps"]\ndifferent_people = true\n'
ALWAYS = date(2020, 1, 1), date(2099, 12, 31)


@dataclass
class People:
    """Who may sign, in the file that the settings name."""

    settings: Settings
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)

    def know(self, person: str, role: str, valid: tuple[date, date] = ALWAYS, key: str | None = None) -> None:
        """Give the person a key for the role; ``key``: the name it has here, when not the person's."""
        name = key or person
        self.keys.setdefault(name, Ed25519PrivateKey.generate())
        self.entries[name] = entry_text(person, role, public_text(self.keys[name]), *valid)
        self.write()

    def write(self, policy: str = POLICY) -> None:
        path = self.settings.approvers
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([policy, *self.entries.values()]))

    def sign(self, key: str, role: str, cycle: str = "2025-11", document: bytes | None = None) -> Signoff:
        document = document or signable_statement(self.settings, cycle)
        approvers = read_approvers(self.settings.approvers)
        return sign(self.settings, approvers, cycle, document, role, self.keys[key])[0]


def people(folder: Path) -> People:
    """A lake whose releases Sari signs for kemensos and Budi for bps."""
    known = People(Settings(lake=folder / "lake", approvers=folder / "approvers.toml"))
    known.know("Sari", "kemensos")
    known.know("Budi", "bps")
    return known
