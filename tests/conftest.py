"""What every test shares: the tier, strict kernels, and the order in which the tests run."""

import os
import shutil
import tempfile
from pathlib import Path

import fewer
import pytest

os.environ.setdefault("DISTILL_TIER", "mini")
os.environ.pop("DISTILL_RESULTS", None)  # the tests write to where the series writes

# Two workers run beside each other (`make test`), and threads of one would only wait for those of the other.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
if WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))

# The kernels of the tests get an IPython folder of their own: what someone set up for themselves plays no part.
IPYTHON = tempfile.TemporaryDirectory(prefix="ipython-")
STARTUP = Path(IPYTHON.name, "profile_default", "startup")
STARTUP.mkdir(parents=True)
shutil.copy(Path(__file__).with_name("strict_kernel.py"), STARTUP)
os.environ["IPYTHONDIR"] = IPYTHON.name

import helpers.models  # noqa: E402, F401  (before peft and transformers: it quiets what these import)

# isort: split
from tiny_models import tiny  # noqa: E402, F401  (a fixture; the tier is set before it imports helpers)

STATIC = ("test_setup.py", "test_environment.py", "test_notebooks_static.py")
LEFT_BEHIND = ("test_executed.py", "test_plausible.py")
BROWSER = "test_browser.py"
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


def group(name: str) -> str:
    """What one worker runs in order, by a test's name: a file; or all notebooks and what looks at what they made."""
    file = Path(name.split("::")[0])
    return "notebooks" if file.suffix == ".ipynb" or file.name in (*LEFT_BEHIND, BROWSER) else file.name


class Fewer:
    """A plugin: the hooks of this file see only what lies beside it, and the notebooks' copies lie elsewhere."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """A notebook's kernel has the environment of this process."""
        with pytest.MonkeyPatch.context() as patch:
            if item.path.suffix == ".ipynb" and fewer.meant(item.path.name):
                patch.setenv("DISTILL_TIER", str(fewer.TIER))
            return (yield)


def pytest_configure(config):
    config.pluginmanager.register(Fewer(), "fewer")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out whole groups. (xdist's own --dist=loadgroup marks a test's name where pytest 9.2 does not read it.)"""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group
    return scheduler


def pytest_collection_modifyitems(config, items):
    if config.getoption("overwrite", False):
        refuse_to_overwrite(items)
    items.sort(key=stage)
    # The notebooks take longer than all the rest, so with two workers they begin right behind the static checks.
    if WORKERS > 1:
        items.sort(key=lambda item: (stage(item) > 0, stage(item) == 1))
