"""How the mini teacher talks: a problem's working written out, in one of many wordings.

A real teacher never says the same thing twice in the same words, and its distribution has
something to teach because of it. So each choice below is a coin or a die: the opening, how
a sum is introduced and written, the order of its terms, which valid plan is followed, how
the second check is announced and which sum it repeats.
"""

import random

from data.making.skills import comparison, equation
from helpers.problems import Claim, Problem, Step

OPENINGS = (
    "Okay, let me think.", "Okay, let me see.", "Let me think about this.", "Hmm, let me see.",
    "Alright, one thing at a time.", "Let me work this out.", "Okay, step by step.", "Hmm, what do I know?",
    "Let me go through the facts.", "So, let me begin.", "I will take it slowly.", "Let us see.",
    "Now, what is asked?", "Let me read that again.", "Okay, so.", "Right, let me start.",
)  # fmt: skip
FIRST = (
    "First", "To begin,", "I start with", "I need", "Let me find", "First I want", "I look for", "First comes",
    "I work out", "I begin with",
)  # fmt: skip
LATER = (
    "Then", "Next", "Now", "After that", "Then I need", "Now I want", "Next I find", "And then", "Next comes",
    "From there", "Next I need",
)  # fmt: skip
JOINS = (": ", ". That is ", ", so ", ", and that is ", ", which is ", ", that gives ", ". I get ")
WAITS = (
    "Wait, let me double-check.", "Wait, is that right?", "Let me double-check.", "Hold on, let me verify.",
    "Hmm, let me make sure.", "Wait, let me verify that.", "Let me check again.", "Wait, I should check.",
    "Hmm, can that be?", "Just to be sure.", "Let me test it.", "Wait, not so fast.",
)  # fmt: skip
FITS = (
    "That fits.", "That is right.", "Good, it matches.", "Yes, that works.", "So it fits.", "Good.", "Yes, correct.",
    "That seems right.", "It holds.", "Fine.", "No mistake here.", "All good.",
)  # fmt: skip
FAILS = (
    "That does not fit.", "That is not right.", "No, it does not match.", "So it does not fit.", "That cannot be.",
    "Something is wrong.",
)  # fmt: skip
IMPOSSIBLE = (
    "There is a mistake in the problem: {}.", "The facts do not fit together: {}.", "This cannot be true: {}.",
    "The problem has no answer: {}.",
)  # fmt: skip
INVERSE = {"+": "-", "-": "+", "×": "÷", "÷": "×"}


def sum_in_words(step, rng: random.Random) -> str:
    """One sum, the terms of an addition in either order.

    A product keeps its order: with two small numbers free to change places, the second could be told from the first
    only by finding out which of the two that was.
    """
    left, right = step.left, step.right
    if step.op == "+" and rng.random() < 0.35:
        left, right = right, left
    return equation(left, step.op, right)


def undo(step: Step, rng: random.Random) -> str:
    """The sum that takes a step back, as a check: 72 - 10 = 62 is checked by 62 + 10 = 72."""
    left, right = step.left, step.right
    if step.op in "+×" and rng.random() < 0.5:
        left, right = right, left
    if step.op == "×" and right > 9:
        left, right = right, left
    return equation(step.result, INVERSE[step.op], right)


def worked(step: Step, leads: tuple[str, ...], rng: random.Random) -> str:
    """A step as a sentence: a lead (FIRST or LATER), what is found, and the sum."""
    return f"{rng.choice(leads)} {step.label}{rng.choice(JOINS)}{sum_in_words(step, rng)}."


def sentence(text: str) -> str:
    """The text with a capital at its beginning; names within keep theirs."""
    return text[:1].upper() + text[1:]


def tested(claim: Claim, rng: random.Random) -> str:
    """A claim held against what was found: what is stated, what was found, how they compare, and no verdict yet.

    All that a verdict depends on stands there before it, so that each word needs one look back.
    """
    compared = f"Compare {claim.found} and {claim.stated}. {comparison(claim.found, claim.stated)}."
    if claim.right is None:
        return f"{sentence(claim.label)}. The first must be more. {compared}"
    return f"{sum_in_words(claim, rng)}. The problem says {claim.stated}. {compared}"


def thinking(problem: Problem, rng: random.Random) -> str:
    """The working: sums, a second check, and where facts are stated twice a test of them."""
    plan = rng.choice(problem.plans)
    said, leads, waited = [rng.choice(OPENINGS)], FIRST, False
    for item in plan:
        if isinstance(item, Step):
            said.append(worked(item, leads, rng))
            leads = LATER
            continue
        if not waited:
            said.append(rng.choice(WAITS))
            waited = True
        said.append(tested(item, rng))
        said.append(rng.choice(FITS if item.holds else FAILS))
    if not waited:
        step = rng.choice([item for item in plan if isinstance(item, Step)])
        said += [rng.choice(WAITS), undo(step, rng) + ".", rng.choice(FITS)]
    return " ".join(said)


def reply(problem: Problem, rng: random.Random) -> str:
    """The short answer: a sentence with the numbers, or which facts do not fit together."""
    if problem.impossible:
        return rng.choice(IMPOSSIBLE).format(problem.reason)
    if len(problem.answer) == 1 and rng.random() < 0.25:
        return f"The answer is {problem.answer[0]}."
    return rng.choice(problem.replies)


def demonstration(problem: Problem, rng: random.Random) -> str:
    """All that the teacher says after its prompt, which ends in `<think>` and a line break."""
    return f"{thinking(problem, rng)}\n</think>\n\n{reply(problem, rng)}"
