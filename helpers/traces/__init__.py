"""The teacher's traces: generated once, checked against gold, kept or dropped for a reason, and stored."""

import threading
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

from datasets import Dataset, Features, List, Value
from tqdm.auto import tqdm

from helpers import disk, evaluation, generation, provenance, questions
from helpers.evaluation.statistics import Estimate
from helpers.generation.with_transformers import Answer
from helpers.tiers import Tier, check_seed
from helpers.traces import mix, store, workers
from helpers.traces.filtering import REASONS, judge, short_enough, student_tokenizer, verdict, verify, whole
from helpers.traces.store import ANSWER, record

__all__ = [
    "ANSWER", "REASONS", "collect", "cut", "load", "messages", "record", "verdict", "verify",
]

PATIENCE = 5.0  # seconds before a progress bar is shown


def collect(tier: Tier, n: int, seed: int, folder: Path | str | None = None, teacher: tuple | None = None) -> Dataset:
    """The teacher's answers to n training questions, [n] rows, right or wrong; each is generated once.

    Columns: question, teacher_answer (from `<think>` on), gold (numbers), family, tokens (as the teacher counts),
    ended, verdict ("kept", or the reason for dropping it). `record` tells how they were made.
    Every batch goes to disk when it is done. After a kill, the same call goes on there and ends in the same dataset.
    Of two calls at once the second waits, and reads what the first has made. What is read is printed.
    folder: where to store; artifacts/<tier>/traces/<n>-<seed> if None, with the teacher's name behind it if it is not
    the tier's own. teacher: the tier's (model, tokenizer) if they are loaded already; otherwise they are loaded, where
    something is left to generate, and unloaded. Many batches of a small teacher are written on all cores of a CPU
    (`helpers.traces.workers`), each by a copy of its own; a teacher from the Hub writes through the fastest engine
    there is (`helpers.generation`), and how many of its traces were cut off is printed.
    Raises ValueError for n below 1, for a folder made otherwise (naming what differs: teacher, questions or their gold
    answers, seed, sampling, ...) and for a damaged one that cannot be mended; and as `questions.draw`, `check_seed` and
    `models.load_teacher`.
    """
    if n < 1:
        raise ValueError(f"n is {n}; collect 1 trace or more")
    check_seed(seed)
    folder = Path(folder) if folder is not None else store.place(tier, n, seed)
    made = store.settings(tier, n, seed) | (store.prompt(teacher[1]) if teacher else {})
    store.refuse_others(folder, made)
    problems = questions.draw(tier, "train", n, seed)
    made["questions"] = store.asked(problems)
    store.refuse_others(folder, made)
    by = store.judged(tier)
    dataset = store.finished(folder, problems, by)
    if dataset is None:
        with provenance.one_writer(folder):
            store.refuse_others(folder, made)  # who wrote until now may have made it otherwise
            dataset = store.finished(folder, problems, by)
            if dataset is None:
                return _made(tier, problems, folder, made, by, teacher)
    print(_told(n, n, folder))
    return dataset


def cut(dataset: Dataset) -> Estimate:
    """The share of the teacher's traces that its room cut off, with its interval and n: all that `collect` gives.

    Of kept traces it says nothing: none of them was. Raises ValueError for no rows.
    """
    return evaluation.wilson(dataset["ended"][:].count(False), len(dataset))


def messages(dataset: Dataset, tier: Tier | None = None, role: str = "student") -> Dataset:
    """Rows for TRL's SFTTrainer: prompt, the user's turn, and completion, the assistant's with the whole trace.

    tier, role: who learns from them; what is too long for it is left out (`verdicts.short_enough`). Without, all stay.
    """
    rows = dataset.to_list()
    if tier is not None:
        rows = short_enough(rows, tier, role)
    turns = List({"role": Value("string"), "content": Value("string")})
    rows = [
        {
            "prompt": [{"role": "user", "content": row["question"]}],
            "completion": [{"role": "assistant", "content": row[ANSWER]}],
        }
        for row in rows
    ]
    features = Features({"prompt": turns, "completion": turns})
    return store.build(rows, features, dataset.info.description)


