"""Families whose facts can contradict each other.

Each draws a pair: a question with an answer, and the same question with one fact changed so that no answer is possible.
"""

import random

from helpers.problems.family import family
from helpers.problems.words import BUS_STOPS, ITEMS, TOWNS, people


def both_orders(one: str, left: int, other: str, right: int) -> tuple[dict, dict]:
    """What can be said of who has more, truly and falsely, as values: it is `said`, in `truth` it is so.

    A test of it always reads "more": who must have more comes first, so that one word decides.
    """
    truth, lie = ("more", "fewer") if left > right else ("fewer", "more")
    names = ("larger", "x", "smaller", "y")
    return tuple(
        {"truth": truth, "said": said}
        | dict(zip(names, (one, left, other, right) if said == "more" else (other, right, one, left), strict=True))
        for said in (truth, lie)
    )


@family("""
    ask: In the town of {town}, three bus routes connect the {a}, the {b}, and the {c}.¶¶
        * The number of passengers on the {a} bus was {word} the number on the {b} bus.¶
        * The number of passengers on the {c} bus was {extra} more than the number on the {b} bus.¶
        * The total number of passengers on all three buses was exactly {total}.¶
        * Together, the {a} bus and the {c} bus carried exactly {pair} passengers.¶
        * More passengers rode the {a} bus than the {b} bus.¶¶
        Question: How many passengers rode each bus?
    step: low = total - pair | the {b} bus | All three buses carry {total} and two of them carry {pair}.
    step: high = times × low | the {a} bus | The {b} bus carries {low} and the {a} bus {word} as many.
    step: plus = low + extra | the {c} bus | The {b} bus carries {low} and the {c} bus {extra} more.
    test: high + plus = pair | the {a} bus and the {c} bus
    reason: the {a} bus and the {c} bus would carry {found}, not {pair}
    answer: high low plus
    reply: The {a} bus carried {high}, the {b} bus {low} and the {c} bus {plus} passengers.
    reply: There were {high} on the {a} bus, {low} on the {b} bus and {plus} on the {c} bus.
    read: {total} | What is the total?
    read: {pair} | How many did two buses carry together?
    read: {extra} | How many more did the {c} bus carry?
    read: the {a} bus | Which bus carried more?
""")
def buses(rng: random.Random) -> tuple[dict, dict]:
    """Three bus routes: the family of the seed's impossible question."""
    town, (a, b, c), times = rng.choice(TOWNS), rng.sample(BUS_STOPS, 3), rng.choice((2, 2, 3))
    middle, extra = rng.randint(8, 21 if times == 2 else 16), rng.randint(3, 22)
    total, pair = (times + 2) * middle + extra, (times + 1) * middle + extra
    off = rng.choice([d for d in range(-10, 11) if abs(d) > 1 and middle + d >= 3 and times * (middle + d) <= 62])
    wrong = rng.choice(({"total": total + off, "pair": pair}, {"total": total, "pair": pair - off}))
    said = {"town": town, "a": a, "b": b, "c": c, "times": times, "extra": extra, "total": total, "pair": pair}
    said["word"] = {2: "twice", 3: "three times"}[times]
    return said, said | wrong


@family("""
    ask: {first} and {second} have {total} {items} together. {first} has {a} of them.
        {second} has {said} than {first}. What is the difference between the two?
    step: b = total - a | {second}'s {items} | Of {total} {items}, {a} are {first}'s.
    test: x > y | {larger} has {x} and {smaller} has {y}
    step: off = most - least | the difference | Find the difference between {most} and {least} {items}.
    reason: {second} would have {b}, which is {truth} than {a}
    reply: The difference is {off} {items}. | They differ by {off} {items}.
    read: {total} | How many {items} are there together?
    read: {a} | How many {items} does {first} have?
    read: {larger} | Who is said to have more?
""")
def siblings(rng: random.Random) -> tuple[dict, dict]:
    """Who has more is said beside the two numbers."""
    who, items, a, b = people(rng, 2), rng.choice(ITEMS), rng.randint(5, 50), rng.randint(5, 50)
    b += 3 * (abs(a - b) < 2)  # so that the difference is not 1, and "1 coins" never said
    said = {**who, "items": items, "a": a, "total": a + b, "most": max(a, b), "least": min(a, b)}
    return tuple(said | order for order in both_orders(who["second"], b, who["first"], a))


