"""Logit distillation: TRL's SFTTrainer with another loss. To be imported where a training begins, not before."""

import torch

from helpers import losses
from helpers.losses.chunked import chunked_divergence, head_of
from helpers.trainers import signals
from helpers.trainers.own_loss import OwnLoss


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
    return signals.read(model, inputs, "hidden", ())[0]


def shares(labels: torch.Tensor, opening: int, end: int, alpha: float) -> torch.Tensor:
    """The hard label's share at each learnt token, (tokens,): alpha where the teacher wrote it, 1 where it did not.

    labels: (batch, length). opening: tokens at an answer's beginning that were put into the teacher's mouth. end: the
    token that closes a turn, behind which the template still has a line break. There the teacher knows nothing.
    """
    place = (labels != losses.IGNORED).cumsum(1)
    ends = (labels == end).long()
    written = (place > opening) & (ends.cumsum(1) - ends == 0)
    return losses.targets(labels, torch.where(written, alpha, 1.0))
