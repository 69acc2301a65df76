"""Makes Superset ready: its metadata database, an administrator, and the bundle, which is imported anew each time.

Run by `make dashboards` in Superset's own environment. Serves nothing, and asks the marts for nothing.
"""

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

BUNDLE = Path(__file__).with_name("bundle")
ADMIN = "admin"
_DATABASE = "databases/Mutakhir.yaml"


def secret(path: Path) -> str:
    """The secret that the file holds, made when it is missing; readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made := secrets.token_urlsafe(42))
    return made


def contents(uri: str) -> dict[str, str]:
    """The bundle's files by path, reading the marts from ``uri``, as Superset's command that overwrites takes them."""
    files = {path.relative_to(BUNDLE).as_posix(): path.read_text("utf-8") for path in BUNDLE.rglob("*.yaml")}
    files["metadata.yaml"] = _changed(files["metadata.yaml"], {"type": "assets"})
    database = {"sqlalchemy_uri": uri} if uri.startswith("duckdb:") else {"sqlalchemy_uri": uri, "extra": {}}
    files[_DATABASE] = _changed(files[_DATABASE], database)
    return files


def prepare(uri: str, password: Callable[[], str]) -> None:
    """Bring metadata and roles up to date, and import the bundle; an administrator who is there keeps the password."""
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        import flask_migrate
        import superset
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.extensions import appbuilder, security_manager
        from superset.utils.core import override_user

        flask_migrate.upgrade(directory=str(Path(superset.__file__).with_name("migrations")))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        admin = security_manager.find_user(ADMIN) or security_manager.add_user(
            ADMIN, "Mutakhir", "Administrator", "admin@localhost", security_manager.find_role("Admin"), password()
        )
        with override_user(admin):
            ImportAssetsCommand(contents(uri)).run()


def _changed(text: str, changes: dict[str, Any]) -> str:
    return str(yaml.safe_dump({**yaml.safe_load(text), **changes}, sort_keys=False, allow_unicode=True))


def main() -> int:
    """The command: by the environment, which `make dashboards` sets."""
    home = Path(os.environ["SUPERSET_HOME"])
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    marts = Path(os.environ["MUTAKHIR_LAKE"]) / "bi" / "marts.duckdb"
    uri = os.environ.get("MUTAKHIR_DASHBOARDS_MARTS") or f"duckdb:///{marts}"
    if uri.startswith("duckdb:") and not marts.exists():
        print(f"{marts} is missing: publish a cycle first (mutakhir publish, or make demo)", file=sys.stderr)
        return 1
    prepare(uri, lambda: os.environ.get("MUTAKHIR_DASHBOARDS_PASSWORD") or secret(home / "admin-password"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
