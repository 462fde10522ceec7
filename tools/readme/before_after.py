"""The main result for README, from the study of notebook 04: a table, a picture, and what was said."""

import hashlib
import json
import re
from pathlib import Path

from matplotlib.ticker import PercentFormatter

from helpers.evaluation import FALSE_REASON, SEED_FACTS, worth
from helpers.evaluation.before_after import ACCURACY, WHO
from helpers.evaluation.tables import markdown
from helpers.problems import FAMILIES, SEED_QUESTIONS, TWINS
from helpers.show.charts import canvas, colour
from readme.tables import BRACKETS, DASH, figure, measured, percent, ratio, shown

STUDY = Path("data/results/mini/04_before_and_after.json")
PICTURE = Path("data/results/mini/before_and_after.png")
KEYS = {"accuracy": "right answers", "false_alarms": "false alarms", "detected": "impossible problems noticed"}
NAMED = "of the noticed, the facts named that do not fit"
STAMP = "Figures"  # where the picture says which figures it was drawn from


def table(study: dict, limited: dict, sampled: dict, trained: dict) -> str:
    """Student before and after, and teacher, a column each.

    Args:
        study: of notebook 04.
        limited: what data/results/limits.json has.
        sampled: the teacher's accuracy where it samples, from the study of notebook 00.
        trained: how many parameters were trained, from the study of notebook 03.
    """
    student, teacher = (f"{study['parameters'][who]['mean']:,.0f}" for who in ("student", "teacher"))
    named, about = [shown(study, f"impossible.{who}.named") for who in WHO], NAMED
    if set(named) == {DASH}:  # the study was made before it counted them
        named, about = [shown(limited, f"{who}.named") for who in WHO], f"{NAMED} (one seed)"
    rows = [
        ["accuracy: problems solved", *(shown(study, key) for key in ACCURACY.values())],
        ["false alarms", *(shown(study, f"impossible.{who}.false_alarms") for who in WHO)],
        ["impossible problems noticed", *(shown(study, f"impossible.{who}.detected") for who in WHO)],
        [about, *named],
        ["answers that end by themselves", *(shown(study, f"ended.{who}") for who in WHO)],
        ["tokens of an answer", *(f"{study['tokens'][who]['mean']:.0f}" for who in WHO)],
        ["parameters", student, f"{student} and {trained['trainable']['mean']:,.0f} in the adapter", teacher],
    ]
    seeds, n = study["run"]["seeds"], study["student_after"]["accuracy"]["n"]
    kept = study["student_after"]["retained"]
    note = (
        f"The student keeps {ratio(kept)} of the teacher's accuracy. Means over {len(seeds)} seeds, each with its "
        f"own traces, training and test: {n:,} problems and {study['impossible']['pairs']['mean']:.0f} pairs of a "
        f"solvable problem and its impossible twin; {BRACKETS}. All answers are greedy; where the teacher samples, as "
        f"for its traces, it solves {percent(sampled)} of {sampled['n']} problems a seed (notebook 00). "
        f"{measured(study['run'])}"
    )
    return "\n\n".join([markdown(["", *WHO.values()], rows), note, limits(limited)])


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
        answers = [(name, first(said[who])) for who, name in WHO.items()]
        told = "\n\n".join(
            f"*{who} ({verdict(name, text)}):* {' '.join(text.replace('<', '&lt;').split())}" for who, text in answers
        )
        parts.append(f"<details><summary><b>{name.replace('_', ' ')}</b></summary>\n\n{quoted}\n\n{told}\n\n</details>")
    return "\n".join(parts)


def verdict(name: str, text: str) -> str:
    """What an answer to a seed question is worth as a whole: a false reason stands beside the true one."""
    question, gold = SEED_QUESTIONS[name]
    facts = SEED_FACTS.get(question, ())
    found = worth(text, gold, facts)
    return f"{found}: {facts[0]}" if found == FALSE_REASON else found


def first(value: str | dict) -> str:
    """A text of the study: one for all seeds, or that of the first."""
    return value["per_seed"][0] if isinstance(value, dict) else value


def drawn_from(study: dict) -> str:
    """A digest of all figures that the picture shows."""
    shown = [study["run"]["seeds"], *(points(study, who, key) for key in KEYS for who in WHO)]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def points(study: dict, who: str, key: str) -> list[float]:
    """A figure with each seed."""
    return figure(study, ACCURACY[who] if key == "accuracy" else f"impossible.{who}.{key}")["per_seed"]


def draw(study: dict, path: Path) -> None:
    """The picture: a bar for each mean, a dot for each seed."""
    figure, axis = canvas(2.9, width=7.5)
    for place, key in enumerate(KEYS):
        for beside, (who, name) in enumerate(WHO.items()):
            found, x = points(study, who, key), place + 0.27 * (beside - 1)
            middle = sum(found) / len(found)
            axis.bar(x, middle, width=0.25, color=colour(name), label=name if not place else None)
            aside = [x + 0.06 * (seed - (len(found) - 1) / 2) for seed in range(len(found))]
            axis.scatter(aside, found, s=12, color="black", zorder=3)
            axis.text(x, max(found) + 0.03, f"{middle:.1%}", ha="center", fontsize=9)
    axis.set(xticks=range(len(KEYS)), xticklabels=KEYS.values(), ylim=(0, 1.28), yticks=(0, 0.25, 0.5, 0.75, 1))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.legend(ncols=3, loc="upper center", frameon=False, fontsize=9)
    figure.savefig(path, dpi=130, metadata={STAMP: drawn_from(study)})


def stamp(path: Path) -> str | None:
    """The digest of the figures that a picture was drawn from; None without a picture, or where it says nothing."""
    # PNG keeps a text as `tEXt`, its name, a zero byte and the text itself.
    found = re.search(rb"tEXt%s\0(\w{16})" % STAMP.encode(), path.read_bytes()) if path.is_file() else None
    return found[1].decode() if found else None
