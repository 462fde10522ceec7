"""Three buses, five facts: the manner of the seed's impossible question, in other words."""

from data.making.world.problems import things
from data.making.world.problems.cast import split_of_words
from data.making.world.problems.model import Problem
from data.making.world.problems.tell import TIMES
from data.making.world.problems.ways_facts import HELD
from helpers.problems.model import Claim, Step

RIDERS = ("passengers", "children", "visitors", "workers", "tourists")
INTRO = (
    "In the town of {town}, three bus routes connect the {a}, the {b}, and the {c}.",
    "Three buses run in {town}: to the {a}, to the {b} and to the {c}.",
    "{town} has three bus routes. They go to the {a}, the {b} and the {c}.",
    "There are three buses in {town}, the {a} bus, the {b} bus and the {c} bus.",
    "One morning in {town}, three buses leave for the {a}, the {b}, and the {c}.",
    "The {a}, the {b} and the {c} of {town} each have a bus.",
    "From {town}, one bus goes to the {a}, one to the {b} and one to the {c}.",
    "Take three bus routes in {town}: the {a} route, the {b} route and the {c} route.",
)
WAYS = {
    "times": (
        "The number of {r} on the {a} bus was {k} the number on the {b} bus.",
        "The {a} bus carried {k} as many {r} as the {b} bus.",
        "There were {k} as many {r} on the {a} bus as on the {b} bus.",
        "On the {a} bus there were {k} as many {r} as on the {b} bus.",
        "{K} as many {r} took the {a} bus as took the {b} bus.",
        "The {a} bus had {k} as many {r} as the {b} bus.",
        "Compared with the {b} bus, the {a} bus carried {k} as many {r}.",
        "The {a} bus was {k} as full as the {b} bus.",
    ),
    "more": (
        "The number of {r} on the {c} bus was {n} more than the number on the {b} bus.",
        "The {c} bus carried {n} more {r} than the {b} bus.",
        "There were {n} more {r} on the {c} bus than on the {b} bus.",
        "On the {c} bus there were {n} more {r} than on the {b} bus.",
        "{n} more {r} took the {c} bus than the {b} bus.",
        "The {c} bus had {n} more {r} than the {b} bus.",
        "Compared with the {b} bus, the {c} bus carried {n} more {r}.",
        "The {b} bus carried {n} fewer {r} than the {c} bus.",
    ),
    "total": (
        "The total number of {r} on all three buses was exactly {n}.",
        "All three buses together carried {n} {r}.",
        "In total there were {n} {r} on the three buses.",
        "The three buses carried {n} {r} in all.",
        "Altogether, {n} {r} took a bus.",
        "There were {n} {r} on all the buses together.",
        "The {r} of all three buses add up to {n}.",
        "Counting all three buses, there were {n} {r}.",
    ),
    "pair": (
        "Together, the {a} bus and the {c} bus carried exactly {n} {r}.",
        "The {a} bus and the {c} bus together had {n} {r}.",
        "On the {a} bus and the {c} bus there were {n} {r} together.",
        "The {a} bus and the {c} bus carried {n} {r} between them.",
        "There were {n} {r} in all on the {a} bus and the {c} bus.",
        "{n} {r} took either the {a} bus or the {c} bus.",
        "The {r} of the {a} bus and the {c} bus add up to {n}.",
        "Counting only the {a} bus and the {c} bus, there were {n} {r}.",
    ),
    "order": (
        "More {r} rode the {x} bus than the {y} bus.",
        "The {x} bus carried more {r} than the {y} bus.",
        "There were more {r} on the {x} bus than on the {y} bus.",
        "Fewer {r} rode the {y} bus than the {x} bus.",
        "The {y} bus had fewer {r} than the {x} bus.",
        "The {x} bus was fuller than the {y} bus.",
        "Of these two, the {x} bus carried more {r} than the {y} bus.",
        "The {y} bus did not have as many {r} as the {x} bus.",
    ),
    "ask": (
        "How many {r} rode each bus?",
        "How many {r} were on each bus?",
        "How many {r} did each bus carry?",
        "Find the number of {r} on each bus.",
        "What is the number of {r} on each of the buses?",
        "How many {r} took each of the three buses?",
        "For each bus, how many {r} were on it?",
        "Give the number of {r} for each bus.",
    ),
}


def cast_of(split, held, rng):
    """Town, three stops and riders, drawn until they belong to the split."""
    while True:
        town = rng.choice(things.NEW_TOWNS if held else things.TOWNS)
        stops = rng.sample(things.NEW_STOPS if held else things.STOPS, 3)
        riders = rng.choice(RIDERS)
        if split_of_words([town, riders, *stops]) == split:
            return town, stops, riders


