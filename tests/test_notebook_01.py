"""Notebook 01: what it defines is what PyTorch does, its exercises can be solved, and its words fit its figures."""

import random
from math import log

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from test_notebook_definitions import cell, definitions, exercise
from torch import nn

from helpers import losses
from helpers.evaluation import results

NAME = "01_dark_knowledge"


@pytest.fixture(scope="module")
def made() -> dict:
    """What the notebook defines, on random images, labels and logits of a teacher."""
    torch.manual_seed(0)
    given = {
        "torch": torch, "nn": nn, "F": F, "losses": losses, "SEED": 0, "images": torch.rand(40, 1, 8, 8),
        "labels": torch.randint(10, (40,)), "said": 3 * torch.randn(40, 10), "hints": torch.randn(40, 32, 4, 4),
    }  # fmt: skip
    return definitions(NAME, "student", "train", "hinton", "right", "controls", "thin", "guided", **given)


def alone(model, weights, place):
    one = {name: value[place] for name, value in weights.items()}
    return lambda images: torch.func.functional_call(model, one, (images,))


@pytest.mark.parametrize("kind", ["small", "thin"])
def test_a_stack_answers_as_its_models_do(made, kind):
    model, weights = made[kind](), made["stack"](made[kind], 3)
    found = made["answers"](model, weights, made["images"][:5], own=False)
    for place in range(3):
        assert torch.allclose(found[place], alone(model, weights, place)(made["images"][:5]), atol=1e-5)
    own = made["answers"](model, weights, made["images"][:6].reshape(3, 2, 1, 8, 8))
    assert torch.allclose(own[1], found[1][2:4], atol=1e-5)


@pytest.mark.parametrize(("T", "alpha"), [(1.0, 1.0), (4.0, 0.0), (2.0, 0.25)])
def test_its_loss_is_pytorchs(made, T, alpha):
    model, weights = made["small"](), made["stack"](made["small"], 2)
    batch = torch.tensor([[1, 2, 3], [4, 5, 6]])
    found = made["hinton_loss"](model, T, alpha)(weights, batch)
    wanted = 0
    for place, rows in enumerate(batch):
        ours = alone(model, weights, place)(made["images"][rows])
        soft = F.kl_div((ours / T).log_softmax(-1), (made["said"][rows] / T).softmax(-1), reduction="batchmean")
        wanted += alpha * F.cross_entropy(ours, made["labels"][rows]) + (1 - alpha) * T**2 * soft
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_a_student_in_a_stack_is_trained_as_if_alone(made):
    """One step: neither the others' losses nor their number changes a student's gradient."""
    pick, model = made["draws"](8, 3), made["small"]()
    loss, together = made["hinton_loss"](model, T=2.0), made["stack"](made["small"], 3)
    first = {name: value[:1].detach().clone().requires_grad_() for name, value in together.items()}
    made["train"](together, loss, pick, steps=1)
    made["train"](first, loss, pick[:1], steps=1)
    for name, value in first.items():
        assert torch.allclose(together[name][:1], value, atol=1e-5)


def test_the_order_of_images_does_not_depend_on_the_loss(made):
    seen: dict[str, list] = {"one": [], "two": []}
    for name, batches in seen.items():
        weights = made["stack"](made["small"], 2)

        def loss(weights, batch, name=name, batches=batches):
            batches.append(batch)
            return sum(value.sum() for value in weights.values()) * (1 if name == "one" else -3)

        made["train"](weights, loss, made["draws"](9, 2), steps=4)
    assert all(torch.equal(a, b) for a, b in zip(*seen.values(), strict=True))


def test_each_student_has_images_of_its_own(made):
    drawn = made["draws"](12, 4)
    assert drawn.shape == (4, 12) and all(len(set(row)) == 12 for row in drawn.tolist())
    assert len({tuple(sorted(row)) for row in drawn.tolist()}) == 4


def test_shuffled_doubts_keep_winner_and_probabilities(made):
    logits = torch.randn(10)
    dealt = made["shuffled"](logits, torch.Generator().manual_seed(1))
    assert dealt.argmax() == logits.argmax() and not torch.equal(dealt, logits)
    assert torch.equal(dealt.sort().values, logits.sort().values)


def test_its_hint_loss_is_half_the_mean_squared_error(made):
    half = made["guided_half"](made["thin"]())
    weights = made["stack"](lambda: made["guided_half"](made["thin"]()), 2)
    batch = torch.tensor([[1, 2, 3], [4, 5, 6]])
    wanted = sum(
        F.mse_loss(alone(half, weights, place)(made["images"][rows]), made["hints"][rows]) / 2
        for place, rows in enumerate(batch)
    )
    assert made["hint_loss"](half)(weights, batch).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_no_image_lies_in_two_heaps(capsys):
    pixels, numbers = load_digits(return_X_y=True)
    found = {"SEED": 3, "numbers": torch.tensor(numbers), "pictures": torch.tensor(pixels)}
    exec(compile(cell(NAME, "split"), "split", "exec"), found)
    heaps = [set(found[name]) for name in ("train_at", "val_at", "test_at")]
    assert list(map(len, heaps)) == [1000, 297, 500] and len(set.union(*heaps)) == len(numbers)


