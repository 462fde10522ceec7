"""Batches of answers on all cores of a CPU: one process a core, each with a small teacher of its own.

Two threads that share the little work of one step of a small model wait for each other more than they compute. On two
cores, two processes write half as much again as one with two threads.
"""

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import ModuleType

import torch

from helpers import models
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.tiers import Tier

FEWEST = 8  # batches for which it pays to start processes
MOST = 8  # processes; each takes about half a gigabyte
SMALL = 200e6  # bytes of weights, of which each process has a copy

_teacher: tuple = ()  # of a process: its model and tokenizer


def small(tier: Tier) -> bool:
    """Whether the tier's teacher is a folder, on a CPU, and small enough for a copy on every core."""
    if not tier.teacher.local or torch.cuda.is_available():
        return False
    return sum(path.stat().st_size for path in Path(tier.teacher.source).glob("*.safetensors")) < SMALL


@contextmanager
def one_thread(tier: Tier) -> Iterator[None]:
    """A single thread for a small teacher, as its processes have: the same sums, to the last bit, either way."""
    before = torch.get_num_threads()
    if small(tier):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pay(tier: Tier, batches: int) -> bool:
    """Whether so many batches are better written by several processes."""
    return small(tier) and batches >= FEWEST and cores() > 1


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def answers(tier: Tier, tasks: Iterable[tuple[Sequence[str], dict]]) -> Iterator[list[Answer]]:
    """As `generation.Writer.answers`, by a copy of the tier's teacher on each core.

    Whoever stops iterating stops the processes; killed, they end with it. A script that calls this needs no
    `if __name__ == "__main__"`: the processes do not run it again.
    """
    # Spawned, not forked: a fork of a process whose libraries run threads can hang.
    pool = ProcessPoolExecutor(min(cores(), MOST), get_context("spawn"), initializer=_load, initargs=(tier,))
    try:
        with _no_main():
            written = pool.map(_write, tasks)  # which starts the processes
        yield from written
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_main():
    """A spawned process first runs the script that started it, down to the line that starts processes: not these."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _load(tier: Tier) -> None:
    global _teacher
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _teacher = models.load_teacher(tier)


def _end_with_parent() -> None:
    """A killed process cannot stop the others, which would wait for work for ever."""
    parent_process().join()
    os._exit(1)


def _write(task: tuple[list[str], dict]) -> list[Answer]:
    questions, settings = task
    return with_transformers.generate(*_teacher, questions, **settings)
