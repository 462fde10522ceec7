"""Whole traces and short ones in one textbook, for a small student.

Students of up to 3 billion weights learn worse from long reasoning alone than from one long trace to four short ones
(Li et al. 2025, arXiv 2502.12143). There a second model wrote the short ones. Here one teacher wrote one trace to a
question, and its own short one stands in it: behind `</think>` a thinking model works the problem out once more, in
order and without its detours, for whoever asked. So a question has both, and which of them is taught is drawn by lot:
short and long ones differ in length alone. The shortest traces instead would be those of the easiest questions. They
are taken only where there is nothing else: a teacher that names no more than its answer behind `</think>`.
"""

import json
import random
import re
from collections.abc import Sequence
from statistics import median

from datasets import Dataset

from helpers import models
from helpers.evaluation import final_answer, is_right
from helpers.tiers import EndpointSpec, Tier
from helpers.traces.store import ANSWER, as_dataset, record

PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
RULE = re.compile(r"[-*_]{3,}")
HEADING = re.compile(r"#+ [^\n]*|\*\*[^*\n]+\*\*:?")  # a line of its own: **Final Answer**


def short(text: str, gold: Sequence[float]) -> str | None:
    """The trace with the teacher's last working as its reasoning; None if it gives none behind `</think>`.

    What stands behind the mark is cut in two: the last paragraphs that give the gold answer by themselves stay behind
    it, and what leads to them becomes the reasoning. No word is changed.

    Args:
        text: the trace.
        gold: the numbers asked for; an impossible problem, (), has no short form, because what makes it impossible is
            all that is said.
    """
    parts = [part.strip() for part in PARAGRAPHS.split(final_answer(text))]
    parts = [part for part in parts if part and not RULE.fullmatch(part)]
    cut = next((i for i in range(len(parts) - 1, 0, -1) if is_right("\n\n".join(parts[i:]), gold)), 0)
    while cut > 0 and HEADING.fullmatch(parts[cut - 1]):
        cut -= 1
    working = "\n\n".join(parts[:cut])
    if not gold or not re.search(r"\d", working):
        return None
    closing = "\n\n".join(parts[cut:])
    return f"<think>\n{working}\n</think>\n\n{closing}"


def mix(tier: Tier, seed: int, kept: Dataset) -> Dataset:
    """Kept traces, `tier.long_share` of them whole and the others in their short form, in their order.

    A question stays at most once. A trace without a short form is taught whole, or, if it has no more tokens than the
    median, counts as short as it is. Where there are more long ones than the share allows, some are left out. Where
    there are too few, the share is smaller. `told` says how it came out.

    Args:
        tier: its long_share.
        seed: of the lot.
        kept: rows as `traces.collect` gives them; `tokens` of a shortened one is counted anew, as the teacher counts,
            or estimated by its letters where a server has the teacher's tokenizer.

    Raises:
        ValueError: where the tier's share is not from 0 to 1, where its answers are no numbers,
            and as `models.load_tokenizer`.
    """
    share = tier.long_share
    if tier.data.kind != "number":
        raise ValueError(
            f"a trace is shortened by the number that it ends in, and these end in {tier.data.kind}: take "
            "replace(tier, long_share=None)"
        )
    if share is None or not 0 <= share <= 1:
        raise ValueError(f"long_share is {share!r}: a part of the traces is a number from 0 to 1")
    rows = kept.to_list()
    shortened = [short(row[ANSWER], row["gold"]) for row in rows]
    long, brief = _drawn(rows, shortened, share, random.Random(f"long and short {seed}"))
    here = not isinstance(tier.teacher, EndpointSpec) and any(shortened[i] is not None for i in brief)
    tokenizer = models.load_tokenizer(tier, "teacher") if here else None
    taught = []
    for i, row in enumerate(rows):
        if i in brief and shortened[i] is not None:
            taught.append({**row, ANSWER: shortened[i], "tokens": _tokens(tokenizer, row, shortened[i])})
        elif i in brief or i in long:
            taught.append(row)
    mixed = {
        "long_share": share, "long": len(long), "short": sum(shortened[i] is not None for i in brief),
        "short_as_written": sum(shortened[i] is None for i in brief), "left_out": len(rows) - len(taught),
    }  # fmt: skip
    return as_dataset(taught, json.dumps({**record(kept), "mixed": mixed}))


def told(rows: Dataset) -> str:
    """How a mixture came out, in one line.

    Raises:
        ValueError: for rows that are none.
    """
    mixed = record(rows).get("mixed")
    if mixed is None:
        raise ValueError("these traces are not mixed: traces.load mixes them where the tier has a long_share")
    brief = mixed["short"] + mixed["short_as_written"]
    ratio = f"1 to {brief / mixed['long']:.1f}" if mixed["long"] else "none long"
    return (
        f"taught: {mixed['long']:,} whole traces and {brief:,} short ones ({ratio}), of which "
        f"{mixed['short_as_written']:,} short as they were written; {mixed['left_out']:,} left out"
    )


def _drawn(rows: list[dict], shortened: list, share: float, lot: random.Random) -> tuple[set[int], set[int]]:
    """The places of the rows that are taught whole, and of those that are taught short."""
    middle = median(row["tokens"] for row in rows) if rows else 0
    has_short = [i for i, text in enumerate(shortened) if text is not None]
    as_it_is = [i for i, text in enumerate(shortened) if text is None and rows[i]["tokens"] <= middle]
    only_long = [i for i, text in enumerate(shortened) if text is None and rows[i]["tokens"] > middle]
    brief = len(has_short) + len(as_it_is)
    wanted = round(share * len(rows))
    if share == 1:
        return set(range(len(rows))), set()
    if len(only_long) > wanted:
        # Not every long one has a place: as many as keep the share.
        places = min(len(only_long), round(brief * share / (1 - share)))
        return set(lot.sample(only_long, places)), {*has_short, *as_it_is}
    long = {*only_long, *lot.sample(has_short, min(len(has_short), wanted - len(only_long)))}
    return long, {*has_short, *as_it_is} - long


def _tokens(tokenizer, row: dict, text: str) -> int:
    """How many the teacher would have written: without the `<think>` that its prompt opens, with its end."""
    if tokenizer is None:
        return round(row["tokens"] * len(text) / len(row[ANSWER]))
    written = text.removeprefix("<think>\n") if models.opens_reasoning(tokenizer) else text
    return len(tokenizer(written, add_special_tokens=False).input_ids) + 1
