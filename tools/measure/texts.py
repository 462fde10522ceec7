"""Questions and traces of a wanted length: what a phase is given, so that it takes what the longest texts take."""

import json
from pathlib import Path

from datasets import Dataset

from helpers import models
from helpers.tiers import ROOT, Tier
from helpers.traces import ANSWER
from helpers.traces.filtering import tokens_of

SAMPLE = Path("data/gsm8k-sample.jsonl")
FILLER = " Then there are 3 boxes of 24 crayons, which makes 72 crayons."
SHORT = 8  # tokens that it has at the least, whoever counts: so many fillers are enough


def questions(many: int) -> list[str]:
    """Questions of GSM8K, the sample's, the short ones first, over and over."""
    lines = (ROOT / SAMPLE).read_text(encoding="utf-8").splitlines()
    found = sorted((json.loads(line)["question"] for line in lines), key=len)
    return [f"{i}. {found[i % len(found)]}" for i in range(many)]


def asked(tokenizer, many: int, tokens: int) -> list[str]:
    """Questions whose prompts have at most so many tokens, and hardly fewer: filled up, or cut short."""
    found = []
    for text in questions(many):
        if len(models.prompt_ids(tokenizer, text)) > tokens:
            found.append(_longest(lambda n, text=text: text[:n], len(text), tokenizer, tokens))
        else:
            found.append(_longest(lambda n, text=text: text + FILLER * n, tokens // SHORT, tokenizer, tokens))
    return found


def traces(tier: Tier, role: str, many: int) -> Dataset:
    """Traces that have as many tokens as the tier trains on, or hardly fewer, as the one who learns counts them."""
    return Dataset.from_list([_trace(question, tier, role) for question in questions(many)])


def _trace(question: str, tier: Tier, role: str) -> dict:
    def answer(sentences: int) -> str:
        return f"<think>\n{(FILLER * sentences).strip()}\n</think>\n\nThere are 72 crayons."

    def size(sentences: int) -> int:
        return tokens_of(tier, question, answer(sentences), role)

    most = _last(lambda n: size(n) <= tier.max_length, tier.max_length // SHORT)
    return {
        "question": question, ANSWER: answer(most), "gold": [72], "family": "crayons", "ended": True,
        "tokens": size(most), "verdict": "kept",
    }  # fmt: skip


def _longest(text_of, most: int, tokenizer, tokens: int) -> str:
    return text_of(_last(lambda n: len(models.prompt_ids(tokenizer, text_of(n))) <= tokens, most))


def _last(holds, most: int) -> int:
    """The largest number up to `most` for which it holds, where it holds for all below; 0 where for none."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
