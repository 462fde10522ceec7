"""Families whose facts can contradict each other.

Each function draws a pair: a question with an answer, and the same question with one fact
changed so that no answer is possible.
"""

from helpers.problems.model import WORDS, Claim, Problem, Step, broken, order_of, ordered, until_false
from helpers.problems.words import ITEMS, people


def out_of_order(who: str, found: int, other: int) -> str:
    """Why the facts do not fit where an order is stated."""
    return f"{who} would have {found}, which is {WORDS[order_of(found, other)]} {other}"


def siblings(rng):
    first, second = people(rng, 2)
    items, a, b = rng.choice(ITEMS), rng.randint(5, 50), rng.randint(5, 50)
    b += 3 * (abs(a - b) < 2)  # so that the difference is not 1, and "1 coins" never said
    true = order_of(b, a)

    def build(said):
        claim = ordered(second, b, said, first, a)
        larger, smaller = max(a, b), min(a, b)
        step = Step(
            "the difference", larger, "-", smaller, f"Find the difference between {larger} and {smaller} {items}."
        )
        plan = until_false(
            Step(f"{second}'s {items}", a + b, "-", a, f"Of {a + b} {items}, {a} are {first}'s."), claim, step
        )
        reason = None if claim.holds else out_of_order(second, b, a)
        return Problem(
            f"{first} and {second} have {a + b} {items} together. {first} has {a} of them. "
            f"{second} has {WORDS[said]} {first}. What is the difference between the two?",
            "siblings",
            () if reason else (step.result,),
            plans=(plan,),
            reason=reason,
            replies=(f"The difference is {step.result} {items}.", f"They differ by {step.result} {items}."),
            reads=(
                (f"How many {items} are there together?", f"{a + b}"),
                (f"How many {items} does {first} have?", f"{a}"),
                ("Who is said to have more?", second if said == ">" else first),
            ),
        )

    return build(true), build("<" if true == ">" else ">")


def vans(rng):
    who, where = (
        rng.choice(("children", "guests", "players", "students")),
        rng.choice(("zoo", "museum", "beach", "park")),
    )
    n, seats = rng.randint(2, 8), rng.randint(4, 12)
    room = n * seats
    taken = room - rng.randint(2, min(20, room - 2))

    def build(riders):
        claim = Claim("the seats and the riders", room, ">", None, riders)
        plan = until_false(
            Step("all the seats", n, "×", seats, f"There are {n} vans with {seats} seats in each."),
            claim,
            Step("the empty seats", room, "-", riders, f"Of {room} seats, {riders} are taken."),
        )
        reason = None if claim.holds else f"there are {room} seats, {WORDS['<']} {riders}"
        return Problem(
            f"{n} vans take {riders} {who} to the {where}. Each van has {seats} seats, everyone has a seat, "
            "and some seats stay empty. How many seats stay empty?",
            "vans",
            () if reason else (room - riders,),
            plans=(plan,),
            reason=reason,
            replies=(f"So {abs(room - riders)} seats stay empty.", f"There are {abs(room - riders)} empty seats."),
            reads=(
                ("How many vans are there?", f"{n}"),
                ("How many seats are in each van?", f"{seats}"),
                (f"How many {who} are there?", f"{riders}"),
            ),
        )

    return build(taken), build(room + rng.randint(1, 20))


def colors(rng):
    one, two = rng.sample(("red", "blue", "green", "white", "black"), 2)
    items, k, few = rng.choice(ITEMS), rng.randint(2, 5), rng.randint(3, 18)

    def build(total, many):
        rest = total - many
        claim = Claim(f"the {one} {items}", k, "×", rest, many)
        last = (
            (Step("the difference", many, "-", rest, f"Find the difference between {many} and {rest} {items}."),)
            if claim.holds
            else ()
        )
        plan = until_false(
            Step(f"the {two} {items}", total, "-", many, f"Of {total} {items}, {many} are {one}."), claim, *last
        )
        reason = None if claim.holds else broken(claim, f"{k} times the {two} {items} would be")
        return Problem(
            f"A box holds {total} {one} and {two} {items}. There are {k} times as many {one} {items} as {two} {items}, "
            f"and {many} {items} are {one}. How many more {one} than {two} {items} are there?",
            "colors",
            () if reason else (many - rest,),
            plans=(plan,),
            reason=reason,
            replies=(
                f"There are {abs(many - rest)} more {one} {items}.",
                f"The {one} {items} are {abs(many - rest)} more.",
            ),
            reads=(
                (f"How many {items} are there in all?", f"{total}"),
                (f"How many {items} are {one}?", f"{many}"),
                (f"How many times as many are {one}?", f"{k}"),
            ),
        )

    total, many = (k + 1) * few, k * few
    off = rng.choice([d for d in range(-9, 10) if d and 2 <= few + d <= 20 and d < many - 1])
    changed = rng.choice(((total + off, many), (total, many - off)))
    return build(total, many), build(*changed)


def ranking(rng):
    first, second, third = people(rng, 3)
    items, a, d = rng.choice(ITEMS), rng.randint(5, 40), rng.randint(2, 20)
    b = a + d
    c = rng.choice([n for n in range(max(3, b - 25), min(b + 25, 110 - b) + 1) if n != b])
    true = order_of(b, c)

    def build(said):
        claim = ordered(second, b, said, third, c)
        plan = until_false(
            Step(f"{second}'s {items}", a, "+", d, f"{first} has {a} {items}. {second} has {d} more."),
            claim,
            Step("both together", b, "+", c, f"{second} has {b} {items} and {third} has {c}."),
        )
        reason = None if claim.holds else out_of_order(second, b, c)
        return Problem(
            f"{first} has {a} {items}. {second} has {d} more {items} than {first}. {third} has {c} {items}, "
            f"and {second} has {WORDS[said]} {third}. How many {items} do {second} and {third} have together?",
            "ranking",
            () if reason else (b + c,),
            plans=(plan,),
            reason=reason,
            replies=(f"They have {b + c} {items} together.", f"{second} and {third} have {b + c} {items}."),
            reads=(
                (f"How many {items} does {first} have?", f"{a}"),
                (f"How many more does {second} have?", f"{d}"),
                (f"How many {items} does {third} have?", f"{c}"),
                (f"Who of {second} and {third} is said to have more?", second if said == ">" else third),
            ),
        )

    return build(true), build("<" if true == ">" else ">")