def load(tier: Tier, n: int | None = None, seed: int = 0, folder: Path | str | None = None) -> Dataset:
    """What is kept of the traces for n questions (tier.traces if None): read if they are there, else made first.

    Where the tier has a long_share, whole and short ones (`helpers.traces.mix`); how many of each is printed.
    folder: as `collect`. Raises ValueError if none is kept, and as `collect` and `mix.mix`.
    """
    dataset = collect(tier, tier.traces if n is None else n, seed, folder)
    verdicts = dataset["verdict"][:]
    kept = [i for i, one in enumerate(verdicts) if one == "kept"]
    if not kept:
        raise ValueError(f"none of the {len(dataset):,} traces can be kept: {dict(Counter(verdicts))}")
    rows = dataset.select(kept)
    if tier.long_share is None:
        return rows
    rows = mix.mix(rows, tier, seed)
    print(mix.told(rows))
    return rows


def _made(tier: Tier, problems: list, folder: Path, made: dict, by: dict, teacher: tuple | None) -> Dataset:
    """The finished dataset, of what is there and what is made now."""
    n = len(problems)
    # Questions of one length work out to answers of about one length: a batch waits for its longest.
    order = sorted(range(n), key=lambda i: len(problems[i].question))
    rows, how = store.kept(folder, problems, order)
    if rows:
        print(_told(n, len(rows), folder) + how)
    if len(rows) < n:
        rows += _generate(tier, [problems[i] for i in order], len(rows), folder, made, teacher)
    rows = [row for _, row in sorted(zip(order, rows, strict=True), key=lambda pair: pair[0])]
    rows = [{**row, "verdict": one} for row, one in zip(rows, judge(rows, tier), strict=True)]
    dataset = store.finish(folder, rows, by)
    if not tier.teacher.local:
        print(f"cut off at {tier.max_new_tokens:,} tokens: {cut(dataset)} of {n:,} traces")
    return dataset


def _told(n: int, read: int, folder: Path) -> str:
    some = "" if read == n else f"{read:,} "
    return f"traces of {n:,} questions: {some}read from {disk.shown(folder)}"


def _generate(tier: Tier, problems: list, done: int, folder: Path, made: dict, teacher: tuple | None) -> list[dict]:
    """The rows from number `done` on, each batch stored as soon as it is there."""
    model, tokenizer = teacher or generation.load_teacher(tier)
    size, rows = tier.generate_batch, []
    try:
        made = made | store.prompt(tokenizer)
        engine = generation.written_by(model)
        store.refuse_others(folder, made | {"engine": engine})
        made |= {"engine": engine} if engine else {}
        student_tokenizer(tier)  # needed at the end: if it cannot be had, better known before hours of generating
        store.begin(folder, made, tokenizer)
        batches = [problems[start : start + size] for start in range(done, len(problems), size)]
        tasks = [
            ([problem.question for problem in batch], _settings(tier, made["seed"], done // size + number))
            for number, batch in enumerate(batches)
        ]
        if workers.pay(tier, len(batches)):
            written = workers.answers(tier, tasks)
        else:
            written = generation.answers(model, tokenizer, tasks)
        with closing(written), _bar(len(problems), done) as bar, workers.one_thread(tier):
            for batch, answers in zip(batches, written, strict=True):
                new = [_row(answer, problem) for answer, problem in zip(answers, batch, strict=True)]
                store.append(folder, new)
                rows += new
                bar.update(len(batch))
    finally:
        if teacher is None:
            generation.unload(model)
    return rows


def _settings(tier: Tier, seed: int, number: int) -> dict:
    """How `generation.generate` writes a batch. Each has a seed of its own, whatever was generated before."""
    sampling = tier.sampling
    return {
        "max_new_tokens": tier.max_new_tokens, "batch_size": tier.generate_batch, "temperature": sampling.temperature,
        "top_p": sampling.top_p, "top_k": sampling.top_k, "progress": False,
        "seed": provenance.seed_of("traces", seed, number),
    }  # fmt: skip


def _row(answer: Answer, problem) -> dict:
    return {
        "question": problem.question, ANSWER: whole(answer), "gold": list(problem.answer), "family": problem.family,
        "tokens": answer.tokens, "ended": answer.ended,
    }  # fmt: skip


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
