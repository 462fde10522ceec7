"""Notebook 07: what it shows is what the helpers do, its exercises know their mistakes, its words fit its outputs."""

import random
from itertools import accumulate, pairwise
from math import exp, log
from types import SimpleNamespace

import pytest
import torch
from test_cross_tokenizer import both, loss_of, messages, tier, trainer_for  # noqa: F401  (two are fixtures)
from test_notebook_definitions import cell, definitions, exercise, printed, unsaid

from helpers import alignment, check, losses
from helpers.alignment import exercises
from helpers.losses.cross_tokenizer import across
from helpers.losses.of_chunks import chunk_kl as kl
from helpers.methods.cross_tokenizer import both_predict, chunks_of, rows_of

NAME = "07_across_tokenizers"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "cover-means": ("cover",), "vocab-means": ("vocab",), "lost-means": ("lost",), "alm-means": ("alm",),
    "alm-real-means": ("alm-real",), "real-means": ("real",), "special-means": ("special",),
    "settings-means": ("settings",), "test-md": ("train", "equal"), "paired-md": ("score",),
    "paired-means": ("paired",), "kinds-means": ("kinds", "alm-real"), "gold-pairs-means": ("gold-pairs",),
}  # fmt: skip
# Per cent of an interval; problems; minutes of an exercise; names of models; a margin; what is written otherwise.
KNOWN = {"95", "500", "300", "6", "3", "5", "2,617", "0.0000105", "1.4"}


# --- exercises ----------------------------------------------------------------------------------


def test_surfaces(capsys, both):  # noqa: F811
    given = {"tokenizers": {"teacher": both.teacher, "student": both.student}}
    exercise(capsys, NAME, "ex1", "surface", {
        lambda token: token.replace("▁", " ").encode(): "`<0xE2>` stands for one byte, not for six letters",
        lambda token: token.encode(): "the letter ▁ stands for a space",
        lambda token: token.replace("▁", "").encode(): "the space belongs to the token",
    }, **given)  # fmt: skip
    known = alignment.surfaces(both.student)
    special = set(both.student.all_special_tokens)
    for token, number in both.student.get_vocab().items():
        assert token in special or exercises.surface(token) == known[number], token


def test_sizes(capsys):
    for _ in range(5):
        exercise(capsys, NAME, "ex2", "sizes", {
            lambda a, b: [(1, 1)] * min(len(a), len(b)): "that goes by position; count the bytes",
            lambda a, b: [pair[::-1] for pair in exercises.sizes(a, b)]: "the teacher comes first",
            lambda a, b: [(len(a), len(b))]: "a chunk ends where both cuts meet, not with the text",
            lambda a, b: [(size, size) for size in lengths(a, b)]: "count the tokens of a chunk, not its bytes",
        }, accumulate=accumulate, exercises=exercises)  # fmt: skip


def lengths(a, b) -> list[int]:
    """Of the chunks, in bytes."""
    return [end - begin for begin, end in pairwise((0, *alignment.align(a, b).ends))]


def test_chunk_kl(capsys):
    for _ in range(5):
        exercise(capsys, NAME, "ex4", "chunk_kl", {
            lambda p, q: exp(sum(p)) * (sum(p) - sum(q)): "'anything else' has a part in it too",
            lambda p, q: kl(q, p): "that is KL(q ‖ p)",
            lambda p, q: kl([sum(p) / len(p)], [sum(q) / len(q)]): "it takes no mean",
            lambda p, q: kl(p, [max(sum(q), log(1e-6))]): "take its logarithm as it is",
        })  # fmt: skip


def test_another_map_is_held_against_the_prediction(capsys):
    given = {"average": torch.tensor([0.3, 0.55, 0.15]), "check": check}
    for own, guess, end in (
        ([0, 1, 1], 15, "right"), ([0, 1], 24, "right"), ([0, 1], 26, "which tokens does a text use most?"),
        ((2,), 85, "right"), (..., 5, "nothing yet"), ([0], ..., "nothing yet"),
    ):  # fmt: skip
        assert printed(capsys, NAME, "ex3-check", my_map=own, my_guess=guess, **given).endswith(end)


# --- what it defines ----------------------------------------------------------------------------


def test_the_borders_that_both_have_are_the_chunks():
    borders = definitions(NAME, "align")["borders"]
    generator = random.Random(0)
    whole = bytes(generator.randrange(256) for _ in range(60))
    for _ in range(20):
        sides = []
        for _ in range(2):
            edges = [0, *sorted(generator.sample(range(1, 60), 25)), 60]
            sides.append([whole[a:b] for a, b in pairwise(edges)])
        assert tuple(sorted(borders(sides[0]) & borders(sides[1]))) == alignment.align(*sides).ends


def test_the_loss_by_hand_is_the_helper_s(capsys):
    names = {"torch": torch, "alignment": alignment, "show": SimpleNamespace(spans=lambda *_, **__: None)}
    for key in ("two-words", "one", "chain"):
        exec(compile(cell(NAME, key), key, "exec"), names)
    by_hand, by_helper = (line.split()[-2:] for line in capsys.readouterr().out.splitlines()[-2:])
    assert by_hand == by_helper
    assert names["helper"].tolist() == pytest.approx([names["first"], names["second"]], rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"alpha": 0.3, "unmatched": 0.5}], ids=str)
