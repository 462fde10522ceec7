"""What every test shares: the tier, strict kernels, and the order in which the tests run."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("DISTILL_TIER", "mini")
os.environ.pop("DISTILL_RESULTS", None)  # the tests write to where the series writes

# The kernels of the tests get an IPython folder of their own: what someone set up for themselves plays no part.
IPYTHON = tempfile.TemporaryDirectory(prefix="ipython-")
STARTUP = Path(IPYTHON.name, "profile_default", "startup")
STARTUP.mkdir(parents=True)
shutil.copy(Path(__file__).with_name("strict_kernel.py"), STARTUP)
os.environ["IPYTHONDIR"] = IPYTHON.name

from tiny_models import tiny  # noqa: E402, F401  (a fixture; the tier is set before it imports helpers)

STATIC = ("test_setup.py", "test_environment.py", "test_notebooks_static.py")
LEFT_BEHIND = ("test_executed.py", "test_plausible.py")
SOURCES = Path(__file__).resolve().parents[1] / "notebooks"


def stage(item) -> int:
    """Cheap before dear: static checks, units, whole notebooks, what they left behind, then the browser."""
    if item.get_closest_marker("browser"):
        return 4
    if item.path.name in LEFT_BEHIND:
        return 3
    if item.path.suffix == ".ipynb":
        return 2
    return 0 if item.path.name in STATIC else 1


def refuse_to_overwrite(items) -> None:
    """With --overwrite nbmake writes the outputs of a test run into the file; that is for copies."""
    for item in items:
        if item.path.parent == SOURCES:
            raise pytest.UsageError(f"--overwrite would change {item.path.name} itself: leave it out, or run make test")


def pytest_collection_modifyitems(config, items):
    if config.getoption("overwrite", False):
        refuse_to_overwrite(items)
    items.sort(key=stage)
