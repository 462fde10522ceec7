"""The form of every method: what makes a distillation what it is, its trainer, and its run."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from datasets import Dataset

from helpers import evaluation, generation, memory, models, provenance, questions, sources, traces, training
from helpers.evaluation.statistics import Estimate
from helpers.questions import Question
from helpers.tiers import Tier
from helpers.training.rows import of_traces

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments

VALIDATION = 120  # problems at an epoch's end, the same ones whatever the seed
BETWEEN = 100  # steps between two validations, at least: few traces have short epochs


@dataclass(frozen=True)
class Method:
    """A distillation of a tier's student. A method is a subclass with a `trainer`; its fields are its settings.

    A subclass says with `name` what its folder is called, with `role` whom it teaches, "student" or "sibling", which
    shares the teacher's tokenizer, and with `made_by` of which class its trainer is.

    Args:
        tier: models, data and settings.
        seed: of the adapter and of the order of rows.
        rows: kept traces, columns as `traces.collect`; `traces.load(tier, seed)` if None.

    Raises ValueError as `check`, and as `traces.load`.
    """

    tier: Tier
    seed: int
    rows: Dataset | None = None

    name: ClassVar[str]
    role: ClassVar[str] = "student"
    made_by: ClassVar[type]

    def __post_init__(self):
        self.check()
        if self.rows is None:
            object.__setattr__(self, "rows", traces.load(self.tier, seed=self.seed))

    def check(self) -> None:
        """Raises ValueError for a setting that is none: asked first, so that nothing is made or loaded with it."""

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> "Trainer":
        """A trainer. student, teacher: (model, tokenizer), loaded here if None. Of its adapter see `trainer_of`."""
        raise NotImplementedError

    def trainer_for(self, student: tuple, dataset: Dataset, **more: object) -> "Trainer":
        """A trainer for (model, tokenizer), with the tier's settings. Raises as `trainer_of`."""
        # Trainer would drop the columns that are not the model's.
        args = training.settings(self.tier, self.seed, self.folder, remove_unused_columns=False)
        return trainer_of(self.tier, self.seed, self.made_by, *student, dataset, args, **more)

    def beside(self) -> dict:
        """What the trainer takes to match more than logits: nothing, but see `methods.features`. Asked for first."""
        return {}

    def config(self) -> dict:
        """What makes this distillation what it is, beside traces, student and the tier's settings. Plain data."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one not in fields(Method)}
        own = {name: asdict(value) if hasattr(value, "__dataclass_fields__") else value for name, value in own.items()}
        return {"teacher": teacher_id(self.tier), **own}

    @cached_property
    def folder(self) -> Path:
        """Where it lies: other traces, settings or models, and an edited loss, have a folder of their own.

        Raises:
            ValueError: for a batch that cannot be cut into its micro-batches, before anything is loaded.
        """
        training.check_batches(self.tier)
        spec = getattr(self.tier, self.role)
        files = [one.__module__.removeprefix("helpers.").replace(".", "/") for one in type(self).__mro__
                 if one.__module__.startswith("helpers.")]  # fmt: skip
        record = {
            "traces": digest_of(self.rows),
            "student": [spec.name, provenance.revision(spec)],
            "settings": [repr(self.tier.lora), self.tier.epochs, self.tier.batch_size, self.tier.max_length],
            "code": sources.code(*dict.fromkeys(files), "models/lora", "models/chat"),
            **self.config(),
        }
        return self.tier.artifacts / f"{self.name}-{self.seed}-{short(record)}"

    def run(self) -> training.Run:
        """Trains where it is not finished yet, else reads, and says so. What was loaded for it is unloaded."""
        return once(self.folder, self.trainer)

    def student(self) -> tuple:
        """(model, tokenizer) of whom it teaches, with its `start` if it has one. Raises as `models.load_student`."""
        start = {"adapter": self.start, "trainable": True} if getattr(self, "start", None) else {}
        return (models.load_sibling if self.role == "sibling" else models.load_student)(self.tier, **start)

    def tokens(self, tokenizer) -> Dataset:
        """The traces as rows of input_ids and labels. tokenizer: the student's."""
        return of_traces(self.tier, tokenizer, self.rows, self.role)


