"""Notebook 05: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import ast
import random
from math import exp, log

import pytest
import torch
import torch.nn.functional as F
from notebook_checks import plain_python
from test_logit_trainer import batch_of, tier, trainer_for  # noqa: F401  (a fixture)
from test_notebook_definitions import cell, definitions, exercise

from helpers import losses, models, traces
from helpers.tiers import TIERS

NAME = "05_logit_distillation"


def assigned(key: str, *names: str, **given):
    """What a cell assigns to some names, and nothing else of it."""
    tree = ast.parse(plain_python(cell(NAME, key)))
    wanted = [
        node for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Assign) and {target.id for target in node.targets} & set(names))
    ]  # fmt: skip
    exec(compile(ast.Module(wanted, []), key, "exec"), given)
    return [given[name] for name in names]


@pytest.mark.parametrize("how", [{}, {"temperature": 2.0, "alpha": 0.25}], ids=str)
def test_its_trainer_is_the_helper_s(tier, how):  # noqa: F811
    own = definitions(NAME, "trainer", torch=torch, losses=losses, F=F)["PlainLogitTrainer"]
    trainer = trainer_for(tier, how)
    batch = batch_of(trainer)
    trainer.model.eval()
    with torch.no_grad():
        helper = trainer.compute_loss(trainer.model, dict(batch)).item()
        trainer.size, trainer.temperature = trainer.vocabulary, how.get("temperature", 1.0)
        assert own.compute_loss(trainer, trainer.model, dict(batch)).item() == pytest.approx(helper, rel=1e-4)
        halved = own.compute_loss(trainer, trainer.model, dict(batch), num_items_in_batch=None).item()
        learnt = losses.targets(batch["labels"]).numel()
        counted = own.compute_loss(trainer, trainer.model, dict(batch), num_items_in_batch=2 * learnt).item()
    assert counted == pytest.approx(halved / 2)


def test_it_reads_a_trace_as_the_trainer_does():
    teacher_tokenizer, tokenizer = (models.load_tokenizer(TIERS["mini"], role) for role in ("teacher", "sibling"))
    made = definitions(
        NAME, "load-trace", tokenizer=tokenizer, teacher_tokenizer=teacher_tokenizer, models=models, traces=traces,
    )  # fmt: skip
    row = {"question": "How many?", traces.ANSWER: "<think>\n3 + 4 = 7.\n</think>\n\nIt is 7."}
    ids, begin = made["ids_of"](row), made["begin_of"](row)
    assert tokenizer.decode(ids[begin:]).startswith("3 + 4 = 7.")
    assert tokenizer.decode(ids[:begin]).endswith("<|im_start|>assistant\n<think>\n")


def test_by_hand_is_by_hand():
    p, q = assigned("three", "p", "q")
    (terms,) = assigned("three", "terms", p=p, q=q)
    assert sum(p) == pytest.approx(1) and sum(q) == pytest.approx(1)
    log_q, log_p = (torch.tensor([each]).log() for each in (q, p))
    assert sum(terms) == pytest.approx(losses.divergence(log_q, log_p).item(), rel=1e-5)


# --- exercises ----------------------------------------------------------------------------------


def some_distribution():
    parts = [random.uniform(0.1, 1) for _ in range(3)]
    return [part / sum(parts) for part in parts]


def shares_of(logits, T):
    powers = [exp(value / T) for value in logits]
    return [power / sum(powers) for power in powers]


def test_the_mean_divergence_can_be_written(capsys):
    def each(p, q):
        return [sum(a * log(a / b) for a, b in zip(x, y, strict=True)) for x, y in zip(p, q, strict=True)]

    def mean(p, q, learnt):
        kept = [kl for kl, keep in zip(each(p, q), learnt, strict=True) if keep]
        return sum(kept) / len(kept)

    mistakes = {
        lambda p, q, m: mean(q, p, m): "that is KL(q ‖ p)",
        lambda p, q, m: mean(p, q, m) * sum(m) / len(m): "divide by the learnt tokens, not by all",
        lambda p, q, m: mean(p, q, m) / 3: "the vocabulary is summed over, not averaged",
    }
    exercise(capsys, NAME, "ex1", "mean_kl", mistakes, log=log)


def test_the_softmax_can_be_written(capsys):
    mistakes = {
        lambda z, T: shares_of(z, 1 / T): "divide by T: a high temperature flattens",
        lambda z, T: [p / T for p in shares_of(z, 1)]: "divide the logits, before the softmax",
    }
    exercise(capsys, NAME, "ex2", "softened", mistakes)


def test_the_gradient_can_be_found(capsys):
    mistakes = {
        lambda p, z: [a - b for a, b in zip(p, shares_of(z, 1), strict=True)]:
            "the other way round: downhill would be uphill",
    }  # fmt: skip
    exercise(
        capsys, NAME, "ex3", "gradient", mistakes, log=log, true_shares=shares_of,
        some_distribution=some_distribution,
    )
