"""What a GPU user would see wrong only after hours, looked at before: `make rehearse` runs this for each tier.

Beginnings, ends, padding and `<think>` in what is really stored and really trained on. A fault in one of them stops no
program: the student just never learns to begin, to think or to stop.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict

from rehearsal import shrunken

THINK = "<think>", "</think>"
PADDING = {"student": "<pad>", "sibling": "<|endoftext|>"}
ENDS = {"student": "<end_of_turn>", "sibling": "<|im_end|>"}


def of_traces(rows: list[dict], prompt: str) -> Iterator[str]:
    """Faults of stored traces. rows: with `teacher_answer` and `verdict`; prompt: the teacher's for some question."""
    opened = prompt.count(THINK[0])
    if opened > 1:
        yield f"the teacher's prompt has {opened} {THINK[0]}"
    for row in rows:
        counts = tuple(row["teacher_answer"].count(mark) for mark in THINK)
        if counts[0] > 1:
            yield f"{counts[0]} {THINK[0]} in the trace for {row['question'][:40]!r}"
        if row["verdict"] == "kept" and counts != (1, 1):
            yield f"a trace is kept with {counts[0]} {THINK[0]} and {counts[1]} {THINK[1]}: {row['question'][:40]!r}"
    verdicts = {row["verdict"] for row in rows}
    if "kept" not in verdicts or len(verdicts) == 1:
        yield f"the traces are all alike, {verdicts}: keeping and dropping was not rehearsed"


def of_padding(tokenizer, role: str) -> Iterator[str]:
    """Faults of a tokenizer's padding."""
    if tokenizer.pad_token != PADDING[role]:
        yield f"the {role} pads with {tokenizer.pad_token!r} and not with its own {PADDING[role]!r}"
    if tokenizer.pad_token_id == tokenizer.convert_tokens_to_ids(ENDS[role]):
        yield f"the {role} pads with the token that ends a turn: no end would be in the loss"


def of_batch(batch: dict, tokenizer, role: str) -> Iterator[str]:
    """Faults of a batch that the trainer trains on: input_ids and labels, (rows, length)."""
    end, bos = tokenizer.convert_tokens_to_ids(ENDS[role]), tokenizer.bos_token_id
    for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
        learnt = [token for token in labels if token != -100]
        text = tokenizer.decode(learnt)
        if bos is not None and ids.count(bos) != 1:
            yield f"{ids.count(bos)} BOS tokens in a row of the {role}, and there has to be exactly one"
        if learnt.count(end) != 1:
            yield f"{ENDS[role]} is {learnt.count(end)} times among the {role}'s labels, and has to be there once"
        if not text.startswith(THINK[0]) or text.count(THINK[0]) != 1 or text.count(THINK[1]) != 1:
            yield f"the {role}'s labels are not one opened and closed reasoning: {text[:60]!r}"
        if tokenizer.pad_token_id in learnt:
            yield f"padding is among the {role}'s labels"


def of_role(tier, role: str, rows) -> Iterator[str]:
    """Faults of the tokenizer and of the batches of the tier's student or sibling."""
    from helpers import methods, models

    model, tokenizer = models.load_sibling(tier) if role == "sibling" else models.load_student(tier)
    yield from of_padding(tokenizer, role)
    trainer = methods.Token(tier, 0, rows, role=role).trainer((model, tokenizer))
    for batch in trainer.get_train_dataloader():
        yield from of_batch(batch, tokenizer, role)
    models.unload(trainer.model)


def of_sampling(teacher, tokenizer, tier, asked: list[str]) -> Iterator[str]:
    """Faults of what the teacher writes when it samples as its makers advise, which a rehearsal else does not."""
    from helpers import generation, tiers

    said = generation.generate(teacher, tokenizer, asked, tier.max_new_tokens, **asdict(tiers.QWEN3_THINKING))
    if not any(answer.ended and answer.whole.count(THINK[1]) == 1 for answer in said):
        yield f"of {len(said)} sampled traces, none ends and closes its reasoning"


def faults(name: str) -> list[str]:
    """All faults on a tier. Raises as the helpers that are used."""
    from helpers import models, traces
    from helpers.tiers import TIERS

    tier = TIERS[name]
    teacher, tokenizer = models.load_teacher(tier)
    prompt = models.chat_prompt(tokenizer, "How many?")
    rows = traces.collect(tier, tier.traces, 0, teacher=(teacher, tokenizer)).to_list()
    found = list(of_traces(rows, prompt))
    found += of_sampling(teacher, tokenizer, tier, [row["question"] for row in rows[:8]])
    models.unload(teacher)
    rows = traces.load(tier, seed=0)
    for role in ("student", "sibling"):
        found += of_role(tier, role, rows.select(range(min(8, len(rows)))))
    return found


def main() -> int:
    shrunken.begin()
    found = faults(sys.argv[1])
    print("\n".join(found) or "no fault")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
