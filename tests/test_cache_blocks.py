"""Targets of a long text are written and learnt some tokens at a time: the same bytes, the same loss, less memory."""

import pytest
import torch
from test_cache import tier  # noqa: F401  (a fixture)
from test_training import kept

from helpers import cache, methods
from helpers.cache.encodings import KINDS
from helpers.methods import cached


def blocks_of(monkeypatch, tokens: int, vocabulary: int) -> None:
    monkeypatch.setattr(cached, "LOGITS", tokens * vocabulary)


def loss_and_gradients(trainer, batch):
    model = trainer.model.eval()
    model.zero_grad()
    loss = trainer.compute_loss(model, dict(batch))  # which takes its targets out
    loss.backward()
    return loss.item(), [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]


def test_a_loss_in_blocks_is_the_whole_loss(tier, monkeypatch):  # noqa: F811
    trainer = methods.Cached(tier, 0, kept(), alpha=0.25, temperature=2.0).trainer()
    torch.nn.init.normal_(next(w for n, w in trainer.model.named_parameters() if "lora_B" in n), std=0.1)
    batch = next(iter(trainer.get_train_dataloader()))
    tokens = len(batch["target_ids"])
    whole, gradients = loss_and_gradients(trainer, batch)
    seen, stored = [], cached.stored_cross_entropy
    monkeypatch.setattr(
        cached, "stored_cross_entropy", lambda logits, *given: seen.append(len(logits)) or stored(logits, *given)
    )
    blocks_of(monkeypatch, 7, trainer.vocabulary)
    found, others = loss_and_gradients(trainer, batch)
    assert max(seen) == 7 and sum(seen) == 2 * tokens  # forwards, and again in the backward pass
    assert found == pytest.approx(whole, rel=1e-5)
    for one, other in zip(gradients, others, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)


def test_targets_written_in_blocks_are_the_same(tier, monkeypatch):  # noqa: F811
    (first, made) = methods.Cached(tier, 0, kept()).fill()
    monkeypatch.setattr(cached.Cached, "cache_folder", lambda method, record: method.tier.artifacts / "in blocks")
    blocks_of(monkeypatch, 5, made["vocabulary"])
    again, _ = methods.Cached(tier, 0, kept()).fill()
    assert max(first["tokens"]) > 10
    assert again.to_list() == first.to_list()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "independent"])  # its blocks draw other numbers
def test_every_encoding_packs_blocks(kind):
    shares = torch.randn(9, 40, generator=torch.Generator().manual_seed(0)).softmax(-1)
    encoding = cache.Encoding(kind, 4)
    whole = encoding.encode(shares, torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(1)
    assert encoding.pack([encoding.keep(part, generator) for part in shares.split(4)], 40) == whole
