"""Pools drawn ahead of the trainer by processes of their own, in one order whatever their number."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

from tokenizers import Tokenizer

from data.making.world.rows import Pool, Recipe, draw_pool

_work: dict = {}


def pools(recipe: Recipe, first: int, workers: int) -> Iterator[Pool]:
    """The pools from number `first` to the last; workers: processes that draw them, 0 for this one."""
    if workers == 0:
        tokenizer = Tokenizer.from_str(recipe.form.written)
        for number in range(first, recipe.pools):
            yield draw_pool(recipe, number, tokenizer)
        return
    numbers = iter(range(first, recipe.pools))
    # Spawned, not forked: the trainer has threads and perhaps a GPU, neither of which a fork survives.
    executor = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (recipe, os.getpid()))
    try:
        waiting = deque(executor.submit(_draw, number) for number in islice(numbers, 3 * workers))
        while waiting:
            pool = waiting.popleft().result()
            waiting.extend(executor.submit(_draw, number) for number in islice(numbers, 1))
            yield pool
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin(recipe: Recipe, parent: int) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _work["recipe"], _work["tokenizer"] = recipe, Tokenizer.from_str(recipe.form.written)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A worker whose trainer was killed would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _draw(number: int) -> Pool:
    return draw_pool(_work["recipe"], number, _work["tokenizer"])
