"""The main result for README, from the study of notebook 04: a table, a picture, and what was said."""

import hashlib
import json
import re
from pathlib import Path

from matplotlib.ticker import PercentFormatter

from helpers.evaluation.reading import final_answer, is_right
from helpers.evaluation.tables import markdown
from helpers.problems import FAMILIES, SEED_QUESTIONS, TWINS
from helpers.show.charts import canvas
from helpers.show.repeats import COLOURS
from readme.tables import BRACKETS, measured, percent, ratio

STUDY = Path("data/results/mini/04_before_and_after.json")
PICTURE = Path("data/results/mini/before_and_after.png")
WHO = {"student before": "before", "student after": "after", "teacher": "teacher"}
ACCURACY = {"before": "student_before", "after": "student_after", "teacher": "teacher"}
KEYS = {"accuracy": "accuracy", "detected": "impossible problems noticed", "false_alarms": "false alarms"}
# The facts that really do not fit: of 100 passengers 30 are left for the library bus, so 60 and 45 for the others.
FACTS = {
    "buses": (
        "the school bus and the train station bus would carry 105, not 70",
        "the train station bus and the school bus would carry 105, not 70",
    )
}
STAMP = "Figures"  # where the picture says which figures it was drawn from


def table(study: dict, limited: dict, sampled: dict) -> str:
    """Student before and after, and teacher, a column each.

    Args:
        study: of notebook 04.
        limited: what data/results/limits.json has.
        sampled: the teacher's accuracy where it samples, from the study of notebook 00.
    """
    probed = study["impossible"]
    student, teacher = (f"{study['parameters'][who]['mean']:,.0f}" for who in ("student", "teacher"))
    rows = [
        ["accuracy: problems solved", *(percent(study[name]["accuracy"]) for name in ACCURACY.values())],
        ["impossible problems noticed", *(percent(probed[who]["detected"]) for who in ACCURACY)],
        ["of the noticed, the facts named that do not fit (one seed)",
         *(percent(limited[who]["named"]) if who in limited else "–" for who in ACCURACY)],
        ["false alarms", *(percent(probed[who]["false_alarms"]) for who in ACCURACY)],
        ["answers that end by themselves", *(percent(study["ended"][who]) for who in ACCURACY)],
        ["tokens of an answer", *(f"{study['tokens'][who]['mean']:.0f}" for who in ACCURACY)],
        ["parameters", student, f"{student} and adapter", teacher],
    ]  # fmt: skip
    seeds, n = study["run"]["seeds"], study["student_after"]["accuracy"]["n"]
    kept = study["student_after"]["retained"]
    note = (
        f"The student keeps {ratio(kept)} of the teacher's accuracy. Means over {len(seeds)} seeds, each with its "
        f"own traces, training and test: {n:,} problems and {study['impossible']['pairs']['mean']:.0f} pairs of a "
        f"solvable problem and its impossible twin; {BRACKETS}. All answers are greedy; where the teacher samples, as "
        f"for its traces, it solves {percent(sampled)} of {sampled['n']} problems a seed (notebook 00). "
        f"{measured(study['run'])}"
    )
    return "\n\n".join([markdown(["", *WHO], rows), note, limits(limited)])


