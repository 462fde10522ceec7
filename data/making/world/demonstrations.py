"""How the mini teacher talks: a working in one of many wordings, with a check that finds the slips that are in it.

All that a verdict depends on stands before it, and what a check says is true of what was written.
"""

import random

from data.making.demonstrations import INVERSE, sentence
from data.making.skills import comparison
from data.making.world import wordings as words
from data.making.world.problems import Claim, Missing, Problem, Step
from data.making.world.slips import Written, rightly, with_slip

SLIPS = 0.25  # share of demonstrations with a slip in them
Pieces = list[tuple[str, bool]]  # text, and whether it is learnt
END = "\n</think>\n\n"


def plain(text: str) -> Pieces:
    return [(text, True)]


def equation(one: Written, rng: random.Random) -> Pieces:
    """One sum, an addition's terms in either order; the part that is a slip is not to be learnt."""
    sides = ["left", "right"]
    if one.op == "+" and rng.random() < 0.35:
        sides.reverse()
    parts = [sides[0], "op", sides[1], "=", "result"]
    return [
        (f"{'' if part == sides[0] else ' '}{part if part == '=' else getattr(one, part)}", part != one.slip)
        for part in parts
    ]


def taken(one: Written, leads: tuple[str, ...], rng: random.Random) -> Pieces:
    """A step as a sentence: a lead, what is found, and the sum."""
    start = f"{rng.choice(leads)} {one.step.label}{rng.choice(words.JOINS)}"
    return [(start, True), *equation(one, rng), (".", True)]


def checked(one: Written, rng: random.Random) -> str:
    """A step taken up again, by its own sum or by the one that undoes it, beside what was written; no verdict yet.

    Either way the terms are those of the question: so a misread number comes out as well as a wrong sum.
    """
    step = one.step
    start = rng.choice(words.AGAIN).format(step.label) if rng.random() < 0.5 else ""
    if rng.random() < 0.4 and (found := undone(one.result, step)) is not None:
        back = f"{one.result} {INVERSE[step.op]} {step.right} = {found}."
        return f"{sentence(start)}{back} {rng.choice(words.SHOULD).format(step.left)}"
    left, right = step.left, step.right
    if step.op in "+×" and rng.random() < 0.5:
        left, right = right, left
    above = rng.choice(words.ABOVE).format(one.result)
    return f"{sentence(start)}{left} {step.op} {right} = {step.result}. {above}"


def undone(result: int, step: Step) -> int | None:
    """What a step's first term would be if its result were this one; None where that is no whole number above 0."""
    if step.op == "×":
        return result // step.right if step.right and result % step.right == 0 else None
    found = {"+": result - step.right, "-": result + step.right, "÷": result * step.right}[step.op]
    return found if found > 0 else None


def found_in(claim: Claim) -> int | None:
    """What a claim comes to; None where a share leaves a remainder."""
    try:
        return claim.found
    except ValueError:
        return None


def holds(claim: Claim) -> bool:
    return found_in(claim) is not None and claim.holds


def tested(claim: Claim, rng: random.Random) -> str:
    """A claim held against what was found: what is stated, what was found, how they compare, and no verdict yet."""
    found = found_in(claim)
    if found is None:
        whole, rest = divmod(claim.left, claim.right)
        return f"{sentence(claim.label)}: {claim.left} ÷ {claim.right} is {whole}, and {rest} are left over."
    compared = f"Compare {found} and {claim.stated}. {comparison(found, claim.stated)}."
    if claim.right is None:
        return f"{sentence(claim.label)}. The first must be more. {compared}"
    left, right = claim.left, claim.right
    if claim.op == "+" and rng.random() < 0.35:
        left, right = right, left
    said = "It must be" if "equal parts" in claim.label else "The problem says"  # what is shared may have been found
    return f"{sentence(claim.label)}: {left} {claim.op} {right} = {found}. {said} {claim.stated}. {compared}"


