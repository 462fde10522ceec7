"""Several teachers that are adapters of one model, as in notebook 13: their mean, or for each question its own one.

The mean: Hinton, Vinyals and Dean 2015 (arXiv 1503.02531), section 1. A teacher for each question, on the student's own
text: multi-teacher on-policy distillation, MOPD (arXiv 2606.30406), in which a specialist of a question's domain grades
each token of what the student wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch
from datasets import Dataset, concatenate_datasets

from helpers import losses
from helpers.losses.ensemble import ensemble_divergence, shares_of
from helpers.methods.logits import Logits, LogitTrainer, shares
from helpers.methods.on_policy import OnPolicy, OnPolicyTrainer
from helpers.models.adapters import hear, load_adapters
from helpers.training import activations
from helpers.training.checkpoints import started
from helpers.training.method import short
from helpers.training.own_loss import Parts
from helpers.training.rows import Padded, of_traces

ROUTE = "route"  # the column that says whose a row is: the number of a specialist


class EnsembleTrainer(LogitTrainer):
    """Trains a student on the mean of its teachers' distributions at each token of a trace.

    Args:
        teacher: one model with an adapter for each of them.
        voices: each adapter's share in the mean, by its name; they add up to 1.
    """

    def __init__(self, *arguments, voices: Mapping[str, float], **more):
        super().__init__(*arguments, **more)
        self.voices = dict(voices)

    def parts_of(self, model, inputs, count):
        """As OwnLoss's; nothing inside is matched."""
        labels = inputs["labels"]
        theirs = [losses.learnt(self.read(hear(self.teacher, name), inputs)[0], labels) for name in self.voices]
        ours = losses.learnt(self.read(model, inputs)[0], labels)
        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, self.alpha)
        loss = ensemble_divergence(
            ours, self.head(model), theirs, self.teacher_head, [*self.voices.values()], **self.form,
            labels=losses.targets(labels), alpha=alpha, count=count,
        )  # fmt: skip
        return Parts(loss, [], [], activations.sizes(labels), count)


class RoutedTrainer(OnPolicyTrainer):
    """As OnPolicyTrainer, with a teacher for each row: the adapter whose number stands in the row's column ROUTE.

    voices: the adapters' names, in the order of their numbers.
    """

    def __init__(self, *arguments, voices: list[str], **more):
        super().__init__(*arguments, **more)
        self.voices = voices

    def read(self, model, inputs):
        """As OwnLoss's; of the teacher each row is read with its own adapter."""
        if model is not self.teacher:
            return super().read(model, inputs)
        found = None
        for number, voice in enumerate(self.voices):
            rows = inputs[ROUTE] == number
            if not rows.any():
                continue
            part = {name: inputs[name][rows] for name in ("input_ids", "attention_mask")}
            states, _ = super().read(hear(model, voice), part)
            if found is None:
                found = states.new_empty(len(rows), *states.shape[1:])
            found[rows] = states
        return found, []


@dataclass(frozen=True)
class Ensemble(Logits):
    """As Logits: the student learns the mean of several specialists' distributions on its verified traces.

    Args:
        specialists: by name, the folders of their adapters, all on the student's own base.
        weights: of the specialists in the mean; equal ones if None.
        start: the folder of an adapter that is trained further; a fresh one if None.
        role: whose adapters they are and who is taught, "student" or "sibling".

    Raises:
        ValueError: without a specialist, for weights that are none, and as Logits.
        FileNotFoundError: for a folder without an adapter.
    """

    specialists: Mapping[str, Path | str] = field(kw_only=True)
    weights: Mapping[str, float] | None = field(default=None, kw_only=True)
    start: Path | str | None = field(default=None, kw_only=True)
    role: str = field(default="student", kw_only=True)
    name = "ensemble"
    made_by: ClassVar[type] = EnsembleTrainer

    def check(self) -> None:
        """As Method's."""
        super().check()
        shares_of([*self.specialists], self.weights)
        check_role(self.role)

    def config(self) -> dict:
        """As Method's; of adapters their weights count, not where they lie. There is no other teacher."""
        own = {name: getattr(self, name) for name in ("kind", "temperature", "beta", "alpha", "role")}
        voices = shares_of([*self.specialists], self.weights)
        return {**own, "specialists": known(self.specialists), "weights": voices, **started(self.start)}

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> EnsembleTrainer:
        """Its trainer. student: (model, tokenizer); teacher: as `load_adapters` gives it; loaded if None."""
        model, tokenizer = student or self.student()
        other, _ = teacher or load_adapters(self.tier, self.specialists, self.role)
        voices = dict(zip(self.specialists, shares_of([*self.specialists], self.weights), strict=True))
        return self.trainer_for(
            (model, tokenizer), self.tokens(tokenizer), teacher=other, voices=voices, kind=self.kind,
            temperature=self.temperature, beta=self.beta, alpha=self.alpha, **of_one_base(model, tokenizer),
        )  # fmt: skip


