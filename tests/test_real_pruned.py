"""The real model's cuts: blocks that go, trainings on the same tokens, what is chosen, and a call that goes on."""

import json
from dataclasses import replace

import pytest
import torch
from readme.real_parts import pruned as table
from real import next_sentence, parts
from real import pruned as real_pruned
from real import traces as real_traces

from helpers import losses, models, tiers
from helpers.methods import selection

pytestmark = pytest.mark.tools

HELD = 5


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    """A tier whose student, of two blocks, is random, and nine traces with sentences to choose from."""
    file = tmp_path / "traces.jsonl"
    names = ("Tom", "Mia", "Ben", "Ann", "Eve", "Leo", "Sam", "Joe")
    say = " ".join(f"{one} counts {{0}} of them and then goes home." for one in names)
    lines = [
        {"question": f"{i} and {i}?", "answer": f"#### {2 * i}",
         "response": f"Well. So. {say.format(i)}</think>It is {2 * i}."}
        for i in range(1, 10)
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    monkeypatch.setenv(real_traces.FILE, str(file))
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    for name, value in (("DEPTHS", (1,)), ("LENGTH", 60), ("ITEMS", 1), ("BFLOAT16", False), ("RATE", 1e-2)):
        monkeypatch.setattr(real_pruned, name, value)
    return replace(tiny, name="real")


def test_what_is_measured_is_what_the_models_say(tier, monkeypatch):
    found = real_pruned.pruned(tier, HELD, 0)
    one = found["1"]
    assert found["whole"]["kl"] == pytest.approx(0, abs=1e-6) and found["whole"]["blocks"] == 2
    assert found["traces"] == 9 - HELD and found["tokens"]["learnt"] < found["tokens"]["read"] == 60 * (9 - HELD)
    assert one["before"]["weights"] == one["after"]["weights"] < found["whole"]["weights"]
    assert len({one[way]["kl"] for way in ("before", "after", "labels")}) == 3
    assert one["after"]["kl"] < one["before"]["kl"] and one["labels"]["loss"] < one["before"]["loss"]
    assert one["gain"]["value"] == pytest.approx(one["after"]["accuracy"]["value"] - one["labels"]["accuracy"]["value"])

    # The cut by hand: of a model that leaves the same block out, over the same tokens.
    whole, tokenizer = models.load_teacher(replace(tier, teacher=tier.student))
    _, unseen, _ = real_traces.split(real_traces.read(real_traces.path()), tier, HELD, 0)
    rows = real_traces.beginnings(replace(tier, max_length=60), tokenizer, unseen)
    kl = loss = 0.0
    (gone,) = {1, 2} - set(one["kept"])
    for row in rows:
        ids, labels = (torch.tensor([row[name]]) for name in ("input_ids", "labels"))
        with torch.no_grad():
            theirs = whole(input_ids=ids).logits
            with selection.without(whole, [gone]):
                ours = whole(input_ids=ids).logits
        p, q = (losses.learnt(side, labels).double().log_softmax(-1) for side in (theirs, ours))
        kl += (p.exp() * (p - q)).sum().item()
        loss -= q.gather(-1, losses.targets(labels)[:, None]).sum().item()
    assert one["before"]["kl"] == pytest.approx(kl / found["tokens"]["held_out"], rel=1e-4)
    assert one["before"]["loss"] == pytest.approx(loss / found["tokens"]["held_out"], rel=1e-4)

    words = "\n".join(table({"pruned": found}))
    assert f"| all 2 blocks | {found['whole']['weights'] / 1e6:.0f} | 0.000 |" in words
    assert f"| 1 blocks, healed on labels alone | 0 | {one['labels']['kl']:.3f} |" in words
    assert table({}) == []
    monkeypatch.setattr(models, "load_teacher", lambda *_: pytest.fail("there is nothing left to do"))
    assert real_pruned.pruned(tier, HELD, 0) == found


def test_what_was_stopped_goes_on_and_ends_as_if_it_had_not_been(tier, tmp_path, monkeypatch):
    whole = real_pruned.pruned(tier, HELD, 0)
    monkeypatch.setattr(tiers, "ROOT", tmp_path / "other")
    healed, trained = real_pruned.Healed.run, []

    def stopped(method):
        if trained:
            raise KeyboardInterrupt
        trained.append(method.alpha)
        return healed(method)

    monkeypatch.setattr(real_pruned.Healed, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        real_pruned.pruned(tier, HELD, 0)
    monkeypatch.setattr(real_pruned.Healed, "run", healed)
    monkeypatch.setattr(selection, "loss", lambda *_: pytest.fail("the blocks were chosen before"))
    again = real_pruned.pruned(tier, HELD, 0)
    assert {**again, "minutes": 0} == {**whole, "minutes": 0}


def test_it_is_a_part_with_the_traces_that_are_held_out(tier, monkeypatch):
    monkeypatch.setattr(real_pruned, "pruned", lambda tier, held, seed: {"held": held, "seed": seed})
    assert parts.PARTS["pruned"](tier, None, [None] * HELD, 5) == {"held": HELD, "seed": 5}


# --- the next sentence --------------------------------------------------------------------------


def test_an_item_has_the_sentence_that_comes_next_and_three_from_further_on(tier):
    _, tokenizer = models.load_student(tier)
    rows = real_traces.read(real_traces.path())
    asked = next_sentence.items(tokenizer, rows, 2, 0)
    assert len(asked) == 2 * len(rows) and len({one.true for one in asked}) > 1
    for number, item in enumerate(asked):
        texts = [tokenizer.decode(one).strip() for one in item.options]
        own = next_sentence.sentences(rows[number // 2]["teacher_answer"])
        place = own.index(texts[item.true])
        assert tokenizer.decode(item.given).endswith(" ".join(own[:place])) and len(set(texts)) == 4
        assert all(own.index(one) >= place + next_sentence.AWAY for one in texts if one != texts[item.true])
    assert asked == next_sentence.items(tokenizer, rows, 2, 0) != next_sentence.items(tokenizer, rows, 2, 1)


def test_what_was_said_before_is_no_strange_sentence():
    text = ["a", "b", "c", "d", "a", "e", "e", "f"]
    assert next_sentence.strange(text, 1, range(8)) == ["e", "f"]


def test_chosen_is_what_is_likeliest_a_token_though_read_in_one_batch(tier):
    model, tokenizer = models.load_student(tier, four_bit=False)
    asked = next_sentence.items(tokenizer, real_traces.read(real_traces.path()), 2, 0)
    chosen = []
    for item in asked:
        means = []
        for option in item.options:
            with torch.no_grad():
                said = model(input_ids=torch.tensor([[*item.given, *option]])).logits[0].log_softmax(-1)
            begin = len(item.given) - 1
            means.append(sum(said[begin + i, token].item() for i, token in enumerate(option)) / len(option))
        chosen.append(means.index(max(means)))
    assert [next_sentence.choose(model, item) for item in asked] == chosen and len(set(chosen)) > 1
    assert next_sentence.right(model, asked) == [one == item.true for one, item in zip(chosen, asked, strict=True)]


def test_too_short_traces_are_told(tier):
    _, tokenizer = models.load_student(tier)
    rows = real_traces.read(real_traces.path()).map(lambda row: {"teacher_answer": "<think>\nWell. So.\n</think>\n\n1"})
    with pytest.raises(ValueError, match="none of 9 traces has 4 sentences of 6 to 30 words"):
        next_sentence.items(tokenizer, rows, 1, 0)
