"""The golden case run through the real pipeline."""

from pathlib import Path

from tests.golden import loader
from tests.pipeline.platform import Platform, failures


def decided(platform: Platform) -> Path:
    """Run the cycle; the golden case has more wrong rows than the gates allow, and nothing else may fail."""
    failed = failures(platform.execute("update_cycle", loader.CYCLE))
    assert list(failed) == ["gate_verdict"], failed
    return platform.settings.candidates / loader.CYCLE