@dataclass(frozen=True)
class Specialists(OnPolicy):
    """As OnPolicy, with a teacher for each question: the specialist of its family grades what the student wrote.

    With lam=0 the student reads the traces instead, and each is graded by its specialist.

    Args:
        specialists: as Ensemble.
        routes: for each question which specialist is its own, by the question's text.
        role: as Ensemble.

    Raises:
        ValueError: without a specialist, for a question without a route or with a route to nobody, for a control, which
            asks no teacher, and as OnPolicy.
        FileNotFoundError: for a folder without an adapter.
    """

    specialists: Mapping[str, Path | str] = field(kw_only=True)
    routes: Mapping[str, str] = field(kw_only=True)
    role: str = field(default="student", kw_only=True)
    name = "specialists"

    @property
    def made_by(self) -> type:
        """As Method's."""
        return RoutedTrainer

    def check(self) -> None:
        """As Method's."""
        super().check()
        shares_of([*self.specialists], None)
        check_role(self.role)
        if self.control is not None:
            raise ValueError("the control asks no teacher: leave it out, or take methods.OnPolicy")
        if nobody := sorted({name for name in self.routes.values() if name not in self.specialists}):
            there = ", ".join(self.specialists)
            raise ValueError(f"there is a route to {', '.join(nobody)}, and the specialists are {there}")

    def config(self) -> dict:
        """As Method's; of adapters their weights count, not where they lie, and of the routes those of the traces."""
        own = {name: value for name, value in super().config().items() if name not in ("teacher", "revision")}
        return own | {"specialists": known(self.specialists), "routes": short({"routes": self.numbers()})}

    def numbers(self) -> list[int]:
        """Of each trace the number of its specialist.

        Raises:
            ValueError: for a question without a route.
        """
        place = {name: number for number, name in enumerate(self.specialists)}
        asked = self.rows["question"][:]
        if lost := [question for question in asked if question not in self.routes]:
            raise ValueError(f"{len(lost)} of {len(asked)} questions have no route, such as {lost[0][:80]!r}")
        return [place[self.routes[question]] for question in asked]

    def tokens(self, tokenizer) -> Dataset:
        """As Method's, with a column that says whose a row is; specialist by specialist, for rows may be left out."""
        numbers, parts = self.numbers(), []
        for number in sorted(set(numbers)):
            rows = self.rows.select([place for place, one in enumerate(numbers) if one == number])
            found = of_traces(self.tier, tokenizer, rows, self.role)
            if len(found):
                parts.append(found.add_column(ROUTE, [number] * len(found)))
        return concatenate_datasets(parts) if parts else Dataset.from_list([])

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> RoutedTrainer:
        """Its trainer. student: (model, tokenizer); teacher: as `load_adapters` gives it; loaded if None."""
        model, tokenizer = student or self.student()
        other, _ = teacher or load_adapters(self.tier, self.specialists, self.role)
        return self.trainer_for(
            (model, tokenizer), self.tokens(tokenizer), teacher=other, voices=[*self.specialists], mouth=[],
            kind=self.direction, temperature=self.temperature, alpha=self.alpha, **of_one_base(model, tokenizer),
            data_collator=Padded(tokenizer.pad_token_id, beside=(ROUTE,)), **self.writes(),
        )  # fmt: skip


def of_one_base(model: torch.nn.Module, tokenizer) -> dict[str, int]:
    """As `logits.shared`, of a student and teachers on its own base: the same tokens behind the same prompt.

    Logits that fill up are cut off. A tokenizer may have more tokens than the model has logits: Gemma 3's smaller ones
    have none for the token that stands for an image.
    """
    tokens, logits = max(tokenizer.get_vocab().values()) + 1, len(model.get_output_embeddings().weight)
    return {"vocabulary": min(tokens, logits), "opening": 0}


def known(specialists: Mapping[str, Path | str]) -> dict[str, str]:
    """By name, what the adapters are, wherever they lie. Raises FileNotFoundError for a folder without one."""
    return {name: started(folder)["start"] for name, folder in specialists.items()}


def check_role(role: str) -> None:
    """Raises ValueError for a role of nobody who is taught."""
    if role not in ("student", "sibling"):
        raise ValueError(f"no student called {role!r}; choose from student, sibling")
