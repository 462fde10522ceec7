"""What the pre-flight says of the real pairs by their own tokenizers and settings: `python -m rehearsal.pairs`.

It writes data/pairs.json, which notebook 10 shows where the models themselves are not. No weights are read, and the
questions are those that the project makes.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from helpers import disk
from helpers.preflight import Report, preflight
from helpers.tiers import TIERS, ModelSpec, Tier
from rehearsal import settings, tokenizers

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "data" / "pairs.json"
METHOD = "on-policy"


def write_models(place: Path) -> None:
    """Puts a folder for each real model there: its settings and its tokenizer. Raises as `tokenizers.path_of`."""
    for name, model in settings.MODELS.items():
        folder = place / name.replace("/", "--")
        folder.mkdir()
        for file, content in settings.whole_files_of(name).items():
            (folder / file).write_text(json.dumps(content))
        shutil.copy(tokenizers.path_of(model.family), folder / "tokenizer.json")


def tier_of(name: str, place: Path) -> Tier:
    """A tier with the folders that `write_models` made for its models, on the project's own questions."""
    specs = {
        role: ModelSpec(str(place / getattr(TIERS[name], role).name.replace("/", "--")))
        for role in ("teacher", "student", "sibling")
    }
    return replace(TIERS[name], **specs, data=TIERS["mini"].data, engine="transformers", traces=20)


def told() -> dict[str, dict]:
    """By tier the pair's names and the findings, without those that go by questions and lengths."""
    with tempfile.TemporaryDirectory() as place:
        write_models(Path(place))
        reports: dict[str, Report] = {
            name: preflight(tier_of(name, Path(place)), method=METHOD, weights=False, override=True)
            for name in ("small", "full")
        }
    return {
        name: {
            "teacher": TIERS[name].teacher.name, "sibling": TIERS[name].sibling.name,
            "findings": [vars(row) for row in report.rows if "places" not in row.what and "longest" not in row.what],
        }
        for name, report in reports.items()
    }  # fmt: skip


if __name__ == "__main__":
    disk.write_whole(RECORD, json.dumps(told(), indent=1, ensure_ascii=False) + "\n")
    sys.exit(0)
