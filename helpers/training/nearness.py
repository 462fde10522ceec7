"""How near a model is to another on texts that neither is trained on: text by text, so that intervals can be had."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn.utils import parametrize

from helpers import losses
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import head_of
from helpers.models import answering
from helpers.training import activations
from helpers.training.rows import Padded


@dataclass(frozen=True)
class Nearness:
    """What two models say of the same texts; each a sum over a text's learnt tokens.

    Attributes:
        tokens: [texts], how many.
        kl: [texts], KL(whole ‖ model), in nats.
        agree: [texts], at how many tokens both hold the same token for the likeliest.
        surprise: [texts], -log of what the model gives the token that stands there, in nats.
    """

    tokens: tuple[int, ...]
    kl: tuple[float, ...]
    agree: tuple[int, ...]
    surprise: tuple[float, ...]

    @property
    def nats(self) -> float:
        """KL(whole ‖ model), the mean over all tokens."""
        return sum(self.kl) / sum(self.tokens)

    @property
    def agreement(self) -> float:
        """The share of all tokens at which both hold the same one for the likeliest."""
        return sum(self.agree) / sum(self.tokens)

    @property
    def loss(self) -> float:
        """The mean surprise, in nats a token: how well the texts are predicted, whatever the other model says."""
        return sum(self.surprise) / sum(self.tokens)

    @property
    def perplexity(self) -> float:
        """exp of the loss."""
        return math.exp(self.loss)


def nearness(
    model: torch.nn.Module, whole: torch.nn.Module, rows: Iterable[Mapping[str, Sequence[int]]], pad: int,
    at_a_time: int = 16,
) -> Nearness:  # fmt: skip
    """How near a model is to a whole one, which has the same tokens.

    Args:
        model: a causal language model, such as one in few bits.
        whole: the model that it is to be like.
        rows: with input_ids and labels (`training.rows.of_traces`); what has a label counts.
        pad: the token that fills up.
        at_a_time: texts that are read at a time.

    Raises:
        ValueError: where there is no text, for vocabularies of two sizes, and as `head_of`.
    """
    rows, collate, found = list(rows), Padded(pad), []
    if not rows:
        raise ValueError("there is no text to compare the two models on")
    heads = head_of(model), head_of(whole)
    block = max(1, LOGITS // len(heads[0].weight))
    with answering(model), answering(whole), torch.no_grad(), parametrize.cached():
        for begin in range(0, len(rows), at_a_time):
            batch = collate(rows[begin : begin + at_a_time])
            batch = {name: one.to(heads[0].weight.device) for name, one in batch.items()}
            labels = batch.pop("labels")
            states = [losses.learnt(activations.read(one, batch, "hidden", ())[0], labels) for one in (model, whole)]
            parts = (each.split(block) for each in (*states, losses.targets(labels)))
            of_tokens = torch.cat([_of_block(*part, *heads) for part in zip(*parts, strict=True)])
            found += [(len(one), *one.sum(0).tolist()) for one in of_tokens.split(activations.sizes(labels))]
    tokens, kl, agree, surprise = zip(*found, strict=True)
    return Nearness(tokens, kl, tuple(map(round, agree)), surprise)


def _of_block(ours, theirs, words, head, their_head) -> torch.Tensor:
    """(tokens, 3), of each token: the divergence, whether both favour the same one, the surprise. In float64."""
    q, p = head.logits(ours), their_head.logits(theirs)
    said = -q.log_softmax(-1).gather(1, words[:, None])[:, 0]
    return torch.stack([losses.each_divergence(q, p), q.argmax(-1) == p.argmax(-1), said], 1).double()
