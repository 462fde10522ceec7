"""What is seen of a run from outside: the memory that it took, and the error that it ended in."""

import json
import threading
from contextlib import contextmanager
from pathlib import Path

import psutil
from execution import COLOURS


@contextmanager
def watched():
    """Yields a dict whose "peak_gb" grows to the most memory that this process's children took together."""
    found, ended = {"peak_gb": 0.0}, threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            size = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    size += child.memory_info().rss
                except psutil.Error:
                    continue  # it has just ended
            found["peak_gb"] = max(found["peak_gb"], round(size / 1e9, 2))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def end_of_traceback(executed: Path, lines: int = 15) -> str:
    """The last lines of the error that an executed notebook shows, "" where it shows none."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"] if executed.is_file() else []
    errors = [one for cell in cells for one in cell.get("outputs", []) if one["output_type"] == "error"]
    text = "\n".join(errors[-1]["traceback"]) if errors else ""
    return "\n".join(COLOURS.sub("", text).splitlines()[-lines:])
