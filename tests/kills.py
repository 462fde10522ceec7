"""Real processes that a test starts, kills and waits for: forked, because an import of the libraries takes seconds."""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

import torch
from tqdm.std import tqdm

PATIENCE = 60  # seconds: what is not done by then never will be


def forked(work: Callable[[], object]) -> int:
    """The number of a process that does the work and ends.

    A fork has none of its parent's threads, and whatever they held stays taken: one that waits for it is ended by the
    system after PATIENCE, and the test fails instead of hanging.
    """
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        signal.alarm(PATIENCE)
        torch.set_num_threads(1)
        leave_the_lock_of_bars()
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def leave_the_lock_of_bars() -> None:
    """Gives this process a lock of its own for tqdm's bars.

    The usual one is shared by a process and its forks, and each bar takes it as it begins: a fork that is killed with
    it would have its parent, and all who are forked later, wait at their next bar for ever. And a fork that begins
    while a thread of its parent has it would wait itself.
    """
    classes = [tqdm]
    for one in classes:  # which grows meanwhile
        classes += one.__subclasses__()
        if one is tqdm or "_lock" in vars(one):
            one.set_lock(threading.RLock())


def until(condition: Callable[[], object], *processes: int) -> None:
    """Waits until something holds, or one of the processes has ended: of those alone, whoever else may end meanwhile.

    Raises TimeoutError after PATIENCE.
    """
    begun = time.monotonic()
    while not condition() and not any(map(has_ended, processes)):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"not so after {PATIENCE} seconds")
        time.sleep(0.001)


def has_ended(process: int) -> bool:
    """Whether a process of `forked` has ended; `ended` then tells how."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def ended(process: int) -> int:
    """Waits for a process; its exit status, or less than 0 where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed(process: int) -> None:
    """SIGKILL, at once: nothing is cleaned up."""
    os.kill(process, signal.SIGKILL)
    ended(process)
