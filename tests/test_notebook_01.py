"""Notebook 01: what it defines is what PyTorch does, its exercises can be solved, and its words fit its figures."""

from math import exp

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from test_notebook_definitions import cell, definitions, unsaid
from torch import nn

from helpers import evaluation, losses
from helpers.evaluation import results

NAME = "01_dark_knowledge"
# A cell of prose, the cells whose outputs its figures are from, and the settings that it names beside them.
SAID = {
    "slide-md": (("two",), set()), "train-md": (("student", "teacher-test"), set()), "students-md": (("one",), set()),
    "few-md": (("students", "split"), {"1.5"}), "more-md": (("paired",), {"0.5", "50"}),
    "more-means": (("more", "train"), {"1,000"}), "unseen-md": (("long", "teacher-test"), {"1.7", "3", "50"}),
    "seeds-means": (("seeds",), {"50", "200", "1,000"}), "results-md": (("seeds-unseen",), {"10"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict:
    """What the notebook defines, on random images, labels and logits of a teacher."""
    torch.manual_seed(0)
    images, labels = torch.rand(40, 1, 8, 8), torch.randint(10, (40,))
    given = {
        "torch": torch, "nn": nn, "F": F, "SEED": 0, "images": images, "labels": labels, "pictures": images,
        "numbers": labels, "said": 3 * torch.randn(40, 10),
    }  # fmt: skip
    cells = ("hand-check", "student", "train", "hinton", "right", "students", "controls", "unseen")
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


def test_a_student_stands_at_its_place_whether_trained_alone_or_among_others(made):
    """So each control can have a deal of its own and is still a pair with the hard student of its place."""
    several = made["students_of"](n=8, many=3, steps=5, T=2)
    (alone,) = made["students_of"](n=8, first=2, many=1, steps=5, T=2)
    assert torch.equal(alone[1].weight, several[2][1].weight)


def test_dealt_doubts_keep_winner_and_probabilities_and_go_by_the_winner(made):
    said, dealt = made["said"], made["dealt"](0)
    winner = said.argmax(-1)
    assert torch.equal(dealt.argmax(-1), winner) and torch.equal(dealt.sort().values, said.sort().values)
    assert not torch.equal(dealt, said) and torch.equal(dealt, made["dealt"](0))
    assert not torch.equal(dealt, made["dealt"](1))
    for digit in winner.unique():
        ours, theirs = said[winner == digit], dealt[winner == digit]
        places = [(ours[0] == value).nonzero().item() for value in theirs[0]]
        assert torch.equal(ours[:, places], theirs)  # one deal for all that have this winner


def test_a_digit_that_is_taken_away_is_not_seen(made):
    shown = []

    def students_of(places, **how):
        shown.extend(made["labels"][places].tolist())

    definitions(NAME, "unseen", students_of=students_of, labels=made["labels"])["never_saw"](3)
    assert 3 not in shown and len(shown) == (made["labels"] != 3).sum()


def test_agreement_of_all_students_is_not_certainty():
    found = definitions(NAME, "unseen", evaluation=evaluation)["of_images"]([0.0, 0.0], range(51))
    assert found.value == 0 and found.high == pytest.approx(0.07, abs=1e-3)


def test_no_image_lies_in_two_splits(capsys):
    pixels, numbers = load_digits(return_X_y=True)
    found = {"SEED": 3, "numbers": torch.tensor(numbers), "pictures": torch.tensor(pixels)}
    exec(compile(cell(NAME, "split"), "split", "exec"), found)
    splits = [set(found[name]) for name in ("train_at", "val_at", "test_at")]
    assert list(map(len, splits)) == [1000, 297, 500] and len(set.union(*splits)) == len(numbers)


def test_the_pair_has_one_label_two_doubts_and_is_right(capsys):
    """Of five images of a 4, the cell finds the two that lean towards 6 and 9, and not the error."""
    logits = torch.full((5, 10), -9.0)
    logits[:4, 4] = 5.0
    logits[1, 6], logits[3, 9] = 4.0, 4.5
    logits[4, 6] = 9.0  # an error, which leans most of all
    found = {"torch": torch, "digits": type("", (), {"pictures": staticmethod(lambda *_: None)}), "of_test": logits,
             "truth": torch.full((5,), 4), "answer": logits.argmax(-1), "test_at": range(5),
             "pictures": torch.zeros(5, 1, 8, 8)}  # fmt: skip
    for key in ("doubts", "two"):
        exec(compile(cell(NAME, key), key, "exec"), found)
    assert found["pair"] == [1, 3]
    assert f"{exp(13):,.0f} times" in capsys.readouterr().out


def test_by_hand_is_by_hand(capsys):
    found: dict = {"torch": torch, "F": F, "exp": exp}
    for key in ("hand", "hand-loss", "hand-check"):
        exec(compile(cell(NAME, key), key, "exec"), found)
    assert found["p"] == pytest.approx([0.5, 0.25, 0.25])
    assert found["by_hand"] == pytest.approx(found["by_torch"].item(), rel=1e-5)
    assert found["by_hand"] == pytest.approx(found["by_helper"].item(), rel=1e-5)


# --- what the text says of the figures ----------------------------------------------------------


@pytest.mark.parametrize("words", SAID)
def test_the_figures_in_the_words_are_those_of_the_outputs(words):
    outputs, settings = SAID[words]
    assert set(unsaid(NAME, words, *outputs)) <= settings


@pytest.fixture(scope="module")
def study() -> dict:
    return results.study(NAME, "mini")


def test_the_study_has_its_figures(study):
    assert len(study["run"]["seeds"]) >= 3
    for kind in ("hard", "hard_tuned", "smoothed", "dealt_once", "both", "soft"):
        assert study[kind]["accuracy"]["n"] == 8 and len(study[kind]["accuracy"]["per_seed"]) >= 3


def ends(study, name: str) -> tuple[float, float]:
    """The lowest low and the highest high of a difference that a seed has."""
    gain = study["gain"][name]
    return min(gain["low"]["per_seed"]), max(gain["high"]["per_seed"])


def test_with_few_images_soft_targets_helped_and_it_was_their_content(study):
    for rival in ("hard", "hard, tuned", "smoothed", "dealt once"):
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
    assert unseen["hard"]["mean"] == 0
    assert max(unseen["soft_t1"]["per_seed"]) < min(unseen["soft"]["per_seed"])
    every = {digit: one["mean"] for digit, one in study["every_digit"].items()}
    assert len(every) == 10 and max(every, key=every.__getitem__) == "3"
    assert sum(share < 0.1 for share in every.values()) >= 3  # "hardly named"
