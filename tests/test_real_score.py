"""What is measured on a real student: the held-out loss by hand, answers that outlive a kill, and their marks."""

import time

import pytest
import torch
from kills import ended, forked
from real import held_out as real_held_out
from real import score as real_score

from helpers import generation, models
from helpers.generation.with_transformers import Answer
from helpers.questions import Question

pytestmark = pytest.mark.tools

ASKED = [f"Tom has {i} pens. How many pens has Tom?" for i in range(5)]


def test_the_loss_is_a_mean_over_tokens_and_not_over_traces(tiny):
    model, tokenizer = models.load_student(tiny)
    texts = ["How many?", "Sarah has 3 boxes of crayons and gives 10 crayons to her friend."]
    batches, nats, tokens = [], 0.0, 0
    for text in texts:
        ids = tokenizer(text, return_tensors="pt").input_ids
        labels = ids.clone()
        labels[:, :2] = -100
        batches.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels})
        with torch.no_grad():
            said = model(input_ids=ids).logits[0].log_softmax(-1)
        for t in range(2, ids.shape[1]):  # by hand: token t is foretold from what stands before it
            nats, tokens = nats - said[t - 1, ids[0, t]].item(), tokens + 1
    model.train()
    assert real_held_out.loss_of(model, batches) == (pytest.approx(nats / tokens, rel=1e-5), tokens)
    assert model.training


def test_answers_outlive_a_kill_and_end_as_if_there_had_been_none(tiny, tmp_path, monkeypatch):
    loaded = models.load_student(tiny)
    how = {"max_new_tokens": 6, "batch": 2, "temperature": 1.0, "seed": 3}
    whole = real_score.answers_of(real_score.ask(tmp_path / "whole", lambda: loaded, ASKED, **how))
    written = []

    def generate(model, tokenizer, questions, *words, **named):
        if len(written) == 1:
            raise KeyboardInterrupt
        written.append(questions)
        return unspoilt(model, tokenizer, questions, *words, **named)

    unspoilt = generation.generate
    monkeypatch.setattr(real_score.generation, "generate", generate)
    with pytest.raises(KeyboardInterrupt):
        real_score.ask(tmp_path / "killed", lambda: loaded, ASKED, **how)
    monkeypatch.setattr(real_score.generation, "generate", unspoilt)
    rows = real_score.ask(tmp_path / "killed", lambda: loaded, ASKED, **how)
    assert real_score.answers_of(rows) == whole and len(rows) == len(ASKED)
    assert written == [ASKED[:2]] and all(row["seconds"] > 0 for row in rows)
    assert real_score.ask(tmp_path / "killed", lambda: pytest.fail("nothing is left to ask"), ASKED, **how) == rows


def test_two_that_ask_at_once_ask_each_question_once(tmp_path, monkeypatch):
    def generate(model, tokenizer, questions, *_, seed, **__):
        time.sleep(0.02)
        return [Answer(f"{question} {seed}", 3, True) for question in questions]

    monkeypatch.setattr(real_score.generation, "generate", generate)
    both = [forked(lambda: real_score.ask(tmp_path, lambda: (None, None), ASKED, 6, 2)) for _ in range(2)]
    assert [ended(one) for one in both] == [0, 0]
    rows = real_score.ask(tmp_path, lambda: pytest.fail("nothing is left to ask"), ASKED, 6, 2)
    assert [row["text"] for row in rows] == [f"{question} {i // 2 * 2}" for i, question in enumerate(ASKED)]


def test_answers_of_other_settings_are_refused(tiny, tmp_path):
    loaded = models.load_student(tiny)
    real_score.ask(tmp_path, lambda: loaded, ASKED[:1], 2, 1)
    with pytest.raises(ValueError, match="max_new_tokens was 2 and now is 3"):
        real_score.ask(tmp_path, lambda: loaded, ASKED[:1], 3, 1)


@pytest.mark.parametrize(
    ("text", "opens", "reasons"),
    [
        ("<think>\nFour.\n</think>\n\nIt is 4.", True, True),
        ("\n<think>Four.</think>It is 4.", True, True),
        ("<think>\nFour. Wait, ", True, False),
        ("<think>\nFour.\n</think>\n\n", True, False),
        ("<think>\nFour.\n</think>\n\n<think>\n</think>\n\n4", True, False),
        ("Okay.\n</think>\n\nIt is 4.", False, False),
        ("It is <think>4</think> 4.", False, False),
        ("It is 4.", False, False),
    ],
)
def test_what_counts_as_reasoning(text, opens, reasons):
    answer = Answer(text, 9, True)
    assert (real_score.opens(answer), real_score.reasons(answer)) == (opens, reasons)


def test_marks_count_each_thing_by_itself():
    answers = [
        Answer("<think>\nTwo.\n</think>\n\nThe answer is 2.", 20, True),
        Answer("<think>\nThree. Wait, three. Wait, ", 30, False),
        Answer("The answer is 4.", 10, True),
        Answer("The answer is 9.", 20, True),
    ]
    found = real_score.marks(answers, [Question("?", (n,)) for n in (2, 3, 4, 5)])
    hits = {name: found[name].hits for name in ("opens", "reasons", "ended", "right")}
    assert hits == {"opens": 2, "reasons": 1, "ended": 3, "right": 2}
    assert found["tokens"] == 20 and {found[name].n for name in hits} == {4}
