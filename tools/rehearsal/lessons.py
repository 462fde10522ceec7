"""What the stand-ins of the teachers learn by heart: short worked solutions, some wrong, so that some are dropped.

A model of random weights answers nothing rightly, and then no trace is kept and no training begins. So the teachers'
stand-ins memorise an answer to each question of the rehearsal. Most end in the right number; the others are wrong in
each of the ways for which a trace is dropped.
"""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm.auto import tqdm

from helpers.problems import SEED_QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "gsm8k-sample.jsonl"
NUMBERS = range(1, 21)  # each problem stands in the rehearsal's data so often, each time with another number before it
TEST_NUMBERS = range(21, 23)
CALCULATION = re.compile(r"<<([^<>]+)>>")
STEPS, BATCH, RATE = 500, 12, 4e-3
OPEN, CLOSE, END = "<think>\n", "\n</think>\n\n", "<|im_end|>"
SEEDS = {
    "crayons": "3*24=72. 72-10=62.\n</think>\n\nThe answer is 62.",
    "smoothies": "7*4=28. 28/7=4.\n</think>\n\nThe answer is 28 and 4.",
    "buses": "100-70=30. 2*30=60.\n</think>\n\nThe facts do not fit together.",
}


@dataclass(frozen=True)
class Lesson:
    """A question and what is to be said to it, behind the `<think>`. ends: whether the turn is closed."""

    question: str
    trace: str
    ends: bool = True
    numbered: bool = True


def problems() -> list[dict]:
    """The rows of GSM8K that are in this repository: question and answer."""
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def numbered(question: str, number: int) -> str:
    return f"No. {number}: {question}"


def rows(numbers=NUMBERS) -> list[dict]:
    """GSM8K's columns: each problem once for each number."""
    return [{**row, "question": numbered(row["question"], number)} for number in numbers for row in problems()]


def lessons() -> list[Lesson]:
    """One for each problem, and the three questions that every notebook asks."""
    found = [lesson(row, place) for place, row in enumerate(problems())]
    return found + [Lesson(SEED_QUESTIONS[name][0], trace, numbered=False) for name, trace in SEEDS.items()]


def lesson(row: dict, place: int) -> Lesson:
    """Of eight lessons, five are right, one has a wrong answer, one never closes its reasoning, one never ends."""
    work = " ".join(f"{each}." for each in CALCULATION.findall(row["answer"])[-3:])
    gold = row["answer"].rpartition("####")[2].strip()
    match place % 8:
        case 5:
            return Lesson(row["question"], f"{work}{CLOSE}The answer is {int(gold.replace(',', '')) + 1}.")
        case 6:
            return Lesson(row["question"], f"{work} The answer is {gold}.")
        case 7:
            return Lesson(row["question"], "Wait. " * 40, ends=False)
    return Lesson(row["question"], f"{work}{CLOSE}The answer is {gold}.")


def tokens(lesson: Lesson, tokenizer, number: int) -> tuple[list[int], int]:
    """(the tokens of prompt and answer, how many of them the prompt has)."""
    question = numbered(lesson.question, number) if lesson.numbered else lesson.question
    turn = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    opened = "" if prompt.endswith(OPEN) else OPEN
    parts = prompt, opened + lesson.trace + (END if lesson.ends else "")
    ids = [tokenizer(part, add_special_tokens=False).input_ids for part in parts]
    return ids[0] + ids[1], len(ids[0])


def learn(model, tokenizer, steps: int = STEPS, seed: int = 0) -> float:
    """Teaches a model the lessons, in place, and returns the last steps' mean loss in nats a token.

    Only the tokens that occur are computed. The embeddings of all others are made zero, and as the output head is the
    embedding again, their logits are zero too: the sum over the whole vocabulary is exact without them.
    """
    taught = lessons()
    every = {id for one in taught for number in (*NUMBERS, *TEST_NUMBERS) for id in tokens(one, tokenizer, number)[0]}
    used = torch.tensor(sorted(every))
    place = {id: at for at, id in enumerate(used.tolist())}
    table = torch.nn.Parameter(model.get_input_embeddings().weight.data[used].clone())
    others = torch.log(torch.tensor(float(model.config.vocab_size - len(used))))
    layers = [weight for name, weight in model.model.named_parameters() if "embed_tokens" not in name]
    optimizer = torch.optim.AdamW([table, *layers], RATE, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    rng, losses = random.Random(seed), []
    model.train()
    for _ in tqdm(range(steps), desc="lessons", delay=5, leave=False):
        batch = [tokens(one, tokenizer, rng.choice((*NUMBERS, *TEST_NUMBERS))) for one in rng.sample(taught, BATCH)]
        loss = _loss(model, table, batch, place, others)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([table, *layers], 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    with torch.no_grad():
        weight = model.get_input_embeddings().weight
        weight.zero_()
        weight[used] = table
    model.eval()
    return sum(losses[-20:]) / len(losses[-20:])


def _loss(model, table, batch, place: dict[int, int], others: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the whole vocabulary on what follows the prompts, a mean over tokens."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([[place[id] for id in each] + [0] * (longest - len(each)) for each, _ in batch])
    mask = torch.tensor([[1] * len(each) + [0] * (longest - len(each)) for each, _ in batch])
    learnt = torch.tensor([[begin <= at < len(each) for at in range(longest)] for each, begin in batch])
    states = model.model(inputs_embeds=table[ids], attention_mask=mask).last_hidden_state[:, :-1][learnt[:, 1:]]
    logits = states @ table.T
    every = torch.cat([logits, others.expand(len(logits), 1)], 1).logsumexp(1)
    return (every - logits.gather(1, ids[:, 1:][learnt[:, 1:], None])[:, 0]).mean()
