"""Notebook 06: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import random

import numpy as np
import pytest
import torch
from test_cache import MADE, fill
from test_notebook_definitions import definitions, exercise

from helpers import cache, losses, models, traces
from helpers.cache import draws
from helpers.methods.logits import shares
from helpers.tiers import TIERS
from helpers.training.rows import tokenized

NAME = "06_teacher_cache"
MINI = TIERS["mini"]


def own_draw():
    return definitions(NAME, "hand")["draw"]


@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_it_draws_as_the_helper_does(n):
    drawn = own_draw()
    p = torch.rand(9, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    p = p / p.sum()
    for seed in range(20):
        generator, again = (torch.Generator().manual_seed(seed) for _ in range(2))
        offset = torch.rand(1, 1, generator=generator, dtype=torch.float64).item()
        assert drawn(p.tolist(), n, offset) == cache.draw(p[None], n, again)[0].tolist()


def test_it_counts_bytes_as_they_are_packed():
    size = definitions(NAME, "ex2-check")["true_size"]
    found = np.sort(np.random.default_rng(0).integers(0, 30, (21, 6)), axis=1)
    different = sum(len(set(row)) for row in found.tolist())
    assert size(21, 6, different, 13) == len(draws.pack(found, 13))


def test_what_everything_would_fill():
    assert definitions(NAME, "all")["gigabytes"](1_000, 500_000) == 1.0


def test_a_refusal_is_told_without_the_folder(tmp_path):
    refusal = definitions(NAME, "refused", cache=cache)["refusal"]
    assert refusal(tmp_path, MADE).startswith("there is no finished cache in the cache:")
    fill(tmp_path)
    assert refusal(tmp_path, MADE) == "read"
    told = refusal(tmp_path, MADE | {"prompt": "another"})
    assert told.startswith("the cache was made otherwise: prompt was 'p' and now is 'another'. Take")
    assert told.partition(": ")[2].partition(". Take")[0] == "prompt was 'p' and now is 'another'"


def test_the_plug_is_pulled_in_one_part():
    asked = []
    parts = [type("", (), {"to_list": lambda self, i=i: [i]})() for i in range(4)]
    part = definitions(NAME, "kill", asked=asked, parts=parts)["part"]
    assert part(1, plug=2) == [1] and part(2) == [2]
    with pytest.raises(KeyboardInterrupt):
        part(2, plug=2)
    assert asked == [1, 2, 2]


def test_the_distance_is_the_divergence_where_the_teacher_wrote():
    teacher, _ = models.load_teacher(MINI)
    sibling, tokenizer = models.load_sibling(MINI, four_bit=False)
    text = "<think>\nLet me see. 3 + 4 = 7.\n</think>\n\nIt is 7."
    row = {"question": "How many?", traces.ANSWER: text}
    turns = [{"role": "user", "content": row["question"]}]
    said = [{"role": "assistant", "content": text}]
    hidden = tokenized([{"prompt": turns, "completion": said}] * 2, tokenizer)
    size, end, opening = len(tokenizer), tokenizer.eos_token_id, 2
    far_from = definitions(
        NAME, "near", teacher=teacher, hidden=hidden, losses=losses, torch=torch, size=size, end=end,
        made={"opening": opening},
    )["far_from"]  # fmt: skip
    assert far_from(teacher) == pytest.approx(0, abs=1e-6)
    ids, labels = (torch.tensor([hidden[0][key]]) for key in ("input_ids", "labels"))
    with torch.no_grad():
        ours, theirs = (losses.learnt(model(ids).logits, labels)[:, :size] for model in (sibling, teacher))
    each = losses.each_divergence(ours, theirs)
    written = shares(labels, opening, end, 0.0) == 0
    assert 0 < written.sum() < len(each)
    assert far_from(sibling) == pytest.approx(each[written].mean().item(), rel=1e-4)


# --- exercises ----------------------------------------------------------------------------------


def test_the_marks_can_be_counted(capsys):
    draw = own_draw()

    def counted(p, n, offset):
        return [draw(p, n, offset).count(v) for v in range(len(p))]

    mistakes = {
        lambda p, n, offset: [share * n for share in p]: "that is the mean; a draw gives whole numbers",
        lambda p, n, offset: [round(share * n) for share in p]: "rounded, they need not add up to n: use the marks",
        lambda p, n, offset: [each / n for each in counted(p, n, offset)]: "those are shares: count the marks",
    }
    for seed in range(5):
        random.seed(seed)
        exercise(capsys, NAME, "ex1", "counts", mistakes if seed == 0 else {}, draw=draw)


def test_the_bytes_can_be_counted(capsys):
    def bits_of_all(t, n, d, w):
        return -(-(t * n + d * w) // 8)

    mistakes = {
        lambda t, n, d, w: -(-d * w // 8): "one bit for each draw after the first is missing",
        bits_of_all: "the first draw of a place is always new: it has no bit",
        lambda t, n, d, w: (t * (n - 1) + d * w) // 8: "a byte that is begun counts whole: round up",
        lambda t, n, d, w: t * (n - 1) + d * w: "those are bits",
    }
    random.seed(0)  # so that a size that ends within a byte is among the cases
    exercise(capsys, NAME, "ex2", "packed_bytes", mistakes)


def test_it_can_be_found_when_the_cache_pays(capsys):
    mistakes = {
        lambda f, a, b: f / (a - b): "epochs are whole numbers",
        lambda f, a, b: -int(-f // (a - b)): "at exactly this number they are equal: not faster yet",
        lambda f, a, b: int(f // a) + 1: "the epochs from the cache take time as well",
    }
    exercise(capsys, NAME, "ex3", "pays_from", mistakes)
