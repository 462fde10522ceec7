"""Writes README's tables from the committed figures: `python -m readme`; with `--check` it only compares."""

import re
import sys
from pathlib import Path

from helpers.evaluation.tables import markdown
from readme import before_after, methods, openings, rehearsed, sizes
from readme.real_table import RESULT, real_table
from readme.tables import LIMITS, MINUTES, figure, measured, percent, read

ROOT = Path(__file__).resolve().parents[2]
GPU = Path("data/results/gpu.json")
FIRST = Path("data/results/mini/00_start_here.json")
TRAINED = Path("data/results/mini/03_token_distillation.json")
ROLES = ("teacher", "student", "sibling")
# What happens in each notebook, in the words of the reader who is done with it.
ROUTE = {
    "00_start_here": ("Start here", "you meet teacher and student, and see what this computer can run"),
    "01_dark_knowledge": ("See what the teacher nearly said", "what soft labels are worth, on tiny digits"),
    "02_teacher_traces": ("Ask the teacher", "its reasoning is collected, checked against gold, kept or dropped"),
    "03_token_distillation": ("Copy the teacher's words", "QLoRA and TRL, and what is in the loss and what is not"),
    "04_before_and_after": ("Measure before and after", "intervals, a paired test, and problems that cannot be true"),
    "05_logit_distillation": ("Learn the teacher's doubts", "soft targets: whole distributions instead of words"),
    "06_teacher_cache": ("Ask the teacher once", "its distributions in a few bytes a token, and a training without it"),
    "07_across_tokenizers": ("Learn from a teacher with other tokens", "a Gemma learns from a Qwen, byte by byte"),
    "08_feature_distillation": ("Learn what the teacher thinks", "hidden states, maps of layers, and what they add"),
    "09_self_distillation": ("A model that teaches itself", "its own proven answers, pass@k, and what proof is worth"),
    "10_on_policy": ("Taught on its own mistakes", "the student writes, the teacher grades; a board against collapse"),
    "11_quantization_aware": ("In fewer bits", "8, 4, 3 and 2 bits: what breaks, and what comes back"),
    "12_smaller_steps": ("Smaller steps", "models cut out of their teacher, and one of them as its assistant"),
    "13_adapters": ("Many specialists, one student", "adapters fused, averaged, taught and merged, and what is lost"),
    "16_your_own": ("Take it home", "your own questions, teacher and student, and a file for other programs"),
}


def models_table(scores: dict[str, dict]) -> str:
    """What the three mini models score: a column a model."""
    rows = [["parameters", *(f"{scores[role]['parameters']:,}" for role in ROLES)]]
    for name, key in (("accuracy: problems solved", "accuracy"), ("impossible problems noticed", "impossible.detected"),
                      ("false alarms", "impossible.false_alarms")):  # fmt: skip
        rows.append([name, *(percent(figure(scores[role], key)) for role in ROLES)])
    for kind in scores["student"]["skills"]:
        cells = (percent(scores[role]["skills"][kind]) if "skills" in scores[role] else "" for role in ROLES)
        rows.append([f"single skill: {kind}", *cells])
    n, pairs = scores["teacher"]["accuracy"]["n"], scores["teacher"]["impossible"]["detected"]["n"]
    skills = min(share["n"] for share in scores["student"]["skills"].values())
    note = f"{n:,} test problems, {pairs} pairs of twins, {skills} tasks a skill; greedy; 95 % intervals."
    return markdown(["", *ROLES], rows) + f"\n\n{note} {measured(scores['teacher'].get('run', {}))}"


def route_table(root: Path) -> str:
    """The notebooks with the minutes of reading, and of one run that began with nothing made (tools/series.py)."""
    told = read(root, MINUTES)
    seconds = told["seconds"]
    rows = []
    for name, (title, what) in ROUTE.items():
        minutes = f"{seconds[name] / 60:.1f}" if name in seconds else "–"
        reading = openings.reading(read(root, f"notebooks/{name}.ipynb")["cells"])
        rows.append([f"[{name[:2]} · {title}](notebooks/{name}.ipynb)", what, f"{reading}", minutes])
    table = markdown(["notebook", "what happens in it", "minutes to read", "to compute (mini)"], rows)
    return f"{table}\n\nOne run on {told['machine']}. {measured(told)}"


def record_of(root: Path) -> dict | None:
    """What `make measure` wrote, None where no GPU was measured."""
    return read(root, GPU) if (root / GPU).is_file() else None


def render(text: str, root: Path = ROOT) -> str:
    """README's text with every table made anew.

    Raises:
        ValueError: where a marker is missing.
    """
    study = read(root, before_after.STUDY)
    made = {
        "models": models_table({role: read(root, f"data/mini/{role}/scores.json") for role in ROLES}),
        "route": route_table(root),
        "ran": sizes.in_one_line(record_of(root)),
        "before-after": before_after.table(
            study, read(root, LIMITS), read(root, FIRST)["teacher"]["accuracy"], read(root, TRAINED)["parameters"]
        ),
        "methods": methods.table(root),
        "transcripts": before_after.transcripts(study),
        "rehearsal": rehearsed.line(root),
        "sizes": sizes.table(record_of(root)),
        "real": real_table(read(root, RESULT)),
    }
    for name, table in made.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"README.md has no place for `{name}`: <!-- {name} --> and <!-- /{name} -->")
        text = pattern.sub(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)
    return text


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Writes the tables, or with `--check` says which are not those of the figures: 1 if there is one."""
    path, picture = root / "README.md", root / before_after.PICTURE
    text = path.read_text(encoding="utf-8")
    made, study = render(text, root), read(root, before_after.STUDY)
    drawn = before_after.stamp(picture) == before_after.drawn_from(study)
    opened = openings.changed(root, record_of(root))
    if "--check" in arguments:
        if made != text:
            print("README.md's tables are not those of the committed figures: run `make tables`", file=sys.stderr)
        if not drawn:
            print(f"{before_after.PICTURE} shows other figures than the study's: run `make tables`", file=sys.stderr)
        for notebook in opened:
            print(f"{notebook.name} opens with other figures than measured: run `make tables`", file=sys.stderr)
        return int(made != text or not drawn or bool(opened))
    path.write_text(made, encoding="utf-8")
    for notebook, words in opened.items():
        notebook.write_text(words, encoding="utf-8")
    if not drawn:
        before_after.draw(study, picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
