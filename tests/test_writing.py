"""Answers that a student writes in training: each row's own draw, of the whole distribution, up to its end."""

import pytest
import torch
from tiny_models import QUESTIONS

from helpers import models
from helpers.training import writing
from helpers.training.writing import Noise, beginning, own_turn, seed_of, write, written

SEEDS = [seed_of(0, 3, question) for question in QUESTIONS]


@pytest.fixture(scope="module")
def student(tiny):
    model, tokenizer = models.load_student(tiny, four_bit=False)
    return model, tokenizer, [models.prompt_ids(tokenizer, question) for question in QUESTIONS]


@pytest.fixture(scope="module")
def together(student):
    model, tokenizer, prompts = student
    return write(model, tokenizer, prompts, SEEDS, longest=12, at_a_time=4)


def test_what_a_row_gets_does_not_depend_on_the_rows_beside_it(student, together):
    model, tokenizer, prompts = student
    alone = write(model, tokenizer, prompts, SEEDS, longest=12, at_a_time=1)
    turned = write(model, tokenizer, prompts[::-1], SEEDS[::-1], longest=12, at_a_time=3)
    assert together == alone == turned[::-1]
    assert len({answer.ids for answer in together}) == len(QUESTIONS)
    others = write(model, tokenizer, prompts, [seed + 1 for seed in SEEDS], longest=12, at_a_time=4)
    assert all(one != other for one, other in zip(together, others, strict=True))


def test_each_token_is_drawn_from_the_logits_behind_what_stands_before_it(student, together):
    """By hand, without `generate`, its cache and its padding: one text, token by token."""
    model, _, prompts = student
    generator, ids = torch.Generator().manual_seed(SEEDS[1]), list(prompts[1])
    for token in together[1].ids:
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1].double()
        drawn = torch.empty(len(logits)).exponential_(generator=generator).double()
        assert token == (logits.softmax(-1) / drawn).argmax()  # who of several clocks of these rates rings first
        ids.append(token)


def test_the_draws_are_those_of_the_whole_distribution():
    """Frequencies of 20,000 draws within four standard errors: also of the least likely, which top-k or top-p drops."""
    shares, n = torch.tensor([0.6, 0.3, 0.07, 0.025, 0.005]), 20_000
    drawn = Noise(range(n), torch.device("cpu"))(None, shares.log().expand(n, -1)).argmax(-1)
    found = drawn.bincount(minlength=5) / n
    assert (abs(found - shares) < 4 * (shares * (1 - shares) / n).sqrt()).all()


def test_it_leaves_the_model_and_everybody_s_random_numbers_as_they_were(student, together):
    model, tokenizer, prompts = student
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    model.train()
    assert write(model, tokenizer, prompts[:1], SEEDS[:1], longest=12, at_a_time=4) == together[:1]
    assert model.training and torch.equal(torch.rand(3), wanted)
    model.eval()


def test_an_answer_stops_at_its_end_or_is_known_to_be_cut_off(student, together, monkeypatch):
    model, tokenizer, prompts = student
    assert not any(answer.ended for answer in together) and {len(answer.ids) for answer in together} == {12}
    end = together[0].ids[4]
    monkeypatch.setattr(model.generation_config, "eos_token_id", [tokenizer.eos_token_id, end])
    found = write(model, tokenizer, prompts, SEEDS, longest=12, at_a_time=4)
    for now, before in zip(found, together, strict=True):
        kept = before.ids[: before.ids.index(end) + 1] if end in before.ids else before.ids
        assert (now.ids, now.ended) == (kept, end in before.ids)
    assert found[0].ended and not all(answer.ended for answer in found)


def test_padding_behind_the_end_is_no_part_of_an_answer_and_before_it_is():
    assert written([5, 0, 9, 0, 0], ends=[9]) == writing.Written((5, 0, 9), True)
    assert written([5, 0, 0], ends=[9]) == writing.Written((5, 0, 0), False)


def test_what_is_no_token_is_not_written(student):
    model, tokenizer, prompts = student
    found = write(model, tokenizer, prompts, SEEDS, longest=12, at_a_time=4, vocabulary=5)
    assert {token for answer in found for token in answer.ids} <= set(range(5))


@pytest.mark.parametrize(
    ("share", "turns"), [(0, "......"), (0.5, ".x.x.x"), (1, "xxxxxx"), (0.1, "." * 9 + "x"), (0.3, "...x..x..x")]
)
def test_the_student_s_turns_are_spread_evenly(share, turns):
    assert "".join(".x"[own_turn(step, share)] for step in range(len(turns))) == turns


def test_the_beginning_of_what_is_learnt():
    labels = [-100, -100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [beginning(labels, share, -100) for share in (1, 0.3, 0.31, 0.01)] == [12, 5, 6, 3]
    assert beginning([-100, -100], 0.3, -100) == 2
