"""Configuration holds no secret: what is committed names files and environment variables, never a key or a password."""

import re
import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT, Settings

SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an address with a password": re.compile(r"\b[a-z][a-z+]*://[^\s/:@<>{}$]+:(?!password@)[^\s/@<>{}$]+@"),
    "a value for a secret": re.compile(
        r"""^\s*["']?[\w.-]*(?:password|passphrase|passwd|secret|token|api_?key|private_?key)[\w.-]*["']?"""
        r"""\s*[:=]\s*["']?(?!["']?\s*(?:$|\#|/|<|\$|\{|%|path\b|file\b))[\w+/=-]{6,}""",
        re.IGNORECASE | re.MULTILINE,
    ),
}
CONFIGURATION = {".toml", ".cfg", ".conf", ".yaml", ".yml", ".ini", ".env", ".json"}
SHOWN = {
    "a private key": "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "an address with a password": "url: postgresql://dagster:hunter2@db:5432/dagster",
    "a value for a secret": 'cookie_secret = "c2VjcmV0LXNlY3JldA=="',
}
NOT_ONE = [
    "MUTAKHIR_DAGSTER_POSTGRES_URL=postgresql://user:password@host:5432/dagster",
    "postgres_url: {env: MUTAKHIR_DAGSTER_POSTGRES_URL}",
    'client_secret_file = "/run/secrets/client"',
    "# cookie_secret: in the service's environment",
    "ssl_certificate_key /etc/ssl/private/mutakhir.key;",
]


def committed() -> list[Path]:
    """Files of the repository that configure something, and the Makefile."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = [PROJECT_ROOT / name for name in listed.stdout.splitlines()]
    return [
        path
        for path in paths
        if path.suffix in CONFIGURATION or path.parent.name == "config" or path.name == "Makefile"
    ]


def secrets_in(text: str) -> list[str]:
    return [what for what, pattern in SECRETS.items() if pattern.search(text)]


def test_no_committed_configuration_holds_one() -> None:
    files = committed()
    names = {path.relative_to(PROJECT_ROOT).as_posix() for path in files}
    assert names >= {"config/dagster.yaml", "config/approvers.toml", "config/retention.toml", "workspace.yaml"}
    assert names >= {"config/nginx/mutakhir.conf", "config/nginx/oauth2-proxy.cfg", "Makefile", "pyproject.toml"}
    assert {path.name: found for path in files if (found := secrets_in(path.read_text(encoding="utf-8")))} == {}


def test_no_setting_is_one() -> None:
    """What is secret is named as a file: keys lie in a folder, the passphrase in a file or is asked for."""
    telling = re.compile(r"password|passphrase|passwd|secret|token|credential|private", re.IGNORECASE)
    assert [name for name in Settings.model_fields if telling.search(name)] == []
    assert Settings.model_fields["keys"].annotation is Path


def test_env_files_and_keys_are_not_committed() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", ".env", "lake/demo/kemensos.pem", "lake/demo/passphrase", ".dagster/dagster.yaml"],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert len(ignored.stdout.splitlines()) == 4


@pytest.mark.parametrize("what", SECRETS)
def test_the_search_finds_one(what: str) -> None:
    assert what in secrets_in(f"# before\n{SHOWN[what]}\n")


@pytest.mark.parametrize("text", NOT_ONE)
def test_the_search_lets_names_pass(text: str) -> None:
    assert secrets_in(text) == []
