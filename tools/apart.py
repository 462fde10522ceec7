"""Each measurement of memory in a process of its own, where nothing was done before it."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing import forkserver, get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# glibc keeps freed blocks below a size that it raises by itself, and memory in use would be hidden among them. With the
# size held low, what is freed goes back at once, and the process is as large as its tensors.
STRICT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}


def in_processes(points: Iterable) -> Iterator[tuple]:
    """Each `plan_check.Point` with what `measuring.measure` found in a process of its own, one at a time.

    The processes come from one that has imported the libraries and done nothing else.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["measuring"])
    before = dict(os.environ)
    # Read by glibc, and by Python to find what is to be imported, when that process starts.
    path = [str(ROOT / "tools"), str(ROOT), before.get("PYTHONPATH", "")]
    os.environ.update(STRICT, PYTHONPATH=os.pathsep.join(filter(None, path)))
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        for point in points:
            yield point, pool.submit(alone, point).result()


def alone(point) -> dict[str, float]:
    """Runs in the new process."""
    from measuring import measure

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        return measure(point, Path(folder))
