"""Notebook 01: what it defines is what PyTorch does, its exercises can be solved, and its words fit its figures."""

from math import exp

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from test_notebook_definitions import cell, definitions
from torch import nn

from helpers import evaluation, losses
from helpers.evaluation import results

NAME = "01_dark_knowledge"


@pytest.fixture(scope="module")
def made() -> dict:
    """What the notebook defines, on random images, labels and logits of a teacher."""
    torch.manual_seed(0)
    images, labels = torch.rand(40, 1, 8, 8), torch.randint(10, (40,))
    given = {
        "torch": torch, "nn": nn, "F": F, "SEED": 0, "images": images, "labels": labels, "pictures": images,
        "numbers": labels, "said": 3 * torch.randn(40, 10), "hints": torch.randn(40, 32, 4, 4), "best": 2,
    }  # fmt: skip
    cells = ("student", "train", "hinton", "right", "students", "controls", "unseen", "thin", "guided", "stages")
    return definitions(NAME, *cells, **given)


@pytest.mark.parametrize(("T", "alpha"), [(1.0, 1.0), (4.0, 0.0), (2.0, 0.25)])
def test_its_loss_is_the_helpers(made, T, alpha):
    student, batch = made["small"](), torch.tensor([1, 2, 3])
    ours, theirs = student(made["images"][batch]), made["said"][batch]
    hard = F.cross_entropy(ours, made["labels"][batch])
    wanted = losses.mixed(losses.divergence(ours, theirs, temperature=T), hard, alpha)
    assert made["hinton_loss"](T, alpha)(student, batch).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_order_of_images_depends_on_the_seed_and_not_on_the_loss(made):
    def seen(seed: int, sign: int) -> list:
        batches = []

        def loss(student, batch):
            batches.append(batch.tolist())
            return sign * sum(weights.sum() for weights in student.parameters())

        made["train"](seed, made["small"](), made["draw"](seed, 9), loss, steps=4)
        return batches

    assert seen(3, 1) == seen(3, -3) != seen(4, 1)


def test_students_of_one_place_begin_alike_and_each_has_images_of_its_own(made):
    """Of two kinds the i-th are pairs; within a kind no two are alike, and the same call gives the same again."""
    hard, soft = (made["students_of"](n=8, many=2, steps=0, alpha=alpha) for alpha in (1.0, 0.0))
    weights = [[student[1].weight for student in kind] for kind in (hard, soft)]
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
    assert not torch.equal(weights[0][0], weights[0][1])
    drawn = [made["draw"](seed, 12).tolist() for seed in range(4)]
    assert all(len(set(row)) == 12 for row in drawn) and len({tuple(sorted(row)) for row in drawn}) == 4
    once, again = (made["scores"](made["students_of"](n=8, many=2, steps=5, T=2), range(40)) for _ in range(2))
    assert once == again


def test_dealt_doubts_keep_winner_and_probabilities(made):
    logits, order = torch.randn(10), torch.tensor([1, 2, 3, 4, 5, 6, 7, 8, 0])
    dealt = made["dealt"](logits, order)
    assert dealt.argmax() == logits.argmax() and torch.equal(dealt.sort().values, logits.sort().values)
    assert (dealt == logits).sum() == 1  # the winner alone is where it was


def test_a_digit_that_is_taken_away_is_not_seen(made):
    shown = []

    def students_of(places, **how):
        shown.extend(made["labels"][places].tolist())

    definitions(NAME, "unseen", students_of=students_of, labels=made["labels"])["never_saw"](3)
    assert 3 not in shown and len(shown) == (made["labels"] != 3).sum()


def test_its_hint_loss_is_half_the_mean_squared_error(made):
    half, batch = made["guided_half"](made["thin"]()), torch.tensor([1, 2, 3])
    wanted = F.mse_loss(half(made["images"][batch]), made["hints"][batch]) / 2
    assert made["hint_loss"](half, batch).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_both_stages_together_have_the_steps_of_one(made):
    taken = []

    def train(seed, student, places, loss, steps=200, rate=2e-2):
        taken.append(steps)
        return []

    fit = definitions(NAME, "stages", **{**made, "train": train})["fit"]
    for stage in (0, 60):
        taken.clear()
        fit(True, stage, 1e-2, many=1)
        assert sum(taken) == 200


def test_equality_needs_a_margin_and_not_a_failed_test(made):
    p_values = definitions(NAME, "paired")["p_values"]
    close, noisy = [0.001, -0.001, 0.002, 0.0], [0.2, -0.2, 0.15, -0.1]
    zeros = [0.0] * 4
    assert p_values(zeros, close).endswith("equal within 5 points: p < 0.001")
    different, equal = (float(part.rsplit(" ", 1)[1]) for part in p_values(zeros, noisy).split("; "))
    assert different > 0.05 and equal > 0.05  # neither shown to differ nor to be equal
    assert p_values(zeros, [0.1, 0.1001, 0.0999, 0.1]).startswith("p < 0.001")


