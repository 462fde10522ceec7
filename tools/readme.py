"""Writes README's tables from the committed figures: `python tools/readme.py`; with `--check` it only compares."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROLES = ("teacher", "student", "sibling")


def percent(share: dict) -> str:
    """A share with its 95 % interval: `96.1 % (94.7–97.1)`."""
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def figure(figures: dict, key: str) -> dict:
    """The figure under a dotted key."""
    for part in key.split("."):
        figures = figures[part]
    return figures


def models_table(scores: dict[str, dict]) -> str:
    """What the three mini models score: a column a model."""
    rows = [["", *ROLES], ["---"] * 4, ["parameters", *(f"{scores[role]['parameters']:,}" for role in ROLES)]]
    rows.append(["problems answered rightly", *(percent(scores[role]["accuracy"]) for role in ROLES)])
    rows.append(["impossible twins caught", *(percent(scores[role]["impossible"]["detected"]) for role in ROLES)])
    rows.append(["false alarms", *(percent(scores[role]["impossible"]["false_alarms"]) for role in ROLES)])
    for kind in scores["student"]["skills"]:
        cells = (percent(scores[role]["skills"][kind]) if "skills" in scores[role] else "" for role in ROLES)
        rows.append([f"single skill: {kind}", *cells])
    n, pairs = scores["teacher"]["accuracy"]["n"], scores["teacher"]["impossible"]["detected"]["n"]
    skills = min(share["n"] for share in scores["student"]["skills"].values())
    note = f"{n:,} test problems, {pairs} pairs of twins, {skills} tasks a skill; greedy; 95 % intervals."
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + f"\n\n{note}"


def render(text: str, root: Path = ROOT) -> str:
    """README's text with every table made anew. Raises ValueError where a marker is missing."""
    tables = {}
    folders = {role: root / "data" / "mini" / role / "scores.json" for role in ROLES}
    tables["models"] = models_table({role: json.loads(path.read_text()) for role, path in folders.items()})
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name}-table -->\n).*?(<!-- /{name}-table -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(
                f"README.md has no place for the table `{name}`: <!-- {name}-table --> and <!-- /{name}-table -->"
            )
        text = pattern.sub(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)
    return text


def main(arguments: list[str]) -> int:
    path = ROOT / "README.md"
    text = path.read_text()
    made = render(text)
    if "--check" in arguments:
        if made != text:
            print(
                "README.md's tables are not those of the committed figures: run `python tools/readme.py`",
                file=sys.stderr,
            )
        return int(made != text)
    path.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
