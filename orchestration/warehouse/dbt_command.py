"""The dbt command of a cycle: dbt itself, given the manifest that project.py has parsed already.

dbt would read the whole project again for every command, since each cycle has another build file; that took as long as
the models of a small cycle. Parses nothing and changes no behaviour of dbt.
"""

import fcntl
import os
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Run dbt with this process's arguments; exits like dbt (0 done, 1 something failed, 2 dbt could not work)."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # asked before every command; loading dbt for the answer takes seconds
        print(version("dbt-core"))
        return
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = Path(os.environ["MUTAKHIR_MANIFEST"]).read_bytes()
    manifest = Manifest.from_msgpack(parsed, decoder=extended_mashumuro_decoder)
    with ExitStack() as held:
        if "spark" in arguments:  # which never opens the build file; DuckDB locks by itself what it writes
            build = held.enter_context(Path(os.environ["MUTAKHIR_BUILD_FILE"]).open("rb+"))
            fcntl.lockf(build, fcntl.LOCK_EX | fcntl.LOCK_NB)
        result = dbtRunner(manifest=manifest).invoke(arguments)
    if result.exception:
        print(result.exception, file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if result.success else 1)
