"""Real processes that a test starts, kills and waits for: forked, because an import of the libraries takes seconds."""

import os
import signal
import sys
import traceback
from collections.abc import Callable


def forked(work: Callable[[], object]) -> int:
    """The number of a process that does the work and ends."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def ended(process: int) -> int:
    """Waits for a process; its exit status, or less than 0 where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed(process: int) -> None:
    """SIGKILL, at once: nothing is cleaned up."""
    os.kill(process, signal.SIGKILL)
    ended(process)