def tried_claim(claim: Claim, rng: random.Random) -> list[Pieces]:
    verdict = rng.choice(words.HOLDS if holds(claim) else words.FAILS)
    return [plain(rng.choice(words.TESTS)), plain(tested(claim, rng)), plain(verdict)]


def first_attempt(written: list, rng: random.Random) -> tuple[list[Pieces], int]:
    """The plan as it is written the first time, up to what does not fit or is missing, and how many items that are."""
    said, leads = [], words.FIRST
    for number, item in enumerate(written, 1):
        if isinstance(item, Written):
            said.append(taken(item, leads, rng))
            leads = words.LATER
        elif isinstance(item, Missing):
            said.append(plain(sentence(rng.choice(words.LACKS).format(item.what))))
            return said, number
        else:
            said += tried_claim(item, rng)
            if not holds(item):
                return said, number
    return said, len(written)


def check(plan: tuple, written: list, reached: int, rng: random.Random) -> list[Pieces]:
    """Each step again, one after the other; a slip is named and mended, and all that follows from it is done anew."""
    said, mended = [plain(rng.choice(words.WAITS))], False
    for number, item in enumerate(plan):
        there = number < reached
        if isinstance(item, Step):
            one = written[number]
            leads = words.LATER
            if there and (one.slip or not one.wrong):
                said.append(plain(checked(one, rng)))
                if not one.slip:
                    said.append(plain(rng.choice(words.FITS)))
                    continue
                said.append(plain(rng.choice(words.WRONG).format(one.why)))
                mended, leads = True, words.MENDING
            said.append(taken(rightly(item), leads, rng))
        elif isinstance(item, Missing):
            if mended:
                said.append(plain(sentence(rng.choice(words.LACKS).format(item.what))))
        elif not there or written[number] != item:
            said += tried_claim(item, rng)
    return said


def working(problem: Problem, rng: random.Random, slips: float = SLIPS) -> list[Pieces]:
    """All sentences inside `<think>`: the opening, the first attempt, and the check where there is a step."""
    plan = rng.choice(problem.plans)
    slip = rng.random() < slips
    written = with_slip(plan, problem.question, rng) if slip else with_slip(plan, problem.question, rng, tries=0)
    said, reached = first_attempt(written, rng)
    said.insert(0, plain(rng.choice(words.OPENINGS)))
    if any(isinstance(item, Step) for item in plan[:reached]):
        said += check(plan, written, reached, rng)
        if problem.impossible:
            said.append(plain(rng.choice(words.STILL)))
    return said


def reply(problem: Problem, rng: random.Random) -> str:
    """The short answer: a sentence with the numbers, or why there is none."""
    if problem.impossible:
        missing = isinstance(problem.plans[0][-1], Missing)
        return rng.choice(words.UNKNOWN if missing else words.IMPOSSIBLE).format(problem.reason)
    if len(problem.answer) == 1 and rng.random() < 0.2:
        return rng.choice(words.ANSWERS).format(problem.answer[0])
    return rng.choice(problem.replies)


def pieces(problem: Problem, rng: random.Random, slips: float = SLIPS) -> Pieces:
    """All that the teacher says after its prompt, which ends in `<think>` and a line break; slips are not learnt."""
    joined: Pieces = []
    for number, said in enumerate(working(problem, rng, slips)):
        first, *rest = said
        joined += [(f"{' ' if number else ''}{first[0]}", first[1]), *rest]
    return merged([*joined, (END + reply(problem, rng), True)])


def merged(joined: Pieces) -> Pieces:
    """Neighbours that are both learnt, or both not, as one piece."""
    whole: Pieces = []
    for text, learnt in joined:
        if whole and whole[-1][1] == learnt:
            text = whole.pop()[0] + text
        whole.append((text, learnt))
    return whole


def demonstration(problem: Problem, rng: random.Random, slips: float = SLIPS) -> str:
    """The pieces as one text."""
    return "".join(text for text, _ in pieces(problem, rng, slips))