def test_by_hand_is_by_hand(capsys):
    found: dict = {"torch": torch, "F": F}
    for key in ("hand", "hand-loss", "hand-check"):
        exec(compile(cell(NAME, key), key, "exec"), found)
    assert found["p"] == pytest.approx([0.5, 0.25, 0.25])
    assert found["by_hand"] == pytest.approx(found["by_torch"].item(), rel=1e-5)
    assert found["by_hand"] == pytest.approx(found["by_helper"].item(), rel=1e-5)
    exec(compile(cell(NAME, "hint-hand"), "hint-hand", "exec"), found)
    assert found["by_torch"].item() == found["distance"] / 2


# --- exercises ----------------------------------------------------------------------------------


def test_the_runner_up_can_be_found(capsys):
    mistakes = {
        lambda z: z.index(max(z)): "that is the winner itself",
        lambda z: sorted(z)[-2]: "that is its logit, not the digit",
    }
    exercise(capsys, NAME, "ex1", "runner_up", mistakes)


def test_the_loss_can_be_written(capsys):
    softened = definitions(NAME, "hand")["softened"]

    def hinton(student, teacher, label, alpha, T, power=2, hard_at=1.0):
        z, y = torch.tensor([student]), torch.tensor([teacher])
        soft = F.kl_div((z / T).log_softmax(-1), (y / T).softmax(-1), reduction="batchmean").item()
        hard = F.cross_entropy(z / hard_at, torch.tensor([label])).item()
        return alpha * hard + (1 - alpha) * T**power * soft

    mistakes = {
        lambda *c: hinton(*c, power=0): "T² is missing",
        lambda *c: hinton(*c, hard_at=c[4]): "the label is compared at temperature 1",
        lambda s, t, label, alpha, T: hinton(s, t, label, 1 - alpha, T): "alpha is the share of the hard part",
    }
    exercise(capsys, NAME, "ex2", "hinton", mistakes, softened=softened, log=log)


def test_the_hint_loss_can_be_written(capsys):
    def hint(u, v, W, b):
        return sum((x - sum(map(float.__mul__, row, v)) - c) ** 2 for x, row, c in zip(u, W, b, strict=True)) / 2

    mistakes = {
        lambda *c: 2 * hint(*c): "half of that",
        lambda u, v, W, b: hint(u, v, W, [0.0] * 3): "b is missing",
        lambda *c: (2 * hint(*c)) ** 0.5: "squared: there is no root",
    }
    exercise(capsys, NAME, "ex3", "hint", mistakes, torch=torch, random=random)


# --- what the text says of the figures ----------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> dict:
    return results.study(NAME, "mini")


def test_the_study_has_its_figures(study):
    assert len(study["run"]["seeds"]) >= 3
    for kind in ("hard", "hard_tuned", "smoothed", "shuffled", "soft"):
        assert study[kind]["accuracy"]["n"] == 20 and len(study[kind]["accuracy"]["per_seed"]) >= 3


def test_with_few_images_soft_labels_helped_much_and_shuffled_doubts_did_not(study):
    gains = study["gain"]
    for rival in ("hard", "hard_tuned", "smoothed", "shuffled"):
        assert min(gains[rival]["low"]["per_seed"]) > 0
    assert study["shuffled"]["accuracy"]["mean"] < study["hard"]["accuracy"]["mean"]
    smoothing = study["smoothed"]["accuracy"]["mean"] - study["hard"]["accuracy"]["mean"]
    assert smoothing < gains["hard"]["mean"]["mean"] / 2  # "a faint copy"


def test_the_gain_shrinks_and_turns(study):
    soft = [study["images"][n]["soft"]["mean"]["mean"] for n in ("50", "100", "300", "1000")]
    assert soft == sorted(soft, reverse=True)
    for kind in ("soft", "hot"):
        assert max(study["images"]["1000"][kind]["high"]["per_seed"]) < 0
    assert study["images"]["1000"]["hot"]["mean"]["mean"] < soft[-1]


def test_a_digit_that_was_never_seen_was_read(study):
    unseen = study["unseen_digit"]
    assert unseen["hard"]["mean"] == 0  # "not one"
    assert max(unseen["soft_t1"]["per_seed"]) < min(unseen["soft"]["per_seed"]) / 2
    assert min(unseen["soft"]["per_seed"]) > 0.25  # "a good part"
    assert min(unseen["soft_bonus"]["per_seed"]) > max(unseen["soft"]["per_seed"])


def test_a_hint_helped_the_deep_student_less_than_soft_labels_did(study):
    gains = {name: one["mean"]["mean"] for name, one in study["hint_gain"].items()}
    assert 0 < gains["deep_hint"] < gains["deep_soft"] and min(study["hint_gain"]["deep_soft"]["low"]["per_seed"]) > 0
    assert study["hint_gain"]["deep_hint"]["mean"]["low"] < 0  # "its interval includes zero"
    assert gains["shallow_soft"] > -0.02  # "a student with one layer less learns as much"