def limits(found: dict) -> str:
    """What the table does not say, from data/results/limits.json."""
    after, teacher, fits = found["after"], found["teacher"], found["after"]["fits"]
    return (
        "What the table does not say (one seed, `make limits`):\n\n"
        f"- **One small world.** Its problems have {found['patterns']['test']} sentence patterns, the same in training "
        "and test. The test asks for new numbers, names and things in known sentences, and for nothing outside. With "
        f"first names that the world does not have, the trained student is right on {percent(after['new'])} "
        f"where it was on {percent(after['known'])}, and the teacher on {percent(teacher['new'])} where it was on "
        f"{percent(teacher['known'])}. With other words or one more step the "
        "teacher alone was asked (notebook 00), and lost far more.\n"
        f"- **Impossible in {len(TWINS)} ways.** In training as in the test, impossible problems come from "
        f"{len(TWINS)} of the {len(FAMILIES)} families, each with one claim that can fail. *Noticed* counts the "
        "verdict, whatever reason is given for it; the row under it counts the reason.\n"
        f"- **A check that always fits.** In what the teacher learnt from, the second check of a problem of the other "
        f"{len(FAMILIES) - len(TWINS)} families never fails, and so it is a ritual: of the student's {fits['n']} wrong "
        f"answers to such problems, with new names, {percent(fits)} found that all fits.\n"
        "- **What the training adds.** With the plan laid down for it (*Work through ..., then ...*), the student "
        f"before its training already works it out on {percent(found['told'])} of the test problems: it was "
        "pretrained on every single skill that the plan uses. What it learns is which plan a problem needs, and when "
        "to say no.\n\n"
        f"{measured(found['run'])}"
    )


def transcripts(study: dict) -> str:
    """The three questions and what was said to them with the first seed, each with what it is worth."""
    parts = []
    for name, said in study["transcripts"].items():
        quoted = "\n".join(f"> {line}".rstrip() for line in first(said["question"]).strip().splitlines())
        answers = [(who, first(said[key])) for who, key in zip(WHO, ("before", "after", "teacher"), strict=True)]
        told = "\n\n".join(
            f"*{who} ({worth(name, text)}):* {' '.join(text.replace('<', '&lt;').split())}" for who, text in answers
        )
        parts.append(f"<details><summary><b>{name.replace('_', ' ')}</b></summary>\n\n{quoted}\n\n{told}\n\n</details>")
    return "\n".join(parts)


def worth(name: str, text: str) -> str:
    """What an answer to a seed question is worth as a whole: to call it impossible for a false reason is not right."""
    gold, facts = SEED_QUESTIONS[name][1], FACTS.get(name)
    if not is_right(text, gold):
        return "wrong"
    if facts and not any(fact in final_answer(text) for fact in facts):
        return f"it cannot be true, but the reason is false: {facts[0]}"
    return "right"


def first(value: str | dict) -> str:
    """A text of the study: one for all seeds, or that of the first."""
    return value["per_seed"][0] if isinstance(value, dict) else value


def drawn_from(study: dict) -> str:
    """A digest of all figures that the picture shows."""
    shown = [study["run"]["seeds"], *(points(study, who, key) for key in KEYS for who in WHO.values())]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def points(study: dict, who: str, key: str) -> list[float]:
    """A figure with each seed."""
    return (study[ACCURACY[who]] if key == "accuracy" else study["impossible"][who])[key]["per_seed"]


def draw(study: dict, path: Path) -> None:
    """The picture: a bar for each mean, a dot for each seed."""
    figure, axis = canvas(2.9, width=7.5)
    for place, key in enumerate(KEYS):
        for beside, (name, who) in enumerate(WHO.items()):
            found, x = points(study, who, key), place + 0.27 * (beside - 1)
            middle = sum(found) / len(found)
            axis.bar(x, middle, width=0.25, color=COLOURS[who], label=name if not place else None)
            axis.scatter([x] * len(found), found, s=12, color="black", zorder=3)
            axis.text(x, max(found) + 0.03, f"{middle:.0%}", ha="center", fontsize=9)
    axis.set(xticks=range(len(KEYS)), xticklabels=KEYS.values(), ylim=(0, 1.28), yticks=(0, 0.25, 0.5, 0.75, 1))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.legend(ncols=3, loc="upper center", frameon=False, fontsize=9)
    figure.savefig(path, dpi=130, metadata={STAMP: drawn_from(study)})


def stamp(path: Path) -> str | None:
    """The digest of the figures that a picture was drawn from; None without a picture, or where it says nothing."""
    # PNG keeps a text as `tEXt`, its name, a zero byte and the text itself.
    found = re.search(rb"tEXt%s\0(\w{16})" % STAMP.encode(), path.read_bytes()) if path.is_file() else None
    return found[1].decode() if found else None
