"""Writing a file whole: private by default, never half of it, and never a link that leads elsewhere."""

import os
import tempfile
from pathlib import Path

from orchestration.settings import private_dir


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 so that a reader sees the old or the new one; missing folders are made 0700."""
    private_dir(path.parent)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