def test_the_trainer_is_the_helper_s(tier, how):  # noqa: F811
    trainer = trainer_for(tier, **how)
    plain = definitions(NAME, "trainer", torch=torch, across=across)["PlainAcrossTrainer"]
    batch = trainer.data_collator(trainer.train_dataset.select(range(4)).to_list())
    for count in (None, torch.tensor(77)):
        with torch.no_grad():
            shown = plain.compute_loss(trainer, trainer.model.eval(), batch, num_items_in_batch=count)
            helper = trainer.compute_loss(trainer.model, batch, num_items_in_batch=count)
        assert shown.item() == pytest.approx(helper.item(), rel=1e-4)
    assert loss_of(trainer, batch).item() > 0


def test_what_both_predict_belongs_to_the_learnt_tokens(tier):  # noqa: F811
    trainer = trainer_for(tier)
    row = trainer.train_dataset[0]
    student, teacher = trainer.model.eval(), trainer.teacher
    q, q_ids, p, p_ids, chunks = both_predict(student, teacher, row, written=False)
    assert chunks == chunks_of(row)
    assert len(q) == len(q_ids) == row["student_cuts"][-1] and len(p) == len(p_ids) == row["teacher_cuts"][-1]
    with torch.no_grad():
        whole = student(input_ids=torch.tensor([row["input_ids"]])).logits[0]
    assert torch.allclose(q, whole[-len(q_ids) - 1 : -1], atol=1e-5)
    assert q_ids.tolist() == [label for label in row["labels"] if label != losses.IGNORED]
    given = row["given"]
    later = both_predict(student, teacher, row)
    for whole, part, cut in ((q, later[0], chunks.student[given]), (p, later[2], chunks.teacher[given])):
        assert torch.equal(whole[cut:], part)
    assert given > 0 and later[4] == chunks.part(given, len(chunks))


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    assert float("0.0000105") == float("1.05e-05") and f"{82.0 - 80.6:.1f}" == "1.4"
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= KNOWN, words


# --- TRL's GOLD ---------------------------------------------------------------------------------


@pytest.fixture
def gold(both):  # noqa: F811
    """What the cells about GOLD define, for one row of ours."""
    tokenizers = {"teacher": both.teacher, "student": both.student}
    (row,) = rows_of(messages("<think>\nIt is 3 + 4 = 7.\n</think>\n\nTom has 7 pens."), both)
    surfaces = {side: alignment.surfaces(tokenizer) for side, tokenizer in tokenizers.items()}
    names = {
        "tokenizers": tokenizers, "both": both, "text": "Tom has 7 pens.", "row": row,
        "shared": alignment.shared_vocabulary(*surfaces.values()),
    }  # fmt: skip
    names["p_ids"], names["q_ids"] = (
        losses.targets(torch.tensor([row[name]])) for name in ("teacher_labels", "labels")
    )
    for key in ("gold", "gold-map", "gold-pairs"):
        exec(compile(cell(NAME, key), key, "exec"), names)
    return names


def test_gold_refuses_and_truncates(capsys, gold):
    said = capsys.readouterr().out
    assert "student refused: Cross-tokenizer ULD currently supports only ByteLevel BPE tokenizers" in said
    assert "teacher [(0, 3)" in said
    assert "simple positional truncation" in " ".join(said.split())
    assert f"GOLD's map: {len(gold['hybrid']._vocab_mapping):,} pairs" in said
    assert len(gold["hybrid"]._vocab_mapping) < len(gold["shared"].teacher) / 2
    # Each list without its first token, which nothing of the answer predicts, and the shorter of both.
    shorter = min(len(gold["p_ids"]), len(gold["q_ids"])) - 1
    assert len(gold["side_by_side"]) == shorter
    assert sum(a == b for a, b in gold["side_by_side"]) < shorter / 3


def test_what_stands_side_by_side_is_what_golds_loss_compares(gold):
    from trl.experimental.gold.gold_trainer import ULDLoss

    surfaces, seen = gold["both"].surfaces, []

    class Watched(ULDLoss):
        def _compute_hybrid_uld_loss(self, student, teacher):
            tops = student.argmax(-1).tolist(), teacher.argmax(-1).tolist()
            seen.extend((surfaces[0][b], surfaces[1][a]) for a, b in zip(*tops, strict=True))
            return super()._compute_hybrid_uld_loss(student, teacher)

    def certain(ids, size=1088):
        return 40 * torch.nn.functional.one_hot(ids.roll(-1), size).float()[None]

    ours, theirs = (torch.tensor(gold["row"][name]) for name in ("input_ids", "teacher_ids"))
    labels = [torch.tensor([gold["row"][name]]) for name in ("labels", "teacher_labels")]
    gold["hybrid"].__class__ = Watched
    gold["hybrid"](certain(ours), certain(theirs), *labels, ours[None], theirs[None])
    assert seen == gold["side_by_side"]
