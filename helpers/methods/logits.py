"""Logit distillation, as in notebook 05: a student learns its teacher's whole distribution at each token.

The teacher is loaded beside the student and asked again at each step. Hinton, Vinyals and Dean 2015, "Distilling the
Knowledge in a Neural Network" (arXiv 1503.02531), section 2.
"""

from dataclasses import dataclass, field

import torch

from helpers import losses, models, training
from helpers.losses.chunked import chunked_divergence, head_of
from helpers.tiers import Tier
from helpers.training import activations
from helpers.training.method import Method, trainer_of
from helpers.training.own_loss import OwnLoss


class LogitTrainer(OwnLoss):
    """Trains a student on its teacher's whole distribution at each token that the teacher wrote.

    teacher: a model that shares the student's tokenizer; it is asked again at each step.
    vocabulary: how many tokens both really have (`losses.common_vocabulary`).
    opening: how many tokens at an answer's beginning the teacher did not write because its prompt holds them
        (`<think>`); there the label alone is learnt.
    kind, temperature, beta: as `losses.each_divergence`. alpha: the share of the hard labels in the loss.
    The rest as OwnLoss.
    """

    def __init__(
        self, *arguments, teacher, vocabulary: int, opening: int = 0, kind: str = "forward", temperature: float = 1.0,
        beta: float = 0.5, alpha: float = 0.0, **more,
    ):  # fmt: skip
        super().__init__(*arguments, **more)
        self.teacher = teacher.eval()
        self.teacher_head = head_of(teacher, vocabulary)
        self.vocabulary, self.opening, self.alpha = vocabulary, opening, alpha
        self.form = {"kind": kind, "temperature": temperature, "beta": beta}

    def loss_on(self, model, inputs, count):
        labels = inputs.pop("labels")
        with torch.no_grad():
            theirs = hidden_states(self.teacher, inputs)
        return self.loss_of(model, hidden_states(model, inputs), theirs, labels, count)

    def loss_of(self, model, ours, theirs, labels, count):
        """The loss on logits. ours, theirs: (batch, length, width), what the output heads are given."""
        ours, theirs = losses.learnt(ours, labels), losses.learnt(theirs, labels)
        head = head_of(self.accelerator.unwrap_model(model), self.vocabulary)
        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, self.alpha)
        return chunked_divergence(
            ours, head, theirs, self.teacher_head, **self.form,
            labels=losses.targets(labels), alpha=alpha, count=count,
        )  # fmt: skip


def hidden_states(model, inputs: dict) -> torch.Tensor:
    """What the output head is given: (batch, length, width), after the last norm."""
    return activations.read(model, inputs, "hidden", ())[0]


def shares(labels: torch.Tensor, opening: int, end: int, alpha: float) -> torch.Tensor:
    """The hard label's share at each learnt token, (tokens,): alpha where the teacher wrote it, 1 where it did not.

    labels: (batch, length). opening: tokens at an answer's beginning that were put into the teacher's mouth. end: the
    token that closes a turn, behind which the template still has a line break. There the teacher knows nothing.
    """
    place = (labels != losses.IGNORED).cumsum(1)
    ends = (labels == end).long()
    written = (place > opening) & (ends.cumsum(1) - ends == 0)
    return losses.targets(labels, torch.where(written, alpha, 1.0))


@dataclass(frozen=True)
class Logits(Method):
    """As Method: the sibling learns the teacher's distributions on its verified traces.

    kind, temperature, beta: as `losses.each_divergence`; alpha: the share of the hard labels.
    Raises ValueError for one of them that is none, and as Method.
    """

    kind: str = field(default="forward", kw_only=True)
    temperature: float = field(default=1.0, kw_only=True)
    beta: float = field(default=0.5, kw_only=True)
    alpha: float = field(default=0.0, kw_only=True)
    name = "logit"
    role = "sibling"

    def check(self) -> None:
        losses.check(1, 1, self.kind, self.temperature, self.beta)
        losses.check_alpha(self.alpha)

    @property
    def soft(self) -> dict:
        """How the distributions are learnt: what LogitTrainer takes of it."""
        return {"kind": self.kind, "temperature": self.temperature, "beta": self.beta, "alpha": self.alpha}

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A LogitTrainer. student, teacher: (model, tokenizer), loaded if None.

        Raises ValueError if they do not share a tokenizer, and as `models.load_sibling` and `trainer_of`.
        """
        model, tokenizer = student or self.student()
        other, _ = teacher or models.load_teacher(self.tier)
        args = training.settings(self.tier, self.seed, self.folder)
        common = shared(self.tier, tokenizer, other, model)
        return trainer_of(
            LogitTrainer, model, tokenizer, self.tokens(tokenizer), self.tier, self.seed, args, teacher=other,
            **common, **self.soft,
        )  # fmt: skip


def shared(tier: Tier, tokenizer, teacher, sibling) -> dict[str, int]:
    """What the teacher and a student of its family have in common.

    vocabulary: the tokens that both really have. opening: how many tokens the teacher's prompt has behind the
    student's, which the teacher therefore did not write.
    Raises ValueError if they do not share a tokenizer, or if a prompt of the one does not begin as the other's.
    """
    sizes = (model.get_output_embeddings().weight.shape[0] for model in (teacher, sibling))
    return in_common(models.load_tokenizer(tier, "teacher"), tokenizer, *sizes)


def in_common(other, tokenizer, *sizes: int) -> dict[str, int]:
    """As `shared`, without the models. other: the teacher's tokenizer; sizes: the logits of teacher and student."""
    vocabulary = losses.common_vocabulary(other, tokenizer, *sizes)
    longer, shorter = (models.prompt_ids(each, "How many?") for each in (other, tokenizer))
    if longer[: len(shorter)] != shorter:
        raise ValueError("the teacher's prompt does not begin as the student's: their chat templates differ too much")
    return {"vocabulary": vocabulary, "opening": len(longer) - len(shorter)}
