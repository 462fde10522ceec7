"""Every number in README's hand-written words is known here: computed from what it speaks of, or part of a name."""

import json
import re
from pathlib import Path

from planner.check import POINTS, WITHIN
from readme import __main__ as readme
from readme.real_table import RESULT
from series import MAIN
from test_setup import pins_of

from helpers.questions.missing_premise import missing_premises

ROOT = Path(__file__).resolve().parents[1]
# Of things that are called so, and of dates, formats and versions of others.
NAMES = re.compile(
    r"Qwen3-[\w.-]+|Gemma[- ]3\S*|SmolLM2-\S+|DeepSeek-R1|R1\b|GSM8K\S*|b?float\d+|T4\b|Apache License 2\.0|"
    r"Python 3 \(ipykernel\)|Python 3\.9\b|et al\. 20\d\d|in 4 bits|notebook 06|notebook 16"
)
# Measured once by hand where the environment was made: how much a disk needs, and what PyTorch was found there.
BY_HAND = ("about 2.5 GB", "(7 GB)", "torch 2.14.1")


def lines(name: str) -> int:
    return len((ROOT / "data" / name).read_text(encoding="utf-8").splitlines())


def known() -> list[str]:
    """The phrases with numbers that README may have, from what they speak of."""
    pins, real = pins_of("requirements-gpu.txt"), json.loads((ROOT / RESULT).read_text(encoding="utf-8"))
    plan = json.loads((ROOT / "data" / "results" / "plan.json").read_text(encoding="utf-8"))
    *few, most = (card.split()[0] for card in plan["cards"])
    (asked,), (solvable,) = (re.findall(found, missing_premises.__doc__) for found in (r"\b(575)\b", r"\b(17)\b"))
    needed = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1]
    return [
        f"Python {needed}", f"needs {needed} or newer", f"notebooks {', '.join(MAIN[:-1])} and {MAIN[-1]}",
        f"unsloth {pins['unsloth']}", f"trl {pins['trl']}", f"with {', '.join(few)} and {most} GB",
        f"{WITHIN * 100:.0f} % with {len(POINTS)} peaks", f"{asked} pairs", f"{solvable} of them",
        f"about {100 * (int(asked) - int(solvable)) / int(asked):.0f} %",
        f"from {real['traces']['learnt']} traces", f"{lines('gsm8k-sample.jsonl')} of GSM8K's",
        f"{lines('deepseek-r1-gsm8k.jsonl')} of DeepSeek-R1's", f"{lines('own/questions.jsonl')} toy questions",
    ]  # fmt: skip


def by_hand(text: str) -> str:
    """README without what is generated, commands, code and links."""
    text = re.sub(r"<!-- (\S+) -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", text, flags=re.DOTALL)
    return " ".join(text.split())


def strangers(text: str) -> list[str]:
    """The numbers of a text that nobody knows, each with what stands beside it."""
    for phrase in sorted((*known(), *BY_HAND), key=len, reverse=True):
        text = text.replace(phrase, "")
    return re.findall(r".{0,20}\d.{0,20}", NAMES.sub("", text))


def test_every_number_by_hand_is_known():
    assert strangers(by_hand((ROOT / "README.md").read_text(encoding="utf-8"))) == []
    (found,) = strangers("It takes 12 minutes, about 2.5 GB.")
    assert "takes 12 minutes" in found


def test_every_phrase_is_there():
    said = by_hand((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [phrase for phrase in (*known(), *BY_HAND) if phrase not in said] == []


def test_the_first_screen_says_what_ran_where():
    first = (ROOT / "README.md").read_text(encoding="utf-8").partition("## ")[0][:1_500]
    assert "never with the real" in first and "never ran on a GPU" in first
    assert readme.sizes.in_one_line(readme.record_of(ROOT)) in first