def test_agreement_of_all_students_is_not_certainty():
    found = definitions(NAME, "unseen-show", evaluation=evaluation)["of_images"]([0.0, 0.0], range(51))
    assert found.value == 0 and found.high == pytest.approx(0.07, abs=1e-3)


def test_no_image_lies_in_two_splits(capsys):
    pixels, numbers = load_digits(return_X_y=True)
    found = {"SEED": 3, "numbers": torch.tensor(numbers), "pictures": torch.tensor(pixels)}
    exec(compile(cell(NAME, "split"), "split", "exec"), found)
    splits = [set(found[name]) for name in ("train_at", "val_at", "test_at")]
    assert list(map(len, splits)) == [1000, 297, 500] and len(set.union(*splits)) == len(numbers)


def test_the_pair_contradicts_itself_and_both_were_right():
    """Of four images of a 2, the rule finds the two that lean towards different digits, and not the error."""
    logits = torch.full((5, 10), -9.0)
    logits[:4, 2] = 5.0
    logits[0, 3], logits[1, 7] = 4.0, 4.0
    logits[4, 8], logits[4, 2] = 9.0, 0.0  # an error, which leans most of all
    given = {"torch": torch, "exp": exp, "of_test": logits, "truth": torch.full((5,), 2),
             "right_ones": torch.tensor([True] * 4 + [False]), "log_shares": logits.log_softmax(-1)}  # fmt: skip
    ratio, a, b, pair = definitions(NAME, "two", **given)["contradiction"](2)
    assert (a, b, pair) == (3, 7, [0, 1]) and ratio == pytest.approx(exp(13))


def test_by_hand_is_by_hand(capsys):
    found: dict = {"torch": torch, "F": F, "exp": exp}
    for key in ("hand", "hand-loss", "hand-check"):
        exec(compile(cell(NAME, key), key, "exec"), found)
    assert found["p"] == pytest.approx([0.5, 0.25, 0.25])
    assert found["by_hand"] == pytest.approx(found["by_torch"].item(), rel=1e-5)
    assert found["by_hand"] == pytest.approx(found["by_helper"].item(), rel=1e-5)
    exec(compile(cell(NAME, "hint-hand"), "hint-hand", "exec"), found)
    assert found["by_torch"].item() == found["distance"] / 2


# --- what the text says of the figures ----------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> dict:
    return results.study(NAME, "mini")


def test_the_study_has_its_figures(study):
    assert len(study["run"]["seeds"]) >= 3
    for kind in ("hard", "hard_tuned", "smoothed", "dealt_anew", "dealt_once", "both", "soft"):
        assert study[kind]["accuracy"]["n"] == 8 and len(study[kind]["accuracy"]["per_seed"]) >= 3


def ends(study, name: str) -> tuple[float, float]:
    """The lowest low and the highest high of a difference that a seed has."""
    gain = study["gain"][name]
    return min(gain["low"]["per_seed"]), max(gain["high"]["per_seed"])


def test_with_few_images_soft_targets_helped_and_it_was_their_content(study):
    for rival in ("hard", "hard, tuned", "smoothed", "dealt anew", "dealt once"):
        assert ends(study, f"soft over {rival}")[0] > 0
    assert ends(study, "dealt once over hard")[1] < 0
    for equal in ("smoothed over hard", "soft over both"):
        assert ends(study, equal)[0] > -0.05 and ends(study, equal)[1] < 0.05


def test_the_gain_is_gone_with_more_images_and_steps_do_not_bring_it_back(study):
    names = ("soft over hard", "soft over hard, 300 images", "soft over hard, 1000 images")
    gains = [study["gain"][name]["mean"] for name in names]
    assert [one["mean"] for one in gains] == sorted((one["mean"] for one in gains), reverse=True)
    for name in (*names[1:], "soft over hard, 1000 images, 1000 steps"):
        assert max(study["gain"][name]["mean"]["per_seed"]) < 0
    for name in ("1000 images", "1000 images, 1000 steps"):  # with both targets less is lost
        both, soft = (study["gain"][f"{kind} over hard, {name}"]["mean"]["mean"] for kind in ("both", "soft"))
        assert soft < both


def test_a_digit_that_was_never_seen_was_read_and_the_3_was_a_lucky_choice(study):
    unseen = study["unseen_digit"]
    assert unseen["hard"]["mean"] == 0 and max(unseen["hard_bonus"]["per_seed"]) < 0.05
    assert max(unseen["soft_t1"]["per_seed"]) < min(unseen["soft"]["per_seed"])
    assert min(unseen["soft_bonus"]["per_seed"]) > max(unseen["soft"]["per_seed"])
    every = {digit: one["mean"] for digit, one in study["every_digit"].items()}
    assert len(every) == 10 and max(every, key=every.__getitem__) == "3"
    assert sum(share < 0.1 for share in every.values()) >= 3  # "hardly named"


def test_a_hint_was_not_shown_to_help(study):
    hint = study["gain"]["hint over none, deep"]["mean"]
    assert hint["low"] < 0 < hint["high"]
