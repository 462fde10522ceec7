"""What a mini model can do: problems, impossible twins, single skills, and how much its wording varies."""

import math
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from data.making.score import SEED, score
from data.making.skills import KINDS, draw_skills
from helpers import tiers
from helpers.evaluation import wilson
from helpers.generation.with_transformers import generate
from helpers.models import parameter_count, prompt_ids
from helpers.problems import draw, draw_twins


def measure(role: str, folder: Path, problems: int = 1000, pairs: int = 200, skills: int = 1600) -> dict:
    """Figures for a model in a folder, greedy, on problems of the test split, which no training draws from."""
    tier = tiers.TIERS["mini"]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = draw("test", problems, SEED)
    scores = {"parameters": parameter_count(model)}
    scores |= score(model, tokenizer, tier, asked, draw_twins("test", pairs, SEED))
    if role == "teacher":
        scores["entropy"] = entropy(model, tokenizer, tier, [problem.question for problem in asked[:340]])
    else:
        tasks = draw_skills("test", skills, SEED)
        replies = generate(model, tokenizer, [task.prompt for task in tasks], 32, batch_size=tier.generate_batch)
        hits = {kind: [] for kind in KINDS}
        for task, reply in zip(tasks, replies, strict=True):
            hits[task.kind].append(task.is_right(reply.text))
        scores["skills"] = {kind: wilson(sum(found), len(found)) for kind, found in hits.items()}
    return scores


@torch.no_grad()
def entropy(model, tokenizer, tier, questions: list[str]) -> float:
    """Mean entropy of the next token, in bits, over answers that the model samples itself at the tier's temperature."""
    heat = tier.sampling.temperature
    said = generate(
        model, tokenizer, questions, tier.max_new_tokens, batch_size=tier.generate_batch, temperature=heat, seed=SEED
    )
    bits = tokens = 0.0
    for question, answer in zip(questions, said, strict=True):
        prompt = prompt_ids(tokenizer, question)
        ids = prompt + tokenizer(answer.text, add_special_tokens=False).input_ids
        # The vocabulary is padded: entries that no text has do not count.
        logits = model(input_ids=torch.tensor([ids])).logits[0, len(prompt) - 1 :, : len(tokenizer)].float()
        chances = (logits / heat).log_softmax(-1)
        bits -= (chances.exp() * chances).sum().item() / math.log(2)
        tokens += len(chances)
    return bits / tokens
