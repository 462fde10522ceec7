"""Runs code that a model wrote, and a test of it, in a process of its own with limits.

What this protects from: accidents. An endless loop ends, memory and files have a ceiling, the process has an empty
temporary folder, does not get the environment (so no keys and tokens that lie in it), and what it started is killed
with it. What it does not protect from: malice. The code runs as the same user: it can read the files that the user can
read, write to them, and use the network. Who does not trust a model's code runs the whole notebook in a container or a
virtual machine without secrets and network. On Windows there are no limits but the time on the clock,
and on macOS there is none of memory.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

SECONDS, CLOCK, MEGABYTES = 5, 20, 1_024  # of processor time, on the clock, and of memory
PASSED = "passed"
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")  # of the environment: without these some Pythons do not start
# Read and run by the process itself: what runs between a fork and the program, of a parent with threads, can hang.
CHILD = """
import json, sys, traceback
task = json.load(sys.stdin)
try:
    import resource
except ImportError:
    task["limits"] = {}
for what, most in task["limits"].items():
    try:
        resource.setrlimit(getattr(resource, what), (most, most))
    except (OSError, ValueError):
        pass  # macOS has no limit of memory
try:
    room = {"__name__": "answer"}
    exec(compile(task["code"], "answer.py", "exec"), room)
    exec(compile(task["test"], "test.py", "exec"), room)
    found = task["token"]
except BaseException as error:
    found = "".join(traceback.format_exception_only(error)).strip()[-500:] or type(error).__name__
with open(task["result"], "w", encoding="utf-8") as file:
    file.write(found)
"""


def run(code: str, test: str, seconds: int = SECONDS, clock: float = CLOCK, megabytes: int = MEGABYTES) -> str:
    """What a test says of some code: PASSED, or why not, as "failed: AssertionError".

    The test is run behind the code, with the names that the code has defined; it passes if it raises nothing. A machine
    that is busy may reach the time on the clock where another does not.

    Args:
        code: Python.
        test: Python, such as `assert add(1, 2) == 3`.
        seconds: of processor time.
        clock: seconds on the clock.
        megabytes: of memory.
    """
    with tempfile.TemporaryDirectory(prefix="answer-", ignore_cleanup_errors=True) as folder:
        result, token = Path(folder, "result"), secrets.token_hex(16)
        limits = {
            "RLIMIT_CPU": seconds, "RLIMIT_AS": megabytes * 2**20, "RLIMIT_FSIZE": 16 * 2**20, "RLIMIT_CORE": 0,
        }  # fmt: skip
        task = {"code": code, "test": test, "token": token, "result": str(result), "limits": limits}
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", CHILD], cwd=folder, env=_environment(folder), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.communicate(json.dumps(task).encode(), timeout=clock)
        except subprocess.TimeoutExpired:
            return f"stopped after {clock:g} seconds"
        finally:
            _end(process)
        try:
            found = result.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return f"ended with code {process.returncode} before its test had passed"
    return PASSED if found == token else f"failed: {found}"


def _environment(folder: str) -> dict[str, str]:
    own = {"HOME": folder, "TMPDIR": folder, "TEMP": folder, "TMP": folder, "LANG": "C.UTF-8"}
    # One thread: each more takes memory for itself.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {name: os.environ[name] for name in KEPT if name in os.environ} | own | threads


def _end(process: subprocess.Popen) -> None:
    """Ends a process, and what it has started, for good."""
    with suppress(ProcessLookupError, PermissionError):  # where all of them have ended
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
