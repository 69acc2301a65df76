"""The dbt commands of a cycle in one process: every model, then every data test, by the manifest parsed already.

dbt would read the whole project again for each, since every cycle has another build file, and loading dbt twice took as
long as the tests of a small cycle. Parses nothing and changes no behaviour of dbt. The artifacts of the two lie below
the target path, in models/ and tests/.
"""

import fcntl
import os
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from orchestration.collector import collect_rarely

STEPS = {
    "models": ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
    "tests": ["test", "--exclude-resource-type", "unit_test"],
}
"""What dbt is asked, in this order. No test comes before the last model, so none that fails hides a model."""


def main() -> None:
    """Run the steps with this process's arguments, of which the first is only a name.

    Exits 1 when a model failed (no test is run then), 2 when dbt could not work, else 0, also when a test failed: gates
    judge that.
    """
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # asked before every command; loading dbt for the answer takes seconds
        print(version("dbt-core"))
        return
    collect_rarely()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = Path(os.environ["MUTAKHIR_MANIFEST"]).read_bytes()
    manifest = Manifest.from_msgpack(parsed, decoder=extended_mashumuro_decoder)
    target = os.environ["DBT_TARGET_PATH"]
    with ExitStack() as held:
        if "spark" in arguments:  # which never opens the build file; DuckDB locks by itself what it writes
            build = held.enter_context(Path(os.environ["MUTAKHIR_BUILD_FILE"]).open("rb+"))
            fcntl.lockf(build, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for step, command in STEPS.items():
            os.environ["DBT_TARGET_PATH"] = os.path.join(target, step)
            result = dbtRunner(manifest=manifest).invoke([*command, *arguments[1:]])
            if result.exception:
                print(result.exception, file=sys.stderr)
                sys.exit(2)
            if step == "models" and not result.success:
                sys.exit(1)
