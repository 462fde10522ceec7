"""Says which number a question does not give: \"how many shells Tom has\"."""

from data.making.world.problems.things import a as an
from data.making.world.problems.things import plural_of


def of_things(fact, cast: dict) -> str:
    """Which number a fact leaves out, as an indirect question."""
    c, X, a = cast, cast["X"], cast[fact.who]
    return {
        "has": f"how many {X} {a} has",
        "groups": f"how many {X} are in each {c['K']}",
        "rate": f"for how many days {a} collects {X}",
        "colors": f"how many {c['Q']} {X} {a} has",
        "more": f"how many more {X} {a} has",
        "fewer": f"how many fewer {X} {a} has",
        "gets": f"how many {X} {a} gets",
        "gets_groups": f"how many {X} are in each new {c['L']}",
        "gives": f"how many {X} {a} gives away",
        "loses": f"how many {X} {a} loses",
        "gives_daily": f"for how many days {a} gives {X} away",
        "passes": f"how many {X} {a} gives to {c.get(fact.other, '')}",
        "part": f"how many {X} are {c['P']}",
        "parts": f"how many {X} are {c['Q']}",
        "share": "how many friends there are",
        "pack": f"how many {X} go in each {c['L']}",
        "reach": f"how many {X} {a} needs",
        "sells": f"what the price of the {X} is",
        "days": f"how many {X} are used each day",
    }[fact.op]


def of_goods(fact, cast: dict) -> str:
    """Which number a fact about a purchase leaves out."""
    c, a = cast, cast["A"]
    good = c.get(fact.who, "it")
    return {
        "price": f"what {an(good)} costs",
        "price_more": f"how much more {an(good)} costs",
        "price_fewer": f"how much less {an(good)} costs",
        "buys": f"how many {plural_of(good)} {a} buys",
        "buys_groups": f"how many {plural_of(good)} are in each {c['K']}",
        "coupon": "how much the coupon takes off",
        "fee": "how much the delivery costs",
        "pays": f"how much {a} pays with",
        "split": "how many friends share the cost",
    }[fact.op]
