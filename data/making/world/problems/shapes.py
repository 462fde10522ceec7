"""All plans: which operations follow which. Listed once; a draw picks one and gives it numbers."""

from collections import Counter
from itertools import accumulate, combinations, permutations, product

COST = {
    "has": 0, "groups": 1, "rate": 1, "colors": 1, "more": 1, "fewer": 1, "times": 1, "half": 1,
    "gets": 1, "gets_groups": 2, "gives": 1, "loses": 1, "gives_daily": 2, "passes": 2, "doubles": 1, "halves": 1,
    "left": 0, "now": 0, "total": 1, "total3": 2, "difference": 1, "average": 2, "average3": 3, "both": 2,
    "share": 1, "pack": 1, "reach": 1, "sells": 1, "days": 1, "part": 1, "parts": 2,
    "price": 0, "price_more": 1, "price_fewer": 1, "price_times": 1, "buys": 1, "buys_groups": 2,
    "coupon": 1, "fee": 1, "cost": 0, "cost_each": 1, "pays": 1, "split": 1,
}  # fmt: skip
MOST = 4  # sums in a plan of the splits; one more where `outside` has "steps"
# Never in one plan of a split, each of them in many.
HELD_PAIRS = frozenset(
    frozenset(pair.split())
    for pair in ("groups difference", "rate share", "doubles pack", "times average", "halves gets", "loses reach",
                 "fewer total", "gives_daily sells", "coupon split", "price_times pays", "colors days",
                 "gets_groups gives")
)  # fmt: skip
STARTS = ("has", "groups", "rate", "colors")
TAKES = ("gives", "loses", "gives_daily", "halves", "passes")
ALONE = ("gets", "gets_groups", "gives", "loses", "gives_daily", "doubles", "halves")
ENDS = ("share", "pack", "reach", "sells", "days", "part", "parts")


def solo():
    """One person: a start, up to three events, a question."""
    for start, count in product(STARTS, range(4)):
        for events in permutations(ALONE, count):
            last = "left" if events and events[-1] in TAKES else "now"
            for end in (last, *ENDS):
                # Nobody tells such a story, and the colors of one fact would be those of the other.
                if {"doubles", "halves"} <= {*events} or (start == "colors" and end in ("part", "parts")):
                    continue
                yield ((start, "A", ""), *((op, "A", "") for op in events), (end, "A", ""))


def duo():
    """Two people, the second compared with the first or not; perhaps something happens to one or both."""
    events = ((), *((("gets", w, ""),) for w in "AB"), *((("gives", w, ""),) for w in "AB"),
              *((("loses", w, ""),) for w in "AB"), (("doubles", "B", ""),), (("halves", "A", ""),),
              (("passes", "A", "B"),), (("passes", "B", "A"),), (("gets", "A", ""), ("gives", "B", "")),
              (("loses", "A", ""), ("gets", "B", "")), (("gets_groups", "A", ""),))  # fmt: skip
    for start, second, happens in product(STARTS, ("has", "more", "fewer", "times", "half"), events):
        begin = ((start, "A", ""), (second, "B", "" if second == "has" else "A"), *happens)
        passes = bool(happens) and happens[0][0] == "passes"
        # Where one is so many more than the other, their difference is no question.
        if second not in ("more", "fewer") or (happens and not passes):
            yield (*begin, ("difference", "A", "B"))
        if passes:
            continue  # what one gives to the other changes no total
        for end in ("total", "average", "both"):
            yield (*begin, (end, "A", "B"))
        if second != "has" and all(event[1] == "B" for event in happens):
            last = "left" if happens and happens[-1][0] in TAKES else "now"
            for end in (last, "share", "pack", "reach", "sells", *(["part"] if start != "colors" else [])):
                yield (*begin, (end, "B", ""))


def trio():
    """Three people, each compared with one before."""
    for start, second, third, base in product(STARTS, ("has", "more", "fewer", "times", "half"),
                                              ("has", "more", "fewer", "times", "half"), "AB"):  # fmt: skip
        if third == "has" and (base == "B" or second == "has"):
            continue
        begin = ((start, "A", ""), (second, "B", "" if second == "has" else "A"),
                 (third, "C", "" if third == "has" else base))  # fmt: skip
        yield (*begin, ("total3", "A", ""))
        yield (*begin, ("average3", "A", ""))
        if third != "has" and second != "has" and base == "B":
            yield (*begin, ("now", "C", ""))


def shop():
    """One or two goods, a coupon, a delivery, a question."""
    extras = ((), ("coupon",), ("fee",), ("coupon", "fee"))
    for buys, extra, end in product(("buys", "buys_groups"), extras, ("cost", "cost_each", "pays", "split")):
        rest = (*((op, "cost", "") for op in extra), (end, "A", ""))
        yield (("price", "G", ""), (buys, "G", ""), *rest)
        for second in ("price", "price_more", "price_fewer", "price_times"):
            both = (("price", "G", ""), (second, "H", "" if second == "price" else "G"))
            if end != "cost_each":
                yield (*both, (buys, "G", ""), ("buys", "H", ""), *rest)
                if second != "price":
                    yield (*both, (buys, "H", ""), *rest)


def sums_of(ops) -> int:
    """How many sums a plan takes; a second purchase has to be added to the first."""
    ops = [*ops]
    return sum(COST.get(op, 0) for op in ops) + max(0, ops.count("buys") + ops.count("buys_groups") - 1)


def listed() -> dict:
    """(held, form, sums) -> the plans; held: a pair of HELD_PAIRS is in it."""
    found: dict = {}
    for form in (solo, duo, trio, shop):
        for shape in form():
            ops = {op.rstrip("3") for op, _, _ in shape}
            steps = sums_of(op for op, _, _ in shape)
            if len({who + op for op, who, _ in shape}) == len(shape) and 1 <= steps <= MOST + 1:
                held = any(frozenset(pair) in HELD_PAIRS for pair in combinations(sorted(ops), 2))
                found.setdefault((held, form.__name__, steps), []).append(shape)
    return found


def weighed(shapes: list) -> tuple[list, list[float]]:
    """The plans and their cumulative weights: the rarer a plan's rarest operation among them, the likelier it is."""
    often = Counter(op for shape in shapes for op, _, _ in shape)
    return shapes, [*accumulate(1 / min(often[op] for op, _, _ in shape) for shape in shapes)]


SHAPES = {key: weighed(shapes) for key, shapes in listed().items()}
