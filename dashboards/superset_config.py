"""Superset's configuration: for people of this machine, private, and silent towards everybody else.

Its state (metadata in SQLite, secret key, administrator's password) lies in SUPERSET_HOME, a private folder of its own.
The marts are no part of it: the bundle names them (prepare.py).
"""

import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

from prepare import secret
from sqlalchemy import event
from sqlalchemy.engine import Engine

_HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = secret(_HOME / "secret-key")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_HOME / 'superset.db'}?check_same_thread=false"
SQLALCHEMY_ENGINE_OPTIONS = {"connect_args": {"timeout": 60}}

APP_NAME = "Mutakhir"
LOG_LEVEL = logging.WARNING
CURRENCIES = ["IDR"]
ROW_LIMIT = SAMPLES_ROW_LIMIT = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 120

# A publish is shown by the next query: nothing is kept.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}

# The browser asks this server alone: no pixel that counts installations, no fonts or maps of others.
_SELF = ["'self'"]
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": _SELF,
        "default-src": _SELF,
        "img-src": [*_SELF, "blob:", "data:"],
        "worker-src": [*_SELF, "blob:"],
        "connect-src": _SELF,
        "object-src": "'none'",
        "style-src": [*_SELF, "'unsafe-inline'"],
        "font-src": _SELF,
        "script-src": [*_SELF, "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}


@event.listens_for(Engine, "connect")
def _without_waiting_for_the_disk(connection: Any, _record: Any) -> None:
    """Each look at a chart is a commit to the metadata: in a log of their own they do not queue up."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
