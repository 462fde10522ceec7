"""Notebook 05: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import ast
import json
import random
import re
from math import log

import pytest
import torch
import torch.nn.functional as F
from notebook_checks import plain_python, text
from test_logit_trainer import batch_of, tier, trainer_for  # noqa: F401  (a fixture)
from test_notebook_definitions import cell, definitions, exercise, notebook, printed

from helpers import check, losses, models, traces
from helpers.losses import on_lists
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


def test_by_hand_is_by_hand_and_each_term_counts():
    p, q = assigned("three", "p", "q")
    (terms,) = assigned("three", "terms", p=p, q=q)
    assert sum(p) == pytest.approx(1) and sum(q) == pytest.approx(1)
    log_q, log_p = (torch.tensor([each]).log() for each in (q, p))
    wanted = losses.divergence(log_q, log_p).item()
    assert sum(terms) == pytest.approx(wanted, rel=1e-5)
    for others in ([terms[0]], terms[:2], terms[1:], map(abs, terms)):
        assert abs(sum(others) - wanted) > 0.01


# --- exercises ----------------------------------------------------------------------------------


GIVEN = {"on_lists": on_lists, "torch": torch, "log": log}


def mean_by_torch(p, q, learnt):
    """Right, in single precision, as a reader who knows PyTorch writes it."""
    kept = torch.tensor(learnt)
    log_p, log_q = (torch.tensor(each)[kept].log() for each in (p, q))
    return F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def slopes_by_torch(p, z, label, alpha):
    z, p = torch.tensor([z], requires_grad=True), torch.tensor([p])
    soft = F.kl_div(z.log_softmax(-1), p, reduction="batchmean")
    (alpha * F.cross_entropy(z, torch.tensor([label])) + (1 - alpha) * soft).backward()
    return z.grad[0].tolist()


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "mean_kl", on_lists.MEAN_SLIPS), ("ex3", "gradient", on_lists.SLOPE_SLIPS)],
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, key, name, slips, **GIVEN)


@pytest.mark.parametrize(
    ("key", "name", "right"), [("ex1", "mean_kl", mean_by_torch), ("ex3", "gradient", slopes_by_torch)]
)
def test_what_is_right_in_another_way_is_right(capsys, key, name, right):
    for _ in range(20):
        last = printed(capsys, NAME, f"{key}-check", check=check, random=random, **GIVEN | {name: right})
        assert last.endswith("· right")


@pytest.mark.parametrize(
    ("key", "name", "shortcut"),
    [("ex1", "mean_kl", lambda p, q, m: mean_by_torch(p[1:3], q[1:3], [True, True])),
     ("ex1", "mean_kl", lambda p, q, m: mean_by_torch(p, q, [True] * len(m))),
     ("ex1", "mean_kl", lambda p, q, m: 3 * sum(m) * mean_by_torch(p, q, m) / (len(p[0]) * sum(m))),
     ("ex3", "gradient", lambda p, z, label, alpha: slopes_by_torch(p, z, label, 0.25)),
     ("ex3", "gradient", lambda p, z, label, alpha: slopes_by_torch(p, z, 0, alpha))],
)  # fmt: skip
def test_no_shortcut_passes(capsys, key, name, shortcut):
    random.seed(0)
    for _ in range(20):
        last = printed(capsys, NAME, f"{key}-check", check=check, random=random, **GIVEN | {name: shortcut})
        assert not last.endswith("· right")


@pytest.mark.parametrize(
    ("guess", "end"),
    [(..., "nothing yet"), (["hardly", "as far"], "· right"), (("hardly", "as far"), "· right"),
     (["as far", "as far"], "gradient descent?"), (["hardly", "hardly"], "divide its step by?"),
     (["as far", "hardly"], "other way round")],
)  # fmt: skip
def test_the_steps_are_made_only_after_a_prediction(capsys, guess, end):
    """What is made is what the cell defines: free logits that learn a distribution."""
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    given = {"torch": torch, "losses": losses, "free": logits, "wanted": 2 * logits.flip(1)}
    own, made = definitions(NAME, "ex2", **given), []

    def left(*case):
        made.append(case)
        return own["left"](*case)

    names = {"check": check, "torch": torch, "my_guess": guess, "left": left, "labels": range(5)}
    assert printed(capsys, NAME, "ex2-check", **names).endswith(end)
    assert len(made) == 4 * (guess is not ...)


# --- what is shown ------------------------------------------------------------------------------

# Chosen or worked out, not measured; what the study and the papers say is not in the outputs either.
KNOWN = {"262,144"}


def test_the_figures_of_the_prose_are_those_of_the_outputs():
    cells = notebook(NAME)["cells"]
    shown = "".join(
        json.dumps([one["outputs"], one["source"]], ensure_ascii=False) for one in cells if one["cell_type"] == "code"
    )
    for one in cells:
        if one["cell_type"] != "markdown" or one["id"].startswith(("ex", "title")):
            continue
        places = r"[Ss]ections? 5\.\d+|^#+ .*|\d{4}\.\d{4,5}|\$.*\$|\(5\.\d+\)"
        prose = re.sub(places, "", text(one["source"]), flags=re.MULTILINE)
        for number in re.findall(r"\d+[.,]\d+", prose):
            if number not in KNOWN:
                assert re.search(rf"(?<![\d.]){re.escape(number)}", shown), f"{number} of {one['id']} is in no output"
