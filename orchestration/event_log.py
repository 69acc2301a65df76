"""Dagster's event log in SQLite, with its files kept open.

Opening and closing one for every event took a fifth of a small cycle. The files and what stands in them are Dagster's
own; config/dagster-sqlite.yaml names this class.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine

_KEPT_OPEN = 4


class KeptOpenEventLog(SqliteEventLogStorage):
    """The event log of runs, a file for each and one index, in history/runs of DAGSTER_HOME as Dagster's own."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> "KeptOpenEventLog":
        """``base_dir`` in the configuration is DAGSTER_HOME."""
        return cls(str(Path(str(config_value["base_dir"])) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._initialized_dbs:  # Dagster makes the file, or has removed it
            with super()._connect(shard):
                self._close(shard)
        with self._db_lock, self._engine(shard).connect() as connection:
            with connection.begin():
                yield connection
            # into the file itself, which the web page watches: closing would do it
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def _engine(self, shard: str) -> Engine:
        """The engine of a file, those used last kept."""
        engine = self._engines.pop(shard, None) or create_engine(
            self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        )
        self._engines[shard] = engine
        if len(self._engines) > _KEPT_OPEN:
            self._close(next(iter(self._engines)))
        return engine

    def _close(self, shard: str) -> None:
        if engine := self._engines.pop(shard, None):
            engine.dispose()

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for shard in list(self._engines):
            self._close(shard)
