"""Three bus routes: the family of the seed's impossible problem."""

from helpers.problems.model import Claim, Problem, Step, broken, until_false
from helpers.problems.words import BUS_STOPS, TOWNS


def buses(rng):
    town, stops = rng.choice(TOWNS), rng.sample(BUS_STOPS, 3)
    a, b, c = stops  # a carries `times` as many as b, c carries `extra` more than b
    times = rng.choice((2, 2, 3))
    middle, extra = rng.randint(8, 21 if times == 2 else 16), rng.randint(3, 22)
    word = {2: "twice", 3: "three times"}[times]

    def build(total, pair):
        low = total - pair
        high, plus = times * low, low + extra
        claim = Claim(f"the {a} bus and the {c} bus", high, "+", plus, pair)
        plan = until_false(
            Step(f"the {b} bus", total, "-", pair, f"All three buses carry {total} and two of them carry {pair}."),
            Step(f"the {a} bus", times, "×", low, f"The {b} bus carries {low} and the {a} bus {word} as many."),
            Step(f"the {c} bus", low, "+", extra, f"The {b} bus carries {low} and the {c} bus {extra} more."),
            claim,
        )
        reason = None if claim.holds else broken(claim, f"the {a} bus and the {c} bus would carry")
        question = (
            f"In the town of {town}, three bus routes connect the {a}, the {b}, and the {c}.\n\n"
            f"* The number of passengers on the {a} bus was {word} the number on the {b} bus.\n"
            f"* The number of passengers on the {c} bus was {extra} more than the number on the {b} bus.\n"
            f"* The total number of passengers on all three buses was exactly {total}.\n"
            f"* Together, the {a} bus and the {c} bus carried exactly {pair} passengers.\n"
            f"* More passengers rode the {a} bus than the {b} bus.\n\n"
            "Question: How many passengers rode each bus?"
        )
        return Problem(
            question,
            "buses",
            () if reason else (high, low, plus),
            plans=(plan,),
            reason=reason,
            replies=(
                f"The {a} bus carried {high}, the {b} bus {low} and the {c} bus {plus} passengers.",
                f"There were {high} on the {a} bus, {low} on the {b} bus and {plus} on the {c} bus.",
            ),
            reads=(
                ("What is the total?", f"{total}"),
                ("How many did two buses carry together?", f"{pair}"),
                (f"How many more did the {c} bus carry?", f"{extra}"),
                ("Which bus carried more?", f"the {a} bus"),
            ),
        )

    total, pair = (times + 2) * middle + extra, (times + 1) * middle + extra
    off = rng.choice([d for d in range(-10, 11) if abs(d) > 1 and middle + d >= 3 and times * (middle + d) <= 62])
    return build(total, pair), build(*rng.choice(((total + off, pair), (total, pair - off))))