def once(folder: Path, begin: Callable[[], "Trainer"]) -> training.Run:
    """A training that is read where it is finished, and says so, and else run; then its models are unloaded.

    begin loads what is needed and gives the trainer, whose attribute `teacher` is the teacher if one is loaded.
    """
    if training.finished(folder):
        return training.read_again(folder)
    try:
        trainer = begin()
    except BaseException:
        memory.give_back()  # of a student whose teacher could not be loaded: the error still holds it
        raise
    try:
        return training.run(trainer)
    finally:
        models.unload(trainer.model, *([trainer.teacher] if hasattr(trainer, "teacher") else []))


def trainer_of(
    tier: Tier, seed: int, made_by: type["Trainer"], student: torch.nn.Module, tokenizer, dataset: Dataset,
    args: "TrainingArguments", **more: object,
) -> "Trainer":  # fmt: skip
    """A trainer of the class `made_by`, which takes `more` beside what every trainer does, for a student.

    The student's adapter is trained further; without one it gets a fresh one. Validation is at an epoch's end.

    Raises:
        ValueError: for a dataset of no rows, and as `models.add_lora`.
    """
    from helpers.training.callbacks import Validation  # not at the top: it stands on transformers

    if not len(dataset):
        raise ValueError("there are no traces to learn from: see with `traces.verify` why none was kept")
    steps = -(-len(dataset) // tier.batch_size)  # of an epoch
    problems = cache(lambda: validation_problems(tier))
    if questions.source(tier.data) != tier.data:
        problems()  # of one's own: that there are few is said now, and that there are none before an epoch is trained
    validation = Validation(lambda model: right_answers(tier, model, tokenizer, problems), -(-BETWEEN // max(1, steps)))
    adapted = hasattr(student, "peft_config")
    trained = [(one, one.data) for one in student.parameters() if one.requires_grad] if adapted else []
    with provenance.no_bars():  # of the trainer's preparation, which takes a moment
        trainer = made_by(
            model=student if adapted else models.add_lora(student, tier.lora, seed),
            args=args, train_dataset=dataset, processing_class=tokenizer, callbacks=[validation], **more,
        )  # fmt: skip
    for weight, data in trained:  # what is trained already is not to begin rounded
        weight.data = data
    keep_float32(trainer.model)
    return trainer


def keep_float32(model: torch.nn.Module) -> None:
    """Turns a model's trainable weights into float32, which is what the optimizer's small steps need.

    In bfloat16, to which TRL rounds an adapter in 4 bits, a step near the end of a schedule is lost in the rounding.
    """
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()


def teacher_id(tier: Tier) -> dict[str, str]:
    """Which teacher teaches, for the name of a folder and for provenance."""
    return {"teacher": tier.teacher.name, "revision": provenance.revision(tier.teacher)}


def digest_of(rows: Dataset) -> str:
    """A short name for the questions and answers of some traces, or of pairs of answers."""
    columns = [name for name in ("question", traces.ANSWER, "chosen", "rejected") if name in rows.column_names]
    return provenance.digest(json.dumps([rows[name][:] for name in columns]).encode())


def short(record: dict) -> str:
    """Eight letters that change with anything in `record`."""
    return provenance.digest(json.dumps(record).encode()).removeprefix("sha256:")[:8]


def validation_problems(tier: Tier) -> list[Question]:
    """The VALIDATION problems; of own data all there are, which is printed. Raises as `questions.draw`."""
    return questions.draw(tier, "validation", VALIDATION, seed=0, fewer=True)


def right_answers(
    tier: Tier, model: torch.nn.Module, tokenizer, drawn: Callable[[], list[Question]] | None = None
) -> Estimate:
    """The share of the validation problems that a model answers rightly, greedily. drawn: gives them, once drawn."""
    problems = drawn() if drawn else validation_problems(tier)
    how = (tier.answer_tokens, tier.answer_batch)
    answers = generation.generate(model, tokenizer, [one.question for one in problems], *how, progress=False)
    return evaluation.accuracy(answers, problems)
