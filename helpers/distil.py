"""Token distillation, by its name: made where it is missing, else read. And what all distillations here share."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from helpers import evaluation, generation, memory, models, provenance, questions, sources, traces, trainers
from helpers.evaluation.statistics import Share
from helpers.tiers import Tier
from helpers.traces import store

VALIDATION = 120  # problems at an epoch's end, the same ones whatever the seed
BETWEEN = 100  # steps between two validations, at least: few traces have short epochs


def tokens(tier: Tier, seed: int, role: str = "student", rows=None) -> trainers.Run:
    """Token distillation, as in notebook 03: the student learns the teacher's verified traces, word for word.

    role: "student", or "sibling", which shares the teacher's tokenizer. rows: kept traces, `traces.load` if None.
    Trained where it is not finished yet, else read. Raises as `traces.load` and `models.load_student`, and ValueError
    for another role and for no rows.
    """
    if role not in ("student", "sibling"):
        raise ValueError(f"no student called {role!r}; choose from student, sibling")
    rows = traces.load(tier, seed=seed) if rows is None else rows

    def begin():
        student, tokenizer = models.load_sibling(tier) if role == "sibling" else models.load_student(tier)
        return token_trainer(student, tokenizer, rows, tier, seed, role)

    return once(token_folder(tier, seed, rows, role), begin)


def once(folder: Path, begin: Callable) -> trainers.Run:
    """A training that is read where it is finished, and says so, and else run; then its models are unloaded.

    begin: loads what is needed and gives the trainer, whose attribute `teacher` is the teacher if one is loaded.
    """
    if trainers.finished(folder):
        return trainers.read_again(folder)
    try:
        trainer = begin()
    except BaseException:
        memory.give_back()  # of a student whose teacher could not be loaded: the error still holds it
        raise
    try:
        return trainers.run(trainer)
    finally:
        models.unload(trainer.model, *([trainer.teacher] if hasattr(trainer, "teacher") else []))


def token_trainer(student, tokenizer, rows, tier: Tier, seed: int, role: str = "student"):
    """TRL's SFTTrainer for kept traces (`traces.load`): a fresh adapter and the tier's settings.

    Raises as `models.add_lora`.
    """
    from trl import SFTTrainer  # not at the top: see helpers.models.loading

    args = trainers.settings(tier, seed, token_folder(tier, seed, rows, role))
    return trainer_of(SFTTrainer, student, tokenizer, traces.messages(rows, tier, role), tier, seed, args)


def trainer_of(made_by, student, tokenizer, dataset, tier: Tier, seed: int, args, **more):
    """A trainer, SFTTrainer or a subclass, for a student with a fresh adapter. more: what the subclass takes.

    Raises ValueError for a dataset of no rows, and as `models.add_lora`.
    """
    if not len(dataset):
        raise ValueError("there are no traces to learn from: see with `traces.verify` why none was kept")
    steps = -(-len(dataset) // tier.batch_size)  # of an epoch
    problems = cache(lambda: validation_problems(tier))
    if questions.source(tier.data) != tier.data:
        problems()  # of one's own: that there are few is said now, and that there are none before an epoch is trained
    with store.no_bars():  # of the trainer's preparation, which takes a moment
        trainer = made_by(
            model=models.add_lora(student, tier.lora, seed),
            args=args,
            train_dataset=dataset,
            processing_class=tokenizer,
            callbacks=[
                trainers.validation(
                    lambda model: right_answers(model, tokenizer, tier, problems), -(-BETWEEN // max(1, steps))
                )
            ],
            **more,
        )
    trainers.keep_float32(trainer.model)
    return trainer


def token_folder(tier: Tier, seed: int, rows, role: str = "student") -> Path:
    """Where a token distillation lies. Other traces, another student or other settings have another folder."""
    return folder_of("token", tier, seed, rows, role, ("distil",))


def folder_of(name: str, tier: Tier, seed: int, rows, role: str, by: tuple[str, ...], **more) -> Path:
    """Where a distillation lies. by: the helpers that make it, as `sources.code`; more: what else makes it what it is.

    So other traces, settings or models, and an edited loss, have a folder of their own.
    Raises ValueError for a batch that cannot be cut into its micro-batches, before anything is loaded.
    """
    trainers.check_batches(tier)
    spec = getattr(tier, role)
    made = {
        "traces": digest_of(rows),
        "student": [spec.name, provenance.revision(spec)],
        "settings": [repr(tier.lora), tier.epochs, tier.batch_size, tier.max_length],
        "code": sources.code(*by, "models/lora", "models/chat"),
        **more,
    }
    return tier.artifacts / f"{name}-{seed}-{short(made)}"


def taught(tier: Tier) -> dict[str, str]:
    """Which teacher teaches, for the name of a folder and for provenance."""
    return {"teacher": tier.teacher.name, "revision": provenance.revision(tier.teacher)}


def digest_of(rows) -> str:
    """A short name for the questions and answers of some traces."""
    return provenance.digest(json.dumps([rows["question"][:], rows[traces.ANSWER][:]]).encode())


def short(made: dict) -> str:
    """Eight letters that change with anything in `made`."""
    return provenance.digest(json.dumps(made).encode()).removeprefix("sha256:")[:8]


def validation_problems(tier: Tier) -> list:
    """The VALIDATION problems, the same ones whatever the seed; of own data all there are, which is printed.

    Raises as `questions.draw`.
    """
    return questions.draw(tier, "validation", VALIDATION, seed=0, fewer=True)


def right_answers(model, tokenizer, tier: Tier, drawn: Callable[[], list] | None = None) -> Share:
    """The share of the validation problems that a model answers rightly, greedily. drawn: gives them, once drawn."""
    problems = drawn() if drawn else validation_problems(tier)
    asked = [problem.question for problem in problems]
    answers = generation.generate(model, tokenizer, asked, tier.answer_tokens, tier.answer_batch, progress=False)
    return evaluation.accuracy(answers, problems)
