"""What every test shares: the tier, and the order in which the tests run."""

import os

os.environ.setdefault("DISTILL_TIER", "mini")

from tiny_models import tiny  # noqa: F401  (a fixture; the tier is set before it imports helpers)

STATIC = ("test_setup.py", "test_environment.py", "test_notebooks_static.py")


def stage(item) -> int:
    """Cheap before dear: static checks, units, whole notebooks, then the browser."""
    if item.get_closest_marker("browser"):
        return 3
    if item.path.suffix == ".ipynb":
        return 2
    return 0 if item.path.name in STATIC else 1


def pytest_collection_modifyitems(items):
    items.sort(key=stage)
