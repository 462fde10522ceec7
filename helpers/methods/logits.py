"""Logit distillation, as in notebook 05: a student learns its teacher's whole distribution at each token.

The teacher is loaded beside the student and asked again at each step. Hinton, Vinyals and Dean 2015, "Distilling the
Knowledge in a Neural Network" (arXiv 1503.02531), section 2.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from helpers import losses, models
from helpers.losses.chunked import chunked_divergence
from helpers.losses.head import head_of
from helpers.tiers import Tier
from helpers.training import activations
from helpers.training.method import Method
from helpers.training.own_loss import OwnLoss, Parts


class LogitTrainer(OwnLoss):
    """Trains a student on its teacher's whole distribution at each token that the teacher wrote.

    Beside these it takes kind, temperature and beta as `losses.each_divergence`, and the rest as OwnLoss.

    Args:
        teacher: a model that shares the student's tokenizer; it is asked again at each step.
        vocabulary: how many tokens both really have (`losses.common_vocabulary`).
        opening: how many tokens at an answer's beginning the teacher did not write because its prompt holds them
            (`<think>`); there the label alone is learnt.
        alpha: the share of the hard labels in the loss.
    """

    def __init__(
        self, *arguments, teacher: torch.nn.Module, vocabulary: int, opening: int = 0, kind: str = "forward",
        temperature: float = 1.0, beta: float = 0.5, alpha: float = 0.0, **more,
    ):  # fmt: skip
        super().__init__(*arguments, **more)
        self.teacher = teacher.eval()
        self.teacher_head = head_of(teacher, vocabulary)
        self.vocabulary, self.opening, self.alpha = vocabulary, opening, alpha
        self.form = {"kind": kind, "temperature": temperature, "beta": beta}

    def parts_of(self, model, inputs, count):
        """As OwnLoss's."""
        labels = inputs["labels"]
        their_last, theirs = self.read(self.teacher, inputs)
        our_last, ours = self.read(model, inputs)
        loss = self.loss_of(model, our_last, their_last, labels, count)
        ours, theirs = ([activations.learnt(each, labels) for each in side] for side in (ours, theirs))
        return Parts(loss, ours, theirs, activations.sizes(labels), count)

    def loss_of(self, model, ours, theirs, labels, count, alpha=None):
        """The loss on logits. ours, theirs: (batch, length, width), what the output heads are given.

        alpha: the share of the hard labels in this batch, if it is another than the trainer's.
        """
        ours, theirs = losses.learnt(ours, labels), losses.learnt(theirs, labels)
        hard = self.alpha if alpha is None else alpha
        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, hard)
        return chunked_divergence(
            ours, self.head(model), theirs, self.teacher_head, **self.form,
            labels=losses.targets(labels), alpha=alpha, count=count,
        )  # fmt: skip


def shares(labels: torch.Tensor, opening: int, end: int, alpha: float) -> torch.Tensor:
    """The hard label's share at each learnt token: alpha where the teacher wrote it, 1 where it did not.

    Args:
        labels: (batch, length).
        opening: tokens at an answer's beginning that were put into the teacher's mouth.
        end: the token that closes a turn, behind which the template still has a line break. There the teacher knows
            nothing.
        alpha: from 0 to 1.

    Returns:
        (tokens,).
    """
    place = (labels != losses.IGNORED).cumsum(1)
    ends = (labels == end).long()
    written = (place > opening) & (ends.cumsum(1) - ends == 0)
    return losses.targets(labels, torch.where(written, alpha, 1.0))


@dataclass(frozen=True)
class Logits(Method):
    """As Method: the sibling learns the teacher's distributions on its verified traces.

    kind, temperature and beta are those of `losses.each_divergence`, alpha is the share of the hard labels.

    Raises:
        ValueError: for one of them that is none, and as Method.
    """

    kind: str = field(default="forward", kw_only=True)
    temperature: float = field(default=1.0, kw_only=True)
    beta: float = field(default=0.5, kw_only=True)
    alpha: float = field(default=0.0, kw_only=True)
    name = "logit"
    role = "sibling"
    made_by: ClassVar[type] = LogitTrainer

    def check(self) -> None:
        """As Method's."""
        losses.check(1, 1, self.kind, self.temperature, self.beta)
        losses.check_alpha(self.alpha)

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> LogitTrainer:
        """Its trainer. student, teacher: (model, tokenizer), loaded if None.

        Raises:
            ValueError: if they do not share a tokenizer, and as `models.load_sibling` and `trainer_for`.
        """
        beside = self.beside()
        model, tokenizer = student or self.student()
        other, _ = teacher or models.load_teacher(self.tier)
        sizes = (len(one.get_output_embeddings().weight) for one in (model, other))
        return self.trainer_for(
            (model, tokenizer), self.tokens(tokenizer), teacher=other, kind=self.kind, temperature=self.temperature,
            beta=self.beta, alpha=self.alpha, **shared(self.tier, tokenizer, *sizes), **beside,
        )  # fmt: skip


def shared(tier: Tier, tokenizer, student: int, teacher: int) -> dict[str, int]:
    """What the teacher and a student of its family have in common.

    Args:
        tier: whose teacher it is.
        tokenizer: the student's.
        student: how many logits the student gives.
        teacher: how many logits the teacher gives.

    Returns:
        vocabulary: the tokens that both really have. opening: how many tokens the teacher's prompt has behind the
        student's, which the teacher therefore did not write.

    Raises:
        ValueError: if they do not share a tokenizer, or if a prompt of the one does not begin as the other's.
    """
    other = models.load_tokenizer(tier, "teacher")
    vocabulary = losses.common_vocabulary(tokenizer, other, student, teacher)
    longer, shorter = (models.prompt_ids(each, "How many?") for each in (other, tokenizer))
    if longer[: len(shorter)] != shorter:
        raise ValueError("the teacher's prompt does not begin as the student's: their chat templates differ too much")
    return {"vocabulary": vocabulary, "opening": len(longer) - len(shorter)}