def pair_of(kind, split, outside, rng) -> tuple[Problem, Problem]:
    """(solvable, impossible) problems; kind: "contradiction" or "order"."""
    held = "ways" in outside
    town, (a, b, c), riders = cast_of(split, "names" in outside, rng)
    times = rng.choice((2, 2, 3))
    low, extra = rng.randint(8, 22 if times == 2 else 16), rng.randint(3, 20)
    pair, order = (times + 1) * low + extra, (a, b)
    total = pair + low
    wrong = total, pair, order
    if kind == "order":
        wrong = total, pair, (b, a)
    else:
        off = rng.choice([d for d in range(-9, 10) if d and low + d >= 3 and times * (low + d) <= 60])
        wrong = rng.choice(((total + off, pair, order), (total, pair - off, order)))
    place = {key: rng.randrange(len(ways)) for key, ways in (*WAYS.items(), ("intro", INTRO))}
    place = {key: 8 - HELD + i % HELD if held else i % (8 - HELD) for key, i in place.items()}
    listed = rng.random() < 0.4
    orders = ["times", "more", "total", "pair", "order"]
    if rng.random() < 0.6:
        rng.shuffle(orders)
    outside = frozenset(outside)
    return tuple(
        built(town, (a, b, c), riders, times, extra, *numbers, place, listed, orders, outside)
        for numbers in ((total, pair, order), wrong)
    )


def built(town, stops, riders, times, extra, total, pair, order, place, listed, orders, outside) -> Problem:
    a, b, c = stops
    x, y = order
    words = {"town": town, "a": a, "b": b, "c": c, "r": riders, "k": TIMES[times], "K": TIMES[times].capitalize(),
             "x": x, "y": y}  # fmt: skip
    given = {"times": times, "more": extra, "total": total, "pair": pair}
    said = [WAYS[key][place[key]].format(**words, n=given.get(key)) for key in orders]
    intro, ask = INTRO[place["intro"]].format(**words), WAYS["ask"][place["ask"]].format(**words)
    dots = "\n".join(f"* {sentence}" for sentence in said)
    question = f"{intro}\n\n{dots}\n\nQuestion: {ask}" if listed else " ".join((intro, *said, ask))
    symbols = {"times": ("times", a, b, riders, times), "more": ("more", c, b, riders, extra),
               "total": ("sum", a, b, c, riders, total), "pair": ("sum", a, c, riders, pair),
               "order": ("order", x, y, riders, ">")}  # fmt: skip
    plan, reason, kind = worked(stops, times, extra, total, pair, order)
    low = total - pair
    high, plus = times * low, low + extra
    return Problem(
        question, "each", () if reason else (high, low, plus), (plan,),
        ("times", "more", "sum3", "sum2", "order", "each bus"),
        () if reason else (f"The {a} bus carried {high}, the {b} bus {low} and the {c} bus {plus}.",
                           f"There were {high} on the {a} bus, {low} on the {b} bus and {plus} on the {c} bus.",
                           f"That is {high} for the {a} bus, {low} for the {b} bus and {plus} for the {c} bus."),
        (("What is the total?", f"{total}"), ("How many did two buses carry together?", f"{pair}"),
         (f"How many more did the {c} bus carry?", f"{extra}"), ("Which bus is said to be fuller?", f"the {x} bus")),
        tuple(symbols[key] for key in orders), ("each", a, b, c), reason, kind, outside,
        tuple((f"bus {key}", place[key]) for key in ("intro", *orders, "ask")),
    )  # fmt: skip


def worked(stops, times, extra, total, pair, order):
    """The plan up to its end or to the claim that fails, the reason and the kind."""
    a, b, c = stops
    low = total - pair
    high, plus = times * low, low + extra
    plan = [
        Step(f"the {b} bus", total, "-", pair, f"All three buses carry {total} and two of them carry {pair}."),
        Step(f"the {a} bus", times, "×", low, f"The {b} bus carries {low} and the {a} bus {TIMES[times]} as many."),
        Step(f"the {c} bus", low, "+", extra, f"The {b} bus carries {low} and the {c} bus {extra} more."),
    ]
    both = Claim(f"the {a} bus and the {c} bus", high, "+", plus, pair)
    if not both.holds:
        reason = f"the {a} bus and the {c} bus would carry {both.found}, not {pair}"
        return (*plan, both), reason, "contradiction"
    x, y = (high, low) if order == (a, b) else (low, high)
    ranked = Claim(f"the {order[0]} bus carries {x} and the {order[1]} bus {y}", x, ">", None, y)
    if ranked.holds:
        return (*plan, both, ranked), None, None
    reason = f"the {order[0]} bus would carry {x} and the {order[1]} bus {y}, so the {order[0]} bus is not fuller"
    return (*plan, both, ranked), reason, "order"
