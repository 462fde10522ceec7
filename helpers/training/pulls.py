"""How hard each loss between two models pulls at an adapter, and in which direction, without any training."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from helpers.losses import hidden as between
from helpers.losses import layer_maps
from helpers.training import activations
from helpers.training.matching import KINDS
from helpers.training.own_loss import OwnLoss


@dataclass(frozen=True)
class Pull:
    """What one loss does to an adapter at one place.

    Attributes:
        loss: its value.
        balance: how many times as long as its gradient that of the loss on logits is.
        direction: the cosine between the two, from -1 to 1.
    """

    loss: float
    balance: float
    direction: float


def pulls(
    trainer: OwnLoss, student: torch.nn.Module, pairs: layer_maps.Map, batch: Mapping[str, torch.Tensor]
) -> dict[str, Pull]:
    """What each loss of `matching.KINDS` would do to a student's adapter beside the loss on logits, on one batch.

    For a loss with a projection, the best one there is stands between, by least squares: with a random one, the
    direction would be that of a random matrix. Both models' attention is left as "sdpa".

    Args:
        trainer: has the teacher and the loss on logits.
        student: with an adapter, as the trainer's.
        pairs: of a student's layer and a teacher's.
        batch: input_ids, attention_mask and labels.
    """
    models = (student, trainer.teacher)
    for model in models:
        model.set_attn_implementation("eager")  # the other implementations never hold the attention
    found = _losses(trainer, student, pairs, batch)
    for model in models:
        model.set_attn_implementation("sdpa")
    gradients = {name: _gradient(student, loss) for name, loss in found.items()}
    logits = gradients.pop("logits")
    return {
        name: Pull(found[name].item(), (logits.norm() / one.norm()).item(), F.cosine_similarity(logits, one, 0).item())
        for name, one in gradients.items()
    }


def fitted(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The student's (tokens, width) states behind the projection that brings them nearest to the teacher's."""
    extended = F.pad(student.float(), (0, 1), value=1.0)
    return extended @ torch.linalg.lstsq(extended.detach(), teacher.float()).solution


def _losses(trainer, student, pairs, batch) -> dict[str, torch.Tensor]:
    """The loss on logits, and each kind's mean over the pairs of layers."""
    labels = batch["labels"]
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = {}
    for signal in dict.fromkeys(signal for _, signal in KINDS.values()):
        with torch.no_grad():
            their_last, theirs = activations.read(trainer.teacher, given, signal, [other for _, other in pairs])
        our_last, ours = activations.read(student, given, signal, [one for one, _ in pairs])
        if "logits" not in found:
            found["logits"] = trainer.loss_of(student, our_last, their_last, labels, None)
        sides = [[activations.learnt(each, labels) for each in side] for side in (ours, theirs)]
        for kind in (kind for kind, (_, of) in KINDS.items() if of == signal):
            each = [_loss(kind, one, other, labels) for one, other in zip(*sides, strict=True)]
            found[kind] = torch.stack(each).mean()
    return found


def _loss(kind, student, teacher, labels) -> torch.Tensor:
    more = (activations.sizes(labels),) if kind in ("relations", "value_relations") else ()
    return getattr(between, kind)(fitted(student, teacher) if KINDS[kind][0] else student, teacher, *more)


def _gradient(student, loss) -> torch.Tensor:
    weights = [weight for name, weight in student.named_parameters() if "lora_" in name]
    parts = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
    return torch.cat([part.float().flatten() for part in parts])
