"""What a notebook's opening says of the small and the full tier: from data/results/gpu.json, or that nothing ran."""

import json
import re
from pathlib import Path

# What a notebook does with a GPU's memory, by the phases of `make measure`.
PHASES = {
    "00": ("exam",), "02": ("traces",), "03": ("step: token",), "04": ("exam",), "05": ("step: logits",),
    "06": ("cache", "step: cached"), "07": ("step: across",), "08": ("cache", "step: features_cached"),
}  # fmt: skip
UNRUN = "not yet run; `make plan` predicts hours and memory"
PLACE = re.compile(r"(small and full: )[^\n]*")


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


def render(text: str, words: str) -> str:
    """A notebook's file with the words in its opening, where it has a place for them."""
    cells = json.loads(text)["cells"]
    place = next((c for c in cells if c["cell_type"] == "markdown" and PLACE.search("".join(c["source"]))), None)
    if place is None:
        return text
    for line in place["source"]:
        if PLACE.search(line):
            old, new = (json.dumps(each, ensure_ascii=False) for each in (line, PLACE.sub(rf"\g<1>{words}", line)))
            text = text.replace(old, new, 1)
    return text


def changed(root: Path, record: dict | None) -> dict[Path, str]:
    """The notebooks whose openings say something else than the record, with the text that they are to have."""
    found = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        made = render(text, said(path.stem, record)) if path.stem[:2] in PHASES else text
        if made != text:
            found[path] = made
    return found
