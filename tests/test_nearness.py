"""How near two models are: from all logits by hand, whatever the batches, and zero of a model to itself."""

import pytest
import torch
from test_logit_trainer import tier  # noqa: F401  (a fixture)
from test_training import kept

from helpers import models, quantization
from helpers.quantization import Format
from helpers.training import nearness as file
from helpers.training.nearness import nearness
from helpers.training.rows import of_traces


@pytest.fixture
def pair(tier):  # noqa: F811
    whole, tokenizer = models.load_student(tier, four_bit=False)
    small = quantization.fake(models.load_student(tier, four_bit=False)[0], Format(2, 32))
    return small, whole, of_traces(tier, tokenizer, kept(), "student"), tokenizer.pad_token_id


def test_by_hand_text_by_text(pair):
    small, whole, rows, _ = pair
    found = nearness(*pair, at_a_time=3)
    for place, row in enumerate(rows):
        ids, labels = torch.tensor([row["input_ids"]]), row["labels"]
        with torch.no_grad():
            log_q, log_p = (one(ids).logits[0].log_softmax(-1) for one in (small, whole))
        learnt = [t for t in range(1, len(labels)) if labels[t] != -100]
        kl = sum(float(log_p[t - 1].exp() @ (log_p[t - 1] - log_q[t - 1])) for t in learnt)
        same = sum(int(log_p[t - 1].argmax() == log_q[t - 1].argmax()) for t in learnt)
        surprise = sum(-float(log_q[t - 1, labels[t]]) for t in learnt)
        assert found.tokens[place] == len(learnt) and found.agree[place] == same
        assert found.kl[place] == pytest.approx(kl, rel=1e-3)
        assert found.surprise[place] == pytest.approx(surprise, rel=1e-4)
    assert found.nats == pytest.approx(sum(found.kl) / sum(found.tokens)) and found.nats > 0.01
    assert 0 < found.agreement < 1 < found.perplexity


def test_batches_and_blocks_change_nothing(pair, monkeypatch):
    wanted = nearness(*pair)
    monkeypatch.setattr(file, "LOGITS", 1_000)
    found = nearness(*pair, at_a_time=2)
    assert found.tokens == wanted.tokens and found.agree == wanted.agree
    assert found.kl == pytest.approx(wanted.kl, rel=1e-3)


def test_a_model_is_itself(pair):
    _, whole, rows, pad = pair
    found = nearness(whole, whole, rows, pad)
    assert found.agreement == 1 and found.nats == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="no text"):
        nearness(whole, whole, [], pad)
