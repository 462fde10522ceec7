"""Traces that exist already: a reader's file or dataset becomes what `collect` gives, verified and counted."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from datasets import Dataset

from helpers import provenance, questions
from helpers.questions import near, own, rows
from helpers.tiers import Tier, naming
from helpers.traces import store
from helpers.traces.filtering import judge, student_tokenizer
from helpers.traces.store import ANSWER

# What is read, and how the columns are called unless it is said.
COLUMNS = {"question": "question", "response": "response"}
HOW = "columns={{'{}': ...}}"
MORE = ("answer", "reasoning", "finish", "options")
CUT = ("length", "max_tokens", False, "False", "false")  # what says in a column `finish` that a response was cut off


def imported(
    tier: Tier, source: str | Path, columns: Mapping[str, str] | None = None, config: str | None = None,
    split: str = "train",
) -> Dataset:  # fmt: skip
    """Traces that another program has written, as rows like those of `collect`, with a verdict each.

    A trace begins with its reasoning: in a column of its own, or in the response before `</think>`. The gold answer is
    the tier's own where it has the question, else the one in the file. What belongs to the tier's test or validation is
    left out, and so is what has no gold answer; how many of each is printed, and stands in `record(rows)["left_out"]`.
    The file stays where it is: nothing is stored.

    Args:
        tier: whose student is to learn from them, and whose kind of answers they have.
        source: a file (.jsonl, .csv, .tsv, .parquet), a folder of a dataset, or "NAME@COMMIT" on the Hub.
        columns: what they are called there: "question", "response", and where there are any "answer", "reasoning",
            "finish" ("length", or False, for one that was cut off) and "options" of a choice.
        config: of a dataset on the Hub, which part of it.
        split: of a dataset that comes in splits.

    Returns:
        Rows with the columns of `collect`; tokens as the student counts them.

    Raises:
        ValueError: for a column that is not there, a row that cannot be read, with its place, and where nothing is
            left.
        OSError: for a file that is not there, and where the Hub does not give the data.
    """
    names = COLUMNS | dict(columns or {})
    if unknown := sorted(set(names) - {*COLUMNS, *MORE}):
        raise ValueError(f"columns has {', '.join(unknown)}; it may have {', '.join([*COLUMNS, *MORE])}")
    name, revision = naming.data(source, "source")
    found, known = rows.read(name, revision, config, split), {}
    where = found[0].place.rpartition(", ")[0]
    if not tier.data.made_here:  # of those that are made here none is known beforehand
        drawn = questions.draw(tier, "train", questions.count(tier, "train"), 0)
        known = {near.same(one.question): one.answer for one in drawn}
    read = [_row(tier, row, names, known) for row in found]
    kept, left = [], Counter()
    for row, side in zip(read, questions.sides(tier, [row["question"] for row in read]), strict=True):
        if side in ("test", "validation"):
            left[f"of the {side} split"] += 1
        elif row["gold"] is None:
            left["without a gold answer"] += 1
        else:
            kept.append(row)
    if left:
        told = ", ".join(f"{many:,} {what}" for what, many in left.items())
        print(f"left out: {told}, of {len(read):,} traces in {where}")
    if not kept:
        raise ValueError(f"none of the {len(read):,} traces in {where} can be used: {dict(left)}")
    tokenizer = student_tokenizer(tier)
    for row in kept:
        row["tokens"] = len(tokenizer(row[ANSWER], add_special_tokens=False).input_ids) + 1  # and its end
    kept = [row | {"verdict": one} for row, one in zip(kept, judge(kept, tier), strict=True)]
    edition = provenance.digest(naming.ROOT / name) if (naming.ROOT / name).is_file() else None
    made = {
        "imported": where, "revision": revision or edition, "config": config, "split": split,
        "columns": names, "rows": len(read), "left_out": dict(left), "kind": tier.data.kind, "column": ANSWER,
        "judged": store.judged(tier),
    }  # fmt: skip
    return store.as_dataset(kept, json.dumps(made))


def _row(tier: Tier, row: rows.Row, names: Mapping[str, str], known: Mapping[str, tuple]) -> dict:
    raw = row.cells.get(names.get("answer"))
    blank = "answer" not in names or (names["answer"] in row.cells and (raw is None or not str(raw).strip()))
    asked = {name: names.get(name) for name in ("question", "answer", "options")} | ({"answer": None} if blank else {})
    one = own.asked(row, tier.data.kind, asked, HOW)
    more = row.get({name: names.get(name) for name in ("response", "reasoning", "finish")}, HOW)
    if not isinstance(more["response"], str):
        raise ValueError(f"{row.place}: the response is {more['response']!r}, and a text is needed: mend or remove it")
    theirs = None if blank and tier.data.kind != "none" else one.answer
    gold = known.get(near.same(one.question), theirs)
    if theirs not in (None, gold):
        told = f"the answer is {list(theirs)}, and the tier's questions say {list(gold)}: mend one"
        raise ValueError(f"{row.place}: {told}")
    return {
        "question": one.question, ANSWER: _laid_out(more["response"], more.get("reasoning")),
        "gold": None if gold is None else list(gold), "family": one.family, "ended": more.get("finish") not in CUT,
    }  # fmt: skip


def _laid_out(response: str, reasoning: object) -> str:
    """A trace as the series has it, where the response has its reasoning in one of the usual places; else as it is."""
    text = response.strip()
    if isinstance(reasoning, str) and reasoning.strip() and not text.startswith("<think>"):
        text = f"<think>{reasoning}</think>{text}"
    thought, closing, answer = text.removeprefix("<think>").partition("</think>")
    return f"<think>\n{thought.strip()}\n</think>\n\n{answer.strip()}" if closing else text
