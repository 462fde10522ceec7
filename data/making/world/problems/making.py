"""Makes whole problems: a plan, its numbers and words, its text, its working."""

from dataclasses import replace

from data.making.world.problems import asking, shop
from data.making.world.problems.cast import draw_cast
from data.making.world.problems.impossible import twins, working
from data.making.world.problems.model import HELD_KINDS, Missing, Problem
from data.making.world.problems.numbers import BEYOND, ENDS, HIGHEST, LOWEST, numbered
from data.making.world.problems.reads import reads_of
from data.making.world.problems.shapes import MOST, SHAPES
from data.making.world.problems.tell import told, told_order
from data.making.world.problems.working import Fact
from helpers.problems.model import Claim, Step

STEPS = (1, 2, 2, 2, 3, 3, 3, 4, 4, 4)  # how many sums, each as likely as it stands here
FORMS = ("solo",) * 9 + ("duo",) * 6 + ("trio",) * 2 + ("shop",) * 5
# A fact is said twice, or an order stated, in so many of the problems with an answer, so that neither is a sign.
CLAIMED, DISTRACTED = 0.24, 0.22


# Two of the seed's questions are of these plans, which would come up once in a thousand.
MANNERS = (
    (("groups", "A", ""), ("gives", "A", ""), ("left", "A", "")),
    (("price", "G", ""), ("buys", "G", ""), ("cost_each", "A", "")),
)
MANNERED = 0.03


def shape_of(rng, outside):
    """A plan with and without what is asked of it: a held-out pair, one sum more."""
    if not outside & {"plans", "steps"} and rng.random() < MANNERED:
        return rng.choice(MANNERS)
    while True:
        steps = MOST + 1 if "steps" in outside else rng.choice(STEPS)
        found = SHAPES.get(("plans" in outside, rng.choice(FORMS), steps))
        if found:
            return rng.choices(found[0], cum_weights=found[1])[0]


def facts_of(rng, outside):
    """A plan's facts with numbers that fit, and the highest number that there may be."""
    far = "numbers" in outside
    # Near the end of the range or far beyond it, as one draws; a draw that stays within is thrown away.
    highest = (ENDS if rng.random() < 0.35 else BEYOND) if far else HIGHEST
    tries, shape = 0, shape_of(rng, outside)
    while True:
        if tries == 12:
            tries, shape = 0, shape_of(rng, outside)
        tries += 1
        found = numbered(shape, rng, highest, 1 if far else 2)
        if found and (not far or found[1][0] > HIGHEST or found[1][1] == 1):
            return found[0], highest


def pair_of(kind, split, outside, rng, alone=False):
    """(solvable, impossible) problems of a kind: the same words, one fact changed or gone; alone: the second only."""
    while True:
        facts, highest = facts_of(rng, outside)
        both = twins(kind, facts, rng, highest)
        # The change may have taken away the one number that was out of the range.
        if both and ("numbers" not in outside or all(map(is_far, both))):
            break
    return dressed(both[1:] if alone else both, split, outside, rng)


def is_far(facts) -> bool:
    """Whether a number said in the facts, or found on the way, is out of the splits' range."""
    found = [number for fact in facts for number in fact.n if isinstance(number, int)]
    for item in working(facts).plan:
        if not isinstance(item, Missing):
            found += [item.left, item.stated if isinstance(item, Claim) else item.result]
    return bool(found) and (max(found) > HIGHEST or min(found) < LOWEST)


def single_of(split, outside, rng):
    """A problem that has an answer; in some a fact is stated that the others already give."""
    if rng.random() < CLAIMED:
        kind = rng.choice(("contradiction", "order"))
        facts, highest = facts_of(rng, outside)
        both = twins(kind, facts, rng, highest)
        facts = both[0] if both else facts
    else:
        facts, _ = facts_of(rng, outside)
    return dressed((facts,), split, outside, rng)[0]


