"""What a step costs in memory and time, and how memory comes back: GPU memory with CUDA, else the process's RAM."""

import ctypes
import gc
import io
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

MB = 1_000_000
_STATUS = Path("/proc/self/status")
_open_costs: list["Cost"] = []


@dataclass
class Cost:
    """What a tracked block cost: seconds, and MB (10^6 bytes) before, at the peak and after."""

    label: str
    before: float
    peak: float
    after: float = float("nan")
    seconds: float = float("nan")

    def __str__(self) -> str:
        memory = f"{self.before:,.0f} MB before, {self.peak:,.0f} at the peak, {self.after:,.0f} after"
        return f"{self.label}: {self.seconds:.1f} s, {memory}"


def current() -> float:
    """MB in use now: tensors on the GPU, or the process's resident memory on a CPU."""
    if cuda := _cuda():
        return cuda.memory_allocated() / MB
    return psutil.Process().memory_info().rss / MB


def peak() -> float:
    """The most MB in use since the innermost `track` began, or since the process began where none is open."""
    if cuda := _cuda():
        return cuda.max_memory_allocated() / MB
    if _STATUS.exists():
        return int(re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())[1]) * 1024 / MB
    return max([current()] + [cost.peak for cost in _open_costs[-1:]])


@contextmanager
def track(label: str) -> Iterator[Cost]:
    """Measures a block and prints one line, after an exception too. Blocks may lie inside each other.

    Yields:
        A Cost, whose figures are complete when the block has ended.
    """
    gc.collect()
    if _open_costs:  # the reset below would make the block around this one forget its peak
        _open_costs[-1].peak = max(_open_costs[-1].peak, peak())
    exact = _reset_peak()
    cost = Cost(label, current(), current())
    _open_costs.append(cost)
    ended = threading.Event()
    if not exact:
        threading.Thread(target=_sample, args=(cost, ended), daemon=True).start()
    begun = time.perf_counter()
    try:
        yield cost
    finally:
        if cuda := _cuda():
            cuda.synchronize()  # kernels run on after Python has gone ahead
        cost.seconds = time.perf_counter() - begun
        ended.set()
        cost.peak = max(cost.peak, peak() if exact else current())
        gc.collect()
        cost.after = current()
        _open_costs.remove(cost)
        print(cost)


def alone(work: Callable, *arguments: object) -> tuple[Any, Cost]:
    """What a function gives and costs in a process of its own, which holds nothing of what was done in this one.

    What it prints is not shown. Its libraries are loaded in its time and in its memory too.

    Args:
        work: of a file, not of a notebook: the other process has to import it.
        arguments: what it is given.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_tracked, work, arguments).result()


def _tracked(work: Callable, arguments: tuple) -> tuple[Any, Cost]:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), track(work.__name__) as cost:
        found = work(*arguments)
    return found, cost


def free(*names: str) -> None:
    """Gives memory back and prints what is still in use.

    After an exception Python and IPython keep its traceback, and with it every local variable of every
    function on the way: a model that failed to train would stay. They are dropped here.

    Args:
        names: variables of the notebook to delete first; a name that is not there is passed over, so the cell can be
            run twice.
    """
    shell = _shell()
    variables = shell.user_ns if shell else sys.modules["__main__"].__dict__
    for name in names:
        if name in variables:
            # IPython also keeps what a cell displayed, in _ and Out; del_var finds it there.
            shell.del_var(name) if shell else variables.pop(name)
    give_back()
    print(f"in use now: {current():,.0f} MB")


def give_back() -> None:
    """What `free` does, without a word."""
    _drop_tracebacks()
    gc.collect()
    if cuda := _cuda():
        cuda.empty_cache()
    elif sys.platform == "linux":
        # glibc keeps freed blocks for later; musl has no malloc_trim and no need of it.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)


def _cuda():
    """What PyTorch knows of the card; None where there is none."""
    import torch

    return torch.cuda if torch.cuda.is_available() else None


def _reset_peak() -> bool:
    """Starts the peak anew; False where the system cannot, and a thread has to watch instead."""
    if cuda := _cuda():
        cuda.reset_peak_memory_stats()
        return True
    try:
        Path("/proc/self/clear_refs").write_text("5")  # 5: reset the high-water mark, leave the rest
    except OSError:
        return False
    return True


def _sample(cost: Cost, ended: threading.Event) -> None:
    while not ended.wait(0.01):
        cost.peak = max(cost.peak, current())


def _shell():
    """The running IPython, or None; IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _drop_tracebacks() -> None:
    shell = _shell()
    formatter = getattr(shell, "InteractiveTB", None)
    kept = [getattr(sys, "last_value", None), getattr(sys, "last_exc", None), getattr(formatter, "evalue", None)]
    for first in [sys.exc_info()[1], *kept]:
        error = first
        while error is not None:
            traceback.clear_frames(error.__traceback__)
            if first in kept:
                # IPython looked at the frames to print them and so made copies of their locals: only letting go
                # of the frames themselves drops those.
                error.__traceback__ = None
            error = error.__cause__ or error.__context__
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    if formatter is not None:
        formatter.etype = formatter.evalue = formatter.tb = None
