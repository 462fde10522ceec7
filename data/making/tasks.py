"""Small tasks and plain text for the mini models to read: what they know before they meet a teacher."""

import random
import re

from data.making.demonstrations import FIRST, JOINS, LATER, demonstration, sentence, tested, worked
from data.making.skills import equation, read_prompt, step_prompt, steps_of, sum_of
from helpers.problems import Claim, Step

# What a name tells of the numbers that belong to it: "the pens, 4 at $3 each", "Ann has 24".
NUMBERS = re.compile(r" has \d+|, \d+ at \$\d+ each")


def facts(rng: random.Random, fact=None, count: int = 16) -> list[tuple[str, bool]]:
    """Sums one after the other, drawn from all that the problems can need; only the results are learnt.

    The terms are random: to learn to foretell them would be to learn noise. fact: draws one sum (left, op, right), of
    the closed world if None.
    """
    pieces = []
    for _ in range(count):
        terms, _, result = equation(*(fact or _fact)(rng)).rpartition(" ")
        pieces += [(f"{' ' if pieces else ''}{terms}", False), (f" {result}.", True)]
    return pieces


def _fact(rng: random.Random) -> tuple[int, str, int]:
    op = rng.choice("+++---××÷÷")
    if op == "+":
        left = rng.randint(1, 110)
        return left, op, rng.randint(1, min(90, 120 - left))
    if op == "-":
        left = rng.randint(2, 120)
        return left, op, rng.randint(1, left)
    few = rng.randint(2, 9)
    many = rng.randint(2, min(50, 105 // few))
    if op == "×":
        return (few, op, many) if rng.random() < 0.6 else (many, op, few)
    return few * many, op, few if rng.random() < 0.8 else many


def loose_text(problems, rng: random.Random) -> str:
    """Workings without the questions that they belong to: the words of reasoning, and nothing to reason about.

    A real student has read much before it meets a teacher. Words that it never saw cannot be taught by adapters,
    because those leave the embeddings as they are.
    """
    texts = []
    for problem in problems:
        working, reply = demonstration(problem, rng).split("\n</think>\n\n")
        tag = rng.choice(("", "", "b", "i", "note", "think"))
        texts.append(f"<{tag}>\n{working}\n</{tag}>\n\n{reply}" if tag else f"{working} {reply}")
    return "\n\n".join(texts)


def reading(problem, rng: random.Random) -> list[tuple[str, str]]:
    """All that can be asked of a question, one turn each; the question itself stands in the first."""
    asked = rng.sample(problem.reads, len(problem.reads))
    return [
        (read_prompt(problem.question, query) if not number else f"Only tell me this. {query}", answer)
        for number, (query, answer) in enumerate(asked)
    ]


def guided(problem, rng: random.Random) -> list[tuple[str, str]]:
    """A plan's sums from some place on, one turn each; the user says every time which one is next.

    In half of the rows the answer names what it finds, in the words of a working; in the others it is the bare sum.
    """
    steps = steps_of(problem, rng)
    first = rng.randrange(len(steps))
    bare = rng.random() < 0.5
    ask = "Write one sum:" if bare else "Work out"
    prompts = [step_prompt(problem.question, steps, first, ask)]
    prompts += [f"{ask} {step.label}." for step in steps[first + 1 :]]
    names = ["" if bare else sentence(step.label) + rng.choice(JOINS) for step in steps[first:]]
    return [(prompt, name + sum_of(step)) for prompt, name, step in zip(prompts, names, steps[first:], strict=True)]


def chain(problem, rng: random.Random) -> tuple[str, str]:
    """A whole plan that the user lays down, worked in one answer; whether the facts fit is not remarked on.

    So the student looks numbers up in a long answer too. What to work out, in which order, and what to make of the
    comparisons, is what a teacher has to teach.
    """
    asked, said, leads = [], [], FIRST
    for item in rng.choice(problem.plans):
        name = NUMBERS.sub("", item.label)
        if isinstance(item, Claim):  # which of two must be more is for the student to read
            name = f"compare {' and '.join(sorted(name.split(' and ')))}"
        asked.append(name)
        if isinstance(item, Step):
            said.append(worked(item, leads, rng))
            leads = LATER
        else:
            said.append(tested(item, rng))
    return f"Read this. {problem.question}\n\nWork through {', then '.join(asked)}.", " ".join(said)
