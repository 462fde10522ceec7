"""Notebook 07: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import random
from itertools import accumulate, pairwise
from math import log

import pytest
import torch
import torch.nn.functional as F
from test_cross_tokenizer import both, loss_of, messages, tier, trainer_for  # noqa: F401  (two are fixtures)
from test_notebook_definitions import cell, definitions, printed, solution

from helpers import alignment, check, losses
from helpers.losses.cross_tokenizer import across
from helpers.methods.cross_tokenizer import chunks_of, rows_of

NAME = "07_across_tokenizers"


def solved(key: str, **given) -> dict:
    names = dict(given)
    exec(solution(NAME, key), names)
    return names


# --- exercises ----------------------------------------------------------------------------------


def surface_check(capsys, both, surface) -> str:  # noqa: F811
    tokenizers = {"teacher": both.teacher, "student": both.student}
    return printed(capsys, NAME, "ex1-check", surface=surface, tokenizers=tokenizers)


def test_surfaces(capsys, both):  # noqa: F811
    surface = solved("ex1-help", re=__import__("re"))["surface"]
    assert surface_check(capsys, both, surface).endswith("right")
    known = alignment.surfaces(both.student)
    special = set(both.student.all_special_tokens)
    for token, number in both.student.get_vocab().items():
        assert token in special or surface(token) == known[number], token
    for wrong, remark in (
        (lambda token: token.replace("▁", " ").encode(), "`<0xE2>` stands for one byte, not for six letters"),
        (lambda token: token.encode(), "the letter ▁ stands for a space"),
        (lambda token: token.replace("▁", "").encode(), "the space belongs to the token"),
        (lambda token: ..., "nothing yet"),
    ):
        assert surface_check(capsys, both, wrong).endswith(remark)


def sizes_check(capsys, sizes) -> str:
    return printed(capsys, NAME, "ex2-check", sizes=sizes, alignment=alignment, random=random, check=check)


def test_sizes(capsys):
    sizes = solved("ex2-help", accumulate=accumulate)["sizes"]
    for _ in range(20):
        assert sizes_check(capsys, sizes).endswith("right")
    for wrong, remark in (
        (lambda a, b: [(1, 1)] * min(len(a), len(b)), "that goes by position; count the bytes"),
        (lambda a, b: [pair[::-1] for pair in sizes(a, b)], "the teacher comes first"),
        (lambda a, b: ..., "nothing yet"),
    ):
        assert sizes_check(capsys, wrong).endswith(remark)


def kl_check(capsys, chunk_kl) -> str:
    return printed(capsys, NAME, "ex3-check", chunk_kl=chunk_kl, random=random, check=check, log=log)


def test_chunk_kl(capsys):
    names = definitions(NAME, "ex3-check", log=log)
    chunk_kl = solved("ex3-help", prod=names["prod"], log=log)["chunk_kl"]
    assert kl_check(capsys, chunk_kl).endswith("right")
    for wrong, remark in (
        (
            lambda p, q: names["prod"](p) * log(names["prod"](p) / names["prod"](q)),
            "'anything else' has a part in it too",
        ),
        (lambda p, q: chunk_kl(q, p), "that is KL(q ‖ p)"),
        (
            lambda p, q: chunk_kl([sum(p) / len(p)], [sum(q) / len(q)]),
            "the chain rule multiplies, it takes no mean",
        ),
        (lambda p, q: ..., "nothing yet"),
    ):
        assert kl_check(capsys, wrong).endswith(remark)


@pytest.mark.parametrize(
    ("key", "name", "arguments"), [("ex1", "surface", 1), ("ex2", "sizes", 2), ("ex3", "chunk_kl", 2)]
)
def test_a_stub_is_nothing_yet(key, name, arguments):
    stub = definitions(NAME, key)[name]
    assert stub(*[None] * arguments) is None


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
    names = {"torch": torch, "alignment": alignment, "show": type("", (), {"spans": lambda *_: None})}
    for key in ("two-words", "one", "chain"):
        exec(compile(cell(NAME, key), key, "exec"), names)
    by_hand, by_helper = (line.split()[-2:] for line in capsys.readouterr().out.splitlines()[-2:])
    assert by_hand == by_helper
    assert names["helper"].tolist() == pytest.approx([names["first"], names["second"]], rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"alpha": 0.3, "unmatched": 0.5}], ids=str)
def test_the_trainer_is_the_helper_s(tier, how):  # noqa: F811
    trainer = trainer_for(tier, **how)
    plain = definitions(NAME, "trainer", losses=losses, torch=torch, across=across)["PlainAcrossTrainer"]
    batch = trainer.data_collator(trainer.train_dataset.select(range(4)).to_list())
    for count in (None, torch.tensor(77)):
        with torch.no_grad():
            shown = plain.compute_loss(trainer, trainer.model.eval(), batch, num_items_in_batch=count)
            helper = trainer.compute_loss(trainer.model, batch, num_items_in_batch=count)
        assert shown.item() == pytest.approx(helper.item(), rel=1e-4)
    assert loss_of(trainer, batch).item() > 0


def test_what_a_model_foretells_belongs_to_the_learnt_tokens(tier, both):  # noqa: F811
    foretold = definitions(NAME, "foretold", torch=torch, losses=losses)["foretold"]
    trainer = trainer_for(tier)
    row = trainer.train_dataset[0]
    logits, ids = foretold(trainer.model.eval(), row["input_ids"], row["labels"])
    assert len(logits) == len(ids) == row["student_cuts"][-1]
    with torch.no_grad():
        whole = trainer.model(input_ids=torch.tensor([row["input_ids"]])).logits[0]
    assert torch.allclose(logits, whole[-len(ids) - 1 : -1], atol=1e-5)


# --- TRL's GOLD ---------------------------------------------------------------------------------


@pytest.fixture
def gold(both):  # noqa: F811
    """What the cells about GOLD define, for one row of ours."""
    tokenizers = {"teacher": both.teacher, "student": both.student}
    (row,) = rows_of(messages("<think>\nIt is 3 + 4 = 7.\n</think>\n\nTom has 7 pens."), both)
    surfaces = {side: alignment.surfaces(tokenizer) for side, tokenizer in tokenizers.items()}
    names = {
        "tokenizers": tokenizers, "both": both, "row": row, "torch": torch, "F": F, "losses": losses, "across": across,
        "chunks_of": chunks_of, "shared": alignment.shared_vocabulary(*surfaces.values()), "text": "Tom has 7 pens.",
        "p": torch.zeros(1, 1024), "q": torch.zeros(1, 1024),
    }  # fmt: skip
    names["p_ids"], names["q_ids"] = (
        losses.targets(torch.tensor([row[name]])) for name in ("teacher_labels", "labels")
    )
    for key in ("gold", "gold-map", "gold-pairs", "gold-watch", "gold-values"):
        exec(compile(cell(NAME, key), key, "exec"), names)
    return names


def test_gold_refuses_truncates_and_compares_by_size(capsys, gold):
    said = capsys.readouterr().out
    assert "student refused: Cross-tokenizer ULD currently supports only ByteLevel BPE tokenizers" in said
    assert "teacher [(0, 3)" in said
    assert "simple positional truncation" in " ".join(said.split())
    assert f"GOLD's map: {len(gold['hybrid']._vocab_mapping):,} pairs" in said
    assert len(gold["hybrid"]._vocab_mapping) < len(gold["shared"].teacher) / 2
    # Each list without its end, and the shorter of both.
    shorter = min(len(gold["p_ids"]), len(gold["q_ids"])) - 1
    assert len(gold["pairs"]) == shorter and gold["same"] < shorter / 3
    right, wrong = (line.split() for line in said.splitlines()[-2:])
    assert [right[4], wrong[6]] == ["0.000,", "0.000,"], "sizes alone are compared"
    assert float(right[6].strip(",")) > 0.05, "the right student is punished"
    assert float(right[-1]) < 0.001 < 5 < float(wrong[-1])


def test_watching_changes_nothing(gold):
    from trl.experimental.gold.gold_trainer import ULDLoss

    given = (
        gold["perfect"], gold["sure"], *gold["given"], gold["ours"][None], gold["theirs"][None],
    )  # fmt: skip
    plain = gold["gold"](True)
    assert type(plain) is ULDLoss and plain(*given).item() == pytest.approx(gold["hybrid"](*given).item())
