"""The teacher's traces: generated once, checked against gold, kept or dropped for a reason, and stored."""

import hashlib
import json
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from datasets import Dataset, Features, List, Value
from tqdm.auto import tqdm

from helpers import evaluate, models
from helpers.evaluate import Answer
from helpers.tiers import Tier
from helpers.traces import store
from helpers.traces.gold import Question, questions
from helpers.traces.store import ANSWER, provenance
from helpers.traces.verdicts import REASONS, judge, student_tokenizer, verdict, verify, whole

__all__ = [
    "ANSWER", "REASONS", "Question", "collect", "load", "messages", "provenance", "questions", "verdict", "verify",
]

PATIENCE = 5.0  # seconds before a progress bar is shown


def collect(tier: Tier, n: int, seed: int, folder: Path | str | None = None, teacher: tuple | None = None) -> Dataset:
    """The teacher's answers to n training questions, [n] rows, right or wrong; each is generated once.

    Columns: question, qwen3_answer (from `<think>` on), gold (numbers), family, tokens (as the teacher counts),
    ended, verdict ("kept", or the reason for dropping it). `provenance` tells how they were made.
    Every batch goes to disk when it is done. After a kill, the same call goes on there and ends in the same dataset.
    folder: where to store; artifacts/<tier>/traces/<n>-<seed> if None. teacher: the tier's (model, tokenizer) if they
    are loaded already; otherwise they are loaded, where something is left to generate, and unloaded.
    Raises ValueError for n below 1, for a folder made otherwise (naming what differs: teacher, seed, sampling, ...)
    and for a damaged one; and as `questions` and `models.load_teacher`.
    """
    if n < 1:
        raise ValueError(f"n is {n}; collect 1 trace or more")
    folder = Path(folder) if folder is not None else tier.artifacts / "traces" / f"{n}-{seed}"
    made = store.settings(tier, n, seed) | (store.prompt(teacher[1]) if teacher else {})
    store.refuse_others(folder, made)
    judged = store.judged(tier)
    dataset = store.finished(folder, judged)
    if dataset is None:
        problems = questions(tier, "train", n, seed)
        asked = [(problem.question, problem.answer) for problem in problems]
        made["questions"] = store.digest(json.dumps(asked).encode())
        store.refuse_others(folder, made)
        rows = store.stored(folder)
        if len(rows) < n:
            rows += _generate(tier, problems, len(rows), folder, made, teacher)
        verdicts = judge(rows, tier)
        rows = [{**row, "verdict": one} for row, one in zip(rows, verdicts, strict=True)]
        dataset = store.finish(folder, rows, judged)
    return dataset


def messages(dataset: Dataset) -> Dataset:
    """Rows for TRL's SFTTrainer: prompt, the user's turn, and completion, the assistant's with the whole trace."""
    turns = List({"role": Value("string"), "content": Value("string")})
    rows = [
        {
            "prompt": [{"role": "user", "content": row["question"]}],
            "completion": [{"role": "assistant", "content": row[ANSWER]}],
        }
        for row in dataset.to_list()
    ]
    features = Features({"prompt": turns, "completion": turns})
    return store.build(rows, features, dataset.info.description)


def load(tier: Tier, n: int | None = None, seed: int = 0) -> Dataset:
    """What is kept of the traces for n questions (tier.traces if None): read if they are there, else made first.

    Raises ValueError if none is kept, and as `collect`.
    """
    dataset = collect(tier, tier.traces if n is None else n, seed)
    verdicts = dataset["verdict"][:]
    kept = [i for i, one in enumerate(verdicts) if one == "kept"]
    if not kept:
        raise ValueError(f"none of the {len(dataset):,} traces can be kept: {dict(Counter(verdicts))}")
    return dataset.select(kept)


def _generate(tier: Tier, problems: list, done: int, folder: Path, made: dict, teacher: tuple | None) -> list[dict]:
    """The rows from number `done` on, each batch stored as soon as it is there."""
    model, tokenizer = teacher or models.load_teacher(tier)
    size, sampling, rows = tier.generate_batch, tier.sampling, []
    try:
        made = made | store.prompt(tokenizer)
        store.refuse_others(folder, made)
        student_tokenizer(tier)  # needed at the end: if it cannot be had, better known before hours of generating
        store.begin(folder, made, tokenizer)
        with _bar(len(problems), done) as bar:
            for start in range(done, len(problems), size):
                batch = problems[start : start + size]
                answers = evaluate.generate(
                    model, tokenizer, [problem.question for problem in batch], tier.max_new_tokens, batch_size=size,
                    temperature=sampling.temperature, top_p=sampling.top_p, top_k=sampling.top_k,
                    seed=_batch_seed(made["seed"], start // size), progress=False,
                )  # fmt: skip
                new = [_row(answer, problem) for answer, problem in zip(answers, batch, strict=True)]
                store.append(folder, new)
                rows += new
                bar.update(len(batch))
    finally:
        if teacher is None:
            models.unload(model)
    return rows


def _row(answer: Answer, problem) -> dict:
    return {
        "question": problem.question, ANSWER: whole(answer), "gold": list(problem.answer), "family": problem.family,
        "tokens": answer.tokens, "ended": answer.ended,
    }  # fmt: skip


def _batch_seed(seed: int, number: int) -> int:
    """A batch's own seed: it does not depend on what was generated before."""
    return int(hashlib.sha256(f"traces {seed} {number}".encode()).hexdigest()[:15], 16)


@contextmanager
def _bar(total: int, done: int):
    """One bar over all batches, shown after five seconds, in the middle of a batch too; it goes when it is done."""
    bar = tqdm(total=total, initial=done, desc="traces", delay=PATIENCE, leave=False)
    late = threading.Timer(PATIENCE + 0.1, bar.update, (0,))
    late.daemon = True
    late.start()
    with bar:
        try:
            yield bar
        finally:
            late.cancel()
