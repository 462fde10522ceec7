"""What a notebook's opening says of time and memory: reading from its cells, the rest from data/results.

Of the mini tier it says how long the notebook computed (minutes.json), of the small and the full one how much memory
its phases took (gpu.json), or that nothing ran.
"""

import json
import re
from pathlib import Path

from readme.tables import MINUTES

# What a notebook does with a GPU's memory, by the phases of `make measure`.
PHASES = {
    "00": ("exam",), "02": ("traces",), "03": ("step: token",), "04": ("exam",), "05": ("step: logits",),
    "06": ("cache", "step: cached"), "07": ("step: across",), "08": ("cache", "step: features_cached"),
    "10": ("step: on_policy", "step: on_policy_across"), "11": ("step: quantized",),
    "12": ("step: all_weights",), "13": ("step: ensemble", "step: specialists"),
    "16": ("traces", "step: token", "exam"),
}  # fmt: skip
WORDS, LINES = 200, 12  # that are read in a minute
UNRUN = "not yet run; `make plan` predicts hours and memory"
PLACE = re.compile(r"(small and full: )[^\n]*")
TIME = re.compile(r"(\*\*Time and memory\*\* )(?:reading \d+ min · )?mini: .*?(, \d+ GB)")
ASIDE = re.compile(r"<details>.*?</details>", re.DOTALL)


def said(name: str, record: dict | None) -> str:
    """The words for a notebook, by its name. Raises KeyError for one that asks no model of a tier."""
    wanted, found = PHASES[name[:2]], {}
    for one in (record or {"phases": []})["phases"]:
        if one["phase"] in wanted and one["state"] == "ran" and (one["engine"], one["cap_gb"]) == ("unsloth", None):
            found.setdefault(one["tier"], {})[one["phase"]] = one["peak_gb"]
    whole = {tier: max(each.values()) for tier, each in found.items() if len(each) == len(wanted)}
    if set(whole) != {"small", "full"}:
        return UNRUN
    return (
        f"{whole['small']:.0f} and {whole['full']:.0f} GB of tensors, measured on one {record['card']['name']} with "
        "random weights; `make plan` predicts hours"
    )


def reading(cells: list[dict]) -> int:
    """Minutes that the cells take to read, to the nearest five: hints, solutions and exercises are not counted."""
    words = lines = 0
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(ASIDE.sub("", source).split())
        else:
            lines += sum(bool(line.strip()) for line in source.splitlines())
    return max(5, 5 * round((words / WORDS + lines / LINES) / 5))


def timed(text: str, seconds: float) -> str:
    """A notebook's file with the minutes of reading and of computing in its opening, where it has a place for them.

    Args:
        text: The file.
        seconds: How long it computes on the mini tier, with two cores.
    """
    computing = "less than 1 min" if seconds < 60 else f"about {seconds / 60:.0f} min on two cores"
    return render(text, rf"\g<1>reading {reading(json.loads(text)['cells'])} min · mini: {computing}\g<2>", TIME)


def render(text: str, words: str, place: re.Pattern = PLACE) -> str:
    """A notebook's file with the words in its opening, where it has a place for them.

    Args:
        text: The file.
        words: What is to stand there; may name groups of the place.
        place: Where in a line of prose.
    """
    for cell in json.loads(text)["cells"]:
        for line in cell["source"] if cell["cell_type"] == "markdown" else []:
            if place.search(line):
                old, new = (json.dumps(each, ensure_ascii=False) for each in (line, place.sub(words, line)))
                return text.replace(old, new, 1)
    return text


def changed(root: Path, record: dict | None) -> dict[Path, str]:
    """The notebooks whose openings say something else than the record, with the text that they are to have."""
    found, seconds = {}, json.loads((root / MINUTES).read_text(encoding="utf-8"))["seconds"]
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        made = timed(text, seconds[path.stem]) if path.stem in seconds else text
        made = render(made, rf"\g<1>{said(path.stem, record)}") if path.stem[:2] in PHASES else made
        if made != text:
            found[path] = made
    return found