@family("""
    ask: {n} vans take {riders} {who} to the {where}. Each van has {seats} seats, everyone has a seat,
        and some seats stay empty. How many seats stay empty?
    step: room = n × seats | all the seats | There are {n} vans with {seats} seats in each.
    test: room > riders | the seats and the riders
    step: empty = room - riders | the empty seats | Of {room} seats, {riders} are taken.
    reason: there are {room} seats, fewer than {riders}
    reply: So {off} seats stay empty. | There are {off} empty seats.
    read: {n} | How many vans are there?
    read: {seats} | How many seats are in each van?
    read: {riders} | How many {who} are there?
""")
def vans(rng: random.Random) -> tuple[dict, dict]:
    """Fewer riders than seats, or more."""
    who = rng.choice(("children", "guests", "players", "students"))
    where = rng.choice(("zoo", "museum", "beach", "park"))
    n, seats = rng.randint(2, 8), rng.randint(4, 12)
    empty, short = rng.randint(2, min(20, n * seats - 2)), rng.randint(1, 20)
    said = {"who": who, "where": where, "n": n, "seats": seats}
    return said | {"riders": n * seats - empty, "off": empty}, said | {"riders": n * seats + short, "off": short}


@family("""
    ask: A box holds {total} {one} and {two} {items}. There are {k} times as many {one} {items} as {two} {items},
        and {many} {items} are {one}. How many more {one} than {two} {items} are there?
    step: rest = total - many | the {two} {items} | Of {total} {items}, {many} are {one}.
    test: k × rest = many | the {one} {items}
    step: more = many - rest | the difference | Find the difference between {many} and {rest} {items}.
    reason: {k} times the {two} {items} would be {found}, not {many}
    reply: There are {off} more {one} {items}. | The {one} {items} are {off} more.
    read: {total} | How many {items} are there in all?
    read: {many} | How many {items} are {one}?
    read: {k} | How many times as many are {one}?
""")
def colors(rng: random.Random) -> tuple[dict, dict]:
    """How many times as many is said beside the two numbers."""
    one, two = rng.sample(("red", "blue", "green", "white", "black"), 2)
    items, k, few = rng.choice(ITEMS), rng.randint(2, 5), rng.randint(3, 18)
    total, many = (k + 1) * few, k * few
    off = rng.choice([d for d in range(-9, 10) if d and 2 <= few + d <= 20 and d < many - 1])
    said = {"one": one, "two": two, "items": items, "k": k}
    return tuple(
        said | {"total": total, "many": many, "off": abs(2 * many - total)}
        for total, many in ((total, many), rng.choice(((total + off, many), (total, many - off))))
    )


@family("""
    ask: {first} has {a} {items}. {second} has {d} more {items} than {first}. {third} has {c} {items},
        and {second} has {said} than {third}. How many {items} do {second} and {third} have together?
    step: b = a + d | {second}'s {items} | {first} has {a} {items}. {second} has {d} more.
    test: x > y | {larger} has {x} and {smaller} has {y}
    step: both = b + c | both together | {second} has {b} {items} and {third} has {c}.
    reason: {second} would have {b}, which is {truth} than {c}
    reply: They have {both} {items} together. | {second} and {third} have {both} {items}.
    read: {a} | How many {items} does {first} have?
    read: {d} | How many more does {second} have?
    read: {c} | How many {items} does {third} have?
    read: {larger} | Who of {second} and {third} is said to have more?
""")
def ranking(rng: random.Random) -> tuple[dict, dict]:
    """Who of two has more is said, and a third gives one of the numbers."""
    who, items, a, d = people(rng, 3), rng.choice(ITEMS), rng.randint(5, 40), rng.randint(2, 20)
    b = a + d
    c = rng.choice([n for n in range(max(3, b - 25), min(b + 25, 110 - b) + 1) if n != b])
    said = {**who, "items": items, "a": a, "d": d, "c": c}
    return tuple(said | order for order in both_orders(who["second"], b, who["third"], c))


FAMILIES = (buses, siblings, vans, colors, ranking)
