"""Traces are collected: batch by batch, each on disk before the next, so that a killed run goes on where it was."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from datasets import Dataset
from tqdm.auto import tqdm

from helpers import disk, evaluation, generation, provenance, questions
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import Tier, check_seed
from helpers.traces import store, workers
from helpers.traces.filtering import judge, student_tokenizer, whole
from helpers.traces.place import Place
from helpers.traces.store import ANSWER

PATIENCE = 5.0  # seconds before a progress bar is shown


def collect(
    tier: Tier, n: int, seed: int, folder: Path | str | None = None,
    teacher: tuple[Model | generation.Writer, Tokenizer | None] | None = None, split: str = "train",
    samples: int | None = None,
) -> Dataset:  # fmt: skip
    """The teacher's answers to n training questions, right or wrong; each is generated once.

    Every batch goes to disk when it is done. After a kill, the same call goes on there and ends in the same dataset.
    Of two calls at once the second waits, and reads what the first has made. What is read is printed.
    Many batches of a small teacher are written on all cores of a CPU (`helpers.traces.workers`), each by a copy of its
    own; a teacher from the Hub writes through the fastest engine there is (`helpers.generation`), and how many of its
    traces were cut off is printed. One behind a server keeps each answer on disk, so that none is asked twice.

    Args:
        tier: whose teacher, data and sampling.
        n: how many questions.
        seed: of the choice of questions and of the sampling.
        folder: where to store; artifacts/<tier>/traces/<n>-<seed> if None, with the teacher's name behind it if it is
            not the tier's own.
        teacher: the tier's model and tokenizer if they are loaded already; otherwise they are loaded, where something
            is left to generate, and unloaded. `(generation.Endpoint(tier, limits), None)` for other limits of a server.
        split: of which the questions are; of another than "train" nothing is to be learnt.
        samples: answers to each question; tier.data.samples if None, which is 1 but for one's own questions.

    Returns:
        n rows times the samples, those of a question one behind the other: question,
        teacher_answer (from `<think>` on), gold (numbers, or texts of another kind), family, tokens (as the teacher
        counts), ended, verdict ("kept", or the reason for dropping it). `record` tells how they were made.

    Raises:
        ValueError: for n or samples below 1, for a folder made with other settings (naming what differs: teacher,
            questions or their gold answers, seed, sampling, ...), for a damaged one that cannot be mended, and as
            `questions.draw`.
        OSError: as `questions.draw` and `models.load_teacher`.
        RuntimeError: as `generation.Endpoint.answers`.
    """
    if n < 1:
        raise ValueError(f"n is {n}; collect 1 trace or more")
    if samples is not None and samples < 1:
        raise ValueError(f"samples is {samples}; collect 1 answer or more to each question")
    check_seed(seed)
    place = Place(Path(folder) if folder is not None else store.place(tier, n, seed, split, samples))
    place.claim(**store.settings(tier, n, seed, split, samples), **(store.prompt(teacher[1]) if teacher else {}))
    drawn = questions.draw(tier, split, n, seed, unanswered=True)
    problems = [problem for problem in drawn for _ in range(samples or tier.data.samples)]
    place.claim(questions=store.asked(problems))
    by = store.judged(tier)
    dataset = place.finished(problems, by)
    if dataset is None:
        with provenance.one_writer(place.folder):
            place.claim()  # who wrote until now may have made it otherwise
            dataset = place.finished(problems, by)
            if dataset is None:
                return _made(tier, n, problems, place, by, teacher)
    print(f"traces of {n:,} questions: read from {disk.shown(place.folder)}")
    return dataset


def _made(tier: Tier, asked: int, problems: list, place: Place, by: dict, teacher: tuple | None) -> Dataset:
    """The finished dataset, of what is there and what is made now. asked: how many questions."""
    n = len(problems)
    # Questions of one length work out to answers of about one length: a batch waits for its longest.
    order = sorted(range(n), key=lambda i: len(problems[i].question))
    rows, how = place.kept(problems, order)
    if rows:
        some = "" if len(rows) == n else f"{len(rows):,} "
        print(f"traces of {asked:,} questions: {some}read from {disk.shown(place.folder)}{how}")
    if len(rows) < n:
        rows += _generate(tier, [problems[i] for i in order], len(rows), place, teacher)
    rows = [row for _, row in sorted(zip(order, rows, strict=True), key=lambda pair: pair[0])]
    rows = [{**row, "verdict": one} for row, one in zip(rows, judge(rows, tier), strict=True)]
    dataset = place.finish(rows, by)
    if not tier.teacher.local:
        cut = evaluation.wilson(dataset["ended"][:].count(False), n)
        print(f"cut off at {tier.max_new_tokens:,} tokens: {cut} of {n:,} traces")
    return dataset


def _generate(tier: Tier, problems: list, done: int, place: Place, teacher: tuple | None) -> list[dict]:
    """The rows from number `done` on, each batch stored as soon as it is there."""
    model, tokenizer = teacher or generation.load_teacher(tier)
    writer, size, rows = generation.writer(model), tier.generate_batch, []
    try:
        place.claim(**store.prompt(tokenizer), engine=writer.name)
        student_tokenizer(tier)  # needed at the end: if it cannot be had, better known before hours of generating
        place.begin(tokenizer, **store.server(tier))
        batches = [problems[start : start + size] for start in range(done, len(problems), size)]
        tasks = [
            ([problem.question for problem in batch], _settings(tier, place.made["seed"], done // size + number))
            for number, batch in enumerate(batches)
        ]
        pays = workers.pay(tier, len(batches))
        written = workers.answers(tier, tasks) if pays else writer.answers(tokenizer, tasks)
        with closing(written), _bar(len(problems), done) as bar, workers.one_thread(tier):
            for batch, answers in zip(batches, written, strict=True):
                new = _rows(answers, batch)
                store.append(place.folder, new)
                rows += new
                bar.update(len(batch))
    finally:
        if teacher is None:
            writer.close()
    return rows


def _settings(tier: Tier, seed: int, number: int) -> dict:
    """How `generation.generate` writes a batch. Each has a seed of its own, whatever was generated before."""
    sampling = tier.sampling
    return {
        "max_new_tokens": tier.max_new_tokens, "batch_size": tier.generate_batch, "temperature": sampling.temperature,
        "top_p": sampling.top_p, "top_k": sampling.top_k, "progress": False,
        "seed": provenance.seed_of("traces", seed, number),
    }  # fmt: skip


def _rows(answers: Sequence, problems: Sequence) -> list[dict]:
    return [
        {
            "question": problem.question, ANSWER: whole(answer), "gold": list(problem.answer), "family": problem.family,
            "tokens": answer.tokens, "ended": answer.ended,
        }
        for answer, problem in zip(answers, problems, strict=True)
    ]  # fmt: skip


@contextmanager
def _bar(total: int, done: int) -> Iterator[tqdm]:
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
