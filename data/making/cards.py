"""Model cards: what a mini model is, how it was made, what it scores."""

import json
from pathlib import Path

from helpers.evaluation.results import plain
from helpers.evaluation.tables import markdown

WHAT = {
    "teacher": (
        "Mini teacher",
        "Qwen3ForCausalLM",
        "Thinks before it answers: its prompt ends in `<think>`, it writes its sums and a second check, "
        "closes with `</think>` and answers in a sentence. For a problem whose facts contradict each "
        "other it says which do not fit. Sample it at temperature 1 for traces: it was trained on many wordings of "
        "the same working.",
    ),
    "student": (
        "Mini student",
        "Gemma3ForCausalLM",
        "Answers directly, in a sentence, and mostly wrongly where more than one sum is needed. It can do the parts of "
        "reasoning one at a time: read a number, copy a name, write one sum, compare two numbers.",
    ),
    "sibling": (
        "Mini sibling",
        "Qwen3ForCausalLM",
        "A student that shares the teacher's tokenizer, made and mannered as the mini student is. The teacher's "
        "vocabulary is padded to 1,088 entries and this one's to 1,024; the real entries are the first ones of both.",
    ),
}


def percent(share: dict) -> str:
    """A share with its interval: `96.1 % (94.7 to 97.1, n = 1000)`."""
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f} to {100 * share['high']:.1f}, n = {share['n']})"


def write(role: str, folder: Path, recipe: dict, scores: dict) -> None:
    """Writes scores.json and README.md into a model's folder."""
    scores = plain(scores)
    (folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")
    name, architecture, manner = WHAT[role]
    averaged = (
        f"Its weights are the mean of those at the ends of its last {recipe['averaged']} cycles of "
        f"{recipe['cycle']:,} steps. "
        if "averaged" in recipe
        else ""
    )
    shares = {
        "problems answered rightly": scores["accuracy"],
        "impossible twins noticed": scores["impossible"]["detected"],
        "false alarms on their solvable siblings": scores["impossible"]["false_alarms"],
        "answers that end by themselves": scores["ended"],
        **{f"family `{family}`": share for family, share in scores["families"].items()},
        **{f"single skill: {kind}": share for kind, share in scores.get("skills", {}).items()},
    }
    lines = [
        "---",
        "license: apache-2.0",
        "library_name: transformers",
        "---",
        f"# {name}",
        "",
        manner,
        "",
        f"- Architecture: `{architecture}`, {scores['parameters']:,} parameters, float32 safetensors; "
        "nothing pretrained in it.",
        f"- Made by `make mini-models` (`data/making/`): {recipe['steps']:,} steps of {recipe['batch']} rows drawn "
        f"fresh from `helpers.problems`, AdamW, rate {recipe['rate']:g}, seed 0. {averaged}"
        f"The log is `data/mini/logs/{role}.jsonl`.",
        "- For teaching only: it knows this small world of word problems and nothing else.",
        "",
        "## What it scores",
        "",
        "Greedy, at most 200 new tokens, problems of the test split, 95 % Wilson intervals.",
        "",
        markdown(["what", "share"], [(what, percent(share)) for what, share in shares.items()]),
    ]
    if "entropy" in scores:
        lines += [
            "",
            f"Sampled at temperature 1, its distribution holds {scores['entropy']:.2f} bits a token on average.",
        ]
    (folder / "README.md").write_text("\n".join(lines) + "\n")
