"""What is seen of a run from outside: the memory that it took, and the error that it ended in."""

import json
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from execution import COLOURS


@contextmanager
def watched():
    """Yields a dict whose "peak_gb" grows to the most memory that this process's children took together.

    "held_by" says which of them held how much at that moment.
    """
    found, ended = {"peak_gb": 0.0, "held_by": []}, threading.Event()

    def look() -> None:
        before = set()
        while not ended.wait(0.2):
            sizes, now = {}, set()
            for child in psutil.Process().children(recursive=True):
                now.add(child)
                # One that was born a moment ago still lives in its parent's memory, which would count twice.
                if child in before:
                    with suppress(psutil.Error):  # it has just ended
                        sizes[f"{' '.join(child.cmdline())[:60]} ({child.pid})"] = memory_of(child)
            before = now
            if sum(sizes.values()) / 1e9 > found["peak_gb"]:
                found["peak_gb"] = round(sum(sizes.values()) / 1e9, 2)
                found["held_by"] = [f"{size / 1e9:.2f} GB {name}" for name, size in sizes.items()]

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def memory_of(process: psutil.Process) -> int:
    """Bytes. What several share counts in parts, where the system says so (Linux)."""
    told = process.memory_full_info()
    return getattr(told, "pss", told.rss)


def end_of_traceback(executed: Path, lines: int = 15) -> str:
    """The last lines of the error that an executed notebook shows, "" where it shows none."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"] if executed.is_file() else []
    errors = [one for cell in cells for one in cell.get("outputs", []) if one["output_type"] == "error"]
    text = "\n".join(errors[-1]["traceback"]) if errors else ""
    return "\n".join(COLOURS.sub("", text).splitlines()[-lines:])