def dressed(versions, split, outside, rng):
    """Problems of one story's versions: the same words, order and ways wherever the facts are the same."""
    first = versions[0]
    is_shop = first[0].op == "price"
    people = {role for fact in first for role in (fact.who, fact.other) if role in ("A", "B", "C")} | {"A"}
    if first[-1].op.endswith("3"):
        people |= set("ABC")
    two = any(fact.who == "H" for fact in first)
    cast = draw_cast(split, len(people), 1 + two if is_shop else 0, "names" in outside, rng)
    extra = unneeded(is_shop, rng) if rng.random() < DISTRACTED else None
    state, made = rng.getstate(), []
    for facts in versions:
        rng.setstate(state)
        *facts, ask = facts
        order = told_order([*facts, *([extra] if extra else [])], rng)
        question, ways = told(order, ask, cast, is_shop, "ways" in outside, rng)
        made.append(problem_of(facts, order, ask, cast, is_shop, question, ways))
    return tuple(replace(problem, outside=outside_of(problem, outside)) for problem in made)


def outside_of(problem, outside) -> frozenset[str]:
    """The solvable twin of a held-out kind is outside in nothing by that."""
    return frozenset(outside - {"kinds"} | ({"kinds"} if problem.kind in HELD_KINDS else set()))


def unneeded(is_shop, rng) -> Fact:
    """A fact too many; some without a number, so that "some" alone is no sign of a missing one."""
    number = None if rng.random() < 0.25 else rng.randint(2, 60)
    if is_shop:
        return Fact("also", "J", "", (rng.randint(2, 20),))
    return Fact("also", "A", "", (number,)) if number is None or rng.random() < 0.7 else Fact("age", "A", "", (number,))


def problem_of(facts, order, ask, cast, is_shop, question, ways) -> Problem:
    """The finished problem of a told story."""
    room = shop if is_shop else asking
    work = (shop.Shop if is_shop else asking.Story)(cast)
    work.asked_of = ask.who if ask.who in "ABC" else "A"
    work.run([*facts, ask])
    plan = tuple(work.plan)
    people = tuple(cast[role] for role in "ABC" if role in cast)
    return Problem(
        question,
        room.FAMILY.get(ask.op) or asking.FAMILY[ask.op.rstrip("3")],
        () if work.over else work.answer,
        plans=(plan,) if work.over else (plan, *other_plans(plan)),
        plan=tuple(fact.op for fact in (*facts, ask)),
        replies=() if work.over else work.replies(ask.op),
        reads=reads_of([*order, ask], cast),
        facts=tuple(
            symbol(fact, cast, is_shop)
            for fact in (*order, ask)
            if not fact.gone and (fact.n or fact.op in ("doubles", "halves", "half"))
        ),
        asked=(ask.op.rstrip("3"), *(people if ask.op in EVERYONE else (cast.get(ask.who, ""),))),
        reason=work.reason,
        kind=work.kind,
        ways=ways,
    )


EVERYONE = ("total", "total3", "average", "average3", "both", "difference")


def symbol(fact, cast, is_shop) -> tuple:
    """`("has", "Mia", "shells", 12)`: operation, whose, than whose where there is another, of what, the numbers."""
    who = cast.get(fact.who, fact.who)
    others = (cast[fact.other],) if fact.other else ()
    what = () if is_shop else (cast["Y"] if fact.op == "also" else cast["X"],)
    return (fact.op, who, *others, *what, *fact.n)


def other_plans(plan) -> list[tuple]:
    """Where two numbers of the question are taken away one after the other: take their sum away at once."""
    found = []
    for i in range(len(plan) - 1):
        one, two = plan[i], plan[i + 1]
        minus = all(isinstance(step, Step) and step.op == "-" for step in (one, two))
        # The result between is not there any more, so nothing later may use it.
        later = [n for step in plan[i + 2 :] for n in (step.left, step.right)]
        if minus and two.left == one.result and one.result not in later:
            gone = Step("all that is taken off", one.right, "+", two.right, f"First {one.right}, then {two.right}.")
            last = Step(two.label, one.left, "-", gone.result, f"Of {one.left}, {gone.result} are taken off.")
            found.append((*plan[:i], gone, last, *plan[i + 2 :]))
    return found
