"""tools/rehearsal/late_faults.py: each fault that would show only after hours is found."""

import pytest
import torch
from rehearsal import late_faults
from tiny_models import GEMMA_TEMPLATE, tokenizer_of


def row(text: str, verdict: str = "kept") -> dict:
    return {"question": "Why?", "teacher_answer": text, "verdict": verdict}


GOOD = [row("<think>\n1\n</think>\n\n1"), row("<think>\n1", "truncated")]


@pytest.mark.parametrize(
    ("rows", "prompt", "fault"),
    [
        (GOOD, "<think>\n", None), (GOOD, "", None),
        (GOOD, "<think>\n<think>\n", "the teacher's prompt has 2"),
        ([*GOOD, row("<think>\n<think>\n1\n</think>\n1", "no </think>")], "", "2 <think> in the trace"),
        ([*GOOD, row("1\n</think>\n1")], "", "kept with 0 <think>"),
        (GOOD[:1], "", "all alike"), (GOOD[1:], "", "all alike"),
    ],
)  # fmt: skip
def test_a_trace_is_opened_once(rows, prompt, fault):
    found = list(late_faults.of_traces(rows, prompt))
    assert not found if fault is None else any(fault in one for one in found)


def gemma(pad: str = "<pad>"):
    special = ["<pad>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"]
    return tokenizer_of(special, [], GEMMA_TEMPLATE, bos_token="<bos>", eos_token="<end_of_turn>", pad_token=pad)


def batch(tokenizer, prompt: str, answer: str) -> dict:
    ids = [tokenizer(part, add_special_tokens=False).input_ids for part in (prompt, answer)]
    return {"input_ids": torch.tensor([ids[0] + ids[1]]), "labels": torch.tensor([[-100] * len(ids[0]) + ids[1]])}


ANSWER = "<think>\n1\n</think>\n\n1<end_of_turn>\n"


@pytest.mark.parametrize(
    ("prompt", "answer", "fault"),
    [
        ("<bos>Why?", ANSWER, None),
        ("<bos><bos>Why?", ANSWER, "2 BOS"), ("Why?", ANSWER, "0 BOS"),
        ("<bos>Why?", ANSWER.replace("<end_of_turn>", ""), "<end_of_turn> is 0 times"),
        ("<bos>Why?", f"<think>\n{ANSWER}", "not one opened"), ("<bos>Why?", "1<end_of_turn>", "not one opened"),
        ("<bos>Why?", f"{ANSWER}<pad>", "padding is among"),
    ],
)  # fmt: skip
def test_a_batch_begins_thinks_and_ends_once(prompt, answer, fault):
    tokenizer = gemma()
    found = list(late_faults.of_batch(batch(tokenizer, prompt, answer), tokenizer, "student"))
    assert not found if fault is None else any(fault in one for one in found)


def test_gemma_pads_with_its_own_token():
    assert not list(late_faults.of_padding(gemma(), "student"))
    (first, second) = late_faults.of_padding(gemma("<end_of_turn>"), "student")
    assert "pads with '<end_of_turn>'" in first and "no end would be in the loss" in second
