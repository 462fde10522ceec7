"""Numbers for a plan: drawn one fact at a time, so that every sum stays whole and in the range."""

from data.making.world.problems.asking import Story
from data.making.world.problems.shop import Shop
from data.making.world.problems.working import Fact
from helpers.problems.model import Step

LOWEST, HIGHEST = 2, 115  # of the splits, the numbers given and the results alike
ENDS, BEYOND = 120, 300  # where `outside` has "numbers": up to 120, or up to 300, and 1 as a result
# Any words serve to find numbers; only the sums count here.
DUMMY = {role: role for role in "ABCXYGHJKLPQRF"}


def numbered(shape, rng, highest: int, lowest: int = LOWEST) -> tuple[list[Fact], tuple] | None:
    """The plan's facts with numbers, and (largest, smallest) of all numbers and results; None where none were found."""
    work = Shop(DUMMY) if shape[0][0] == "price" else Story(DUMMY)
    facts = []
    for op, who, other in shape:
        pick = PICKS.get(op)
        if pick:
            try:
                n = pick(rng, work.values, work.values.get(other or who, 0), work.values.get(who, 0), highest, lowest)
            except ValueError:  # an empty range: what there is now leaves no room for this
                return None
            if n is None:
                return None
        else:
            n = ()
            if op in ("half", "halves") and work.values[other or who] % 2:
                return None
            if op in ("cost_each",) and work.values["cost"] % work.count:
                return None
        fact = Fact(op, who, other, n)
        facts.append(fact)
        work.run((fact,))
        if work.over:
            return None
    if shape[-1][0] == "difference" and work.values["A"] == work.values["B"]:
        return None
    every = [number for fact in facts for number in fact.n]
    given = min(every)
    results = [step.result for step in work.plan if isinstance(step, Step)]
    low, high = min(results), max(max(every), *results)
    if high > highest or low < lowest or given < 2:
        return None
    return facts, (high, low)


def _parts(rng, most, few=(2, 9), each=(2, 30)):
    """Two factors whose product is at most `most`."""
    n = rng.randint(few[0], min(few[1], most // each[0]))
    return n, rng.randint(each[0], min(each[1], most // n))


def _divisor(rng, v, most):
    """A number from 2 to `most` that divides v into at least 2 parts of at least 2."""
    found = [n for n in range(2, most + 1) if v % n == 0 and v // n >= 2]
    return (rng.choice(found),) if found else None


def _start(rng, values, base, own, high, low):
    # Small numbers leave room to grow, large ones room to take from.
    return (rng.randint(3, rng.choice((high // 4, high // 2, high - 2))),)


def _daily(rng, values, base, own, high, low):
    days, per = _parts(rng, own - 2, (2, 9), (2, 12))
    return per, days


PICKS = {
    "has": _start,
    "groups": lambda rng, v, base, own, high, low: _parts(rng, high, (2, 9), (2, max(30, high // 4))),
    "rate": lambda rng, v, base, own, high, low: _parts(rng, high, (2, 12), (2, 9)),
    "colors": lambda rng, v, base, own, high, low: (rng.randint(2, high // 2 - 1), rng.randint(2, high // 2 - 1)),
    "more": lambda rng, v, base, own, high, low: (rng.randint(2, min(high // 2, high - base)),),
    "fewer": lambda rng, v, base, own, high, low: (rng.randint(2, base - 2),),
    "times": lambda rng, v, base, own, high, low: (rng.randint(2, min(6, high // base)),),
    "gets": lambda rng, v, base, own, high, low: (rng.randint(2, min(high // 2, high - own)),),
    "gets_groups": lambda rng, v, base, own, high, low: _parts(rng, high - own, (2, 6), (2, 20)),
    "gives": lambda rng, v, base, own, high, low: (rng.randint(2, own - low),),
    "loses": lambda rng, v, base, own, high, low: (rng.randint(2, own - low),),
    "gives_daily": _daily,
    "passes": lambda rng, v, base, own, high, low: (rng.randint(2, own - 2),),
    "share": lambda rng, v, base, own, high, low: _divisor(rng, own, 10),
    "pack": lambda rng, v, base, own, high, low: _divisor(rng, own, 12),
    "days": lambda rng, v, base, own, high, low: _divisor(rng, own, 12),
    "reach": lambda rng, v, base, own, high, low: (rng.randint(own + 2, min(high, own + high // 2)),),
    "sells": lambda rng, v, base, own, high, low: (rng.randint(2, min(9, high // own)),),
    "part": lambda rng, v, base, own, high, low: (rng.randint(2, own - low),),
    "parts": lambda rng, v, base, own, high, low: _split_in_parts(rng, own),
    "price": lambda rng, v, base, own, high, low: (rng.randint(2, 9 + high // 20),),
    "price_more": lambda rng, v, base, own, high, low: (rng.randint(2, 12),),
    "price_fewer": lambda rng, v, base, own, high, low: (rng.randint(2, base - 2),),
    "price_times": lambda rng, v, base, own, high, low: (rng.randint(2, 4),),
    "buys": lambda rng, v, base, own, high, low: (rng.randint(2, min(12, (high - v.get("cost", 0)) // own)),),
    "buys_groups": lambda rng, v, base, own, high, low: _parts(rng, high // own, (2, 6), (2, 12)),
    "coupon": lambda rng, v, base, own, high, low: (rng.randint(2, min(own - 2, high // 3)),),
    "fee": lambda rng, v, base, own, high, low: (rng.randint(2, min(20, high - own)),),
    "pays": lambda rng, v, base, own, high, low: _paid(rng, v["cost"], high),
    "split": lambda rng, v, base, own, high, low: _divisor(rng, v["cost"], 9),
}


def _split_in_parts(rng, own):
    one = rng.randint(2, own - 4)
    return one, rng.randint(2, own - one - 2)


def _paid(rng, cost, high):
    """A note, or now and then any sum."""
    notes = [n for n in (20, 50, 100, 200) if cost + 2 <= n <= high]
    return (rng.choice(notes) if notes and rng.random() < 0.6 else rng.randint(cost + 2, high),)


def spoilt(fact: Fact, value: int, rng, highest: int) -> Fact | None:
    """The same fact with too large a number, or one that divides nothing, for `value` there before it; None if none."""
    op = fact.op
    try:
        if op in ("gives", "loses", "passes", "coupon", "fewer", "price_fewer", "part"):
            least = value + (op not in ("gives", "loses", "passes", "part"))  # nothing left is no price and no number
            return fact._replace(n=(rng.randint(max(2, least + 1), min(highest, value + max(10, value // 2))),))
        if op == "gives_daily":
            per, days = fact.n
            more = rng.randint(value // per + 1, value // per + 4)
            return fact._replace(n=(per, more)) if days and per * more <= highest else None
        if op == "pays":
            return fact._replace(n=(rng.randint(max(2, value // 2), value - 1),))
        if op == "parts":
            one = rng.randint(max(2, value // 3), value - 2)
            two = rng.randint(value - one + 1, min(value - 1, highest - one))
            return fact._replace(n=(one, two)) if two > 1 else None
        if op in ("share", "pack"):
            odd = [n for n in range(2, 13) if value % n and n < value]
            return fact._replace(n=(rng.choice(odd),)) if odd else None
    except ValueError:  # an empty range
        return None
    return None
