"""Asks for one number or name of a question at a time, and says which number it does not give."""

from data.making.world.problems.things import a as an
from data.making.world.problems.things import plural_of

# operation -> what asks for its first number, and for its second where it has two.
QUERIES = {
    "has": ("How many {X} does {a} have at first?",),
    "groups": ("How many {Ks} does {a} have?", "How many {X} are in each {K}?"),
    "rate": ("How many {X} does {a} collect a day?", "For how many days does {a} collect {X}?"),
    "colors": ("How many {P} {X} does {a} have?", "How many {Q} {X} does {a} have?"),
    "more": ("How many more {X} than {b} does {a} have?",),
    "fewer": ("How many fewer {X} than {b} does {a} have?",),
    "times": ("How many times as many {X} as {b} does {a} have?",),
    "gets": ("How many more {X} does {a} get?",),
    "gets_groups": ("How many new {Ls} does {a} get?", "How many {X} are in each new {L}?"),
    "gives": ("How many {X} does {a} give away?",),
    "loses": ("How many of {a}'s {X} are gone?",),
    "gives_daily": ("How many {X} does {a} give away a day?", "For how many days does {a} give {X} away?"),
    "passes": ("How many {X} does {b} get from {a}?",),
    "share": ("How many friends are there?",),
    "pack": ("How many {X} go in each {L}?",),
    "reach": ("How many {X} does {a} need?",),
    "sells": ("What is the price of one of the {X}?",),
    "days": ("How many {X} are used a day?",),
    "part": ("How many {X} are {P}?",),
    "parts": ("How many {X} are {P}?", "How many {X} are {Q}?"),
    "stated": ("How many {X} is {a} said to have?",),
    "also": ("How many {Y} are there?",),
    "price": ("What is the price of {good}?",),
    "price_more": ("How much more does {good} cost?",),
    "price_fewer": ("How much less does {good} cost?",),
    "price_times": ("How many times as much does {good} cost?",),
    "buys": ("How many {goods} does {a} buy?",),
    "buys_groups": ("How many {Ks} does {a} buy?", "How many {goods} are in each {K}?"),
    "coupon": ("How much is taken off the cost?",),
    "fee": ("How much does the delivery cost?",),
    "pays": ("How much money does {a} pay with?",),
    "split": ("How many friends pay together?",),
}
# What asks for a name, and which role's name it is.
WHO = {
    "has": ("Who has {X} at first?", "a"),
    "doubles": ("Whose {X} become twice as many?", "a"),
    "halves": ("Who keeps half of the {X}?", "a"),
    "colors": ("Who has {P} and {Q} {X}?", "a"),
    "groups": ("Whose {X} are in {Ks}?", "a"),
    "rate": ("Who collects {X}?", "a"),
    "more": ("Who has more {X} at first, {both}?", "a"),
    "fewer": ("Who has fewer {X} at first, {both}?", "a"),
    "times": ("Who has more {X} at first, {both}?", "a"),
    "half": ("Who has fewer {X} at first, {both}?", "a"),
    "gets": ("Who gets more {X}?", "a"),
    "gives": ("Who gives {X} away?", "a"),
    "loses": ("Whose {X} are gone?", "a"),
    "passes": ("Who gets {X}?", "b"),
    "buys": ("Who buys the {goods}?", "a"),
}
# Which number a fact does not give, as an indirect question.
LACKS = {
    "has": "how many {X} {a} has",
    "groups": "how many {X} are in each {K}",
    "rate": "for how many days {a} collects {X}",
    "colors": "how many {Q} {X} {a} has",
    "more": "how many more {X} {a} has",
    "fewer": "how many fewer {X} {a} has",
    "gets": "how many {X} {a} gets",
    "gets_groups": "how many {X} are in each new {L}",
    "gives": "how many {X} {a} gives away",
    "loses": "how many {X} {a} loses",
    "gives_daily": "for how many days {a} gives {X} away",
    "passes": "how many {X} {a} gives to {b}",
    "part": "how many {X} are {P}",
    "parts": "how many {X} are {Q}",
    "share": "how many friends there are",
    "pack": "how many {X} go in each {L}",
    "reach": "how many {X} {a} needs",
    "sells": "what the price of the {X} is",
    "days": "how many {X} are used each day",
    "price": "what {good} costs",
    "price_more": "how much more {good} costs",
    "price_fewer": "how much less {good} costs",
    "buys": "how many {goods} {a} buys",
    "buys_groups": "how many {goods} are in each {K}",
    "coupon": "how much the coupon takes off",
    "fee": "how much the delivery costs",
    "pays": "how much {a} pays with",
    "split": "how many friends share the cost",
}
MONEY = ("price", "price_more", "price_fewer", "coupon", "fee", "pays", "sells")


def spoken(fact, cast: dict) -> dict:
    """What stands in the braces: the cast's words, and whose the fact is."""
    who = cast.get(fact.who if fact.who in "ABC" else "A", "")
    other = cast.get(fact.other, "")
    both = " or ".join(sorted((who, other)))  # so that the place says nothing
    found = {"Y": "", **cast, "Ks": plural_of(cast["K"]), "Ls": plural_of(cast["L"])}
    found |= {"a": who, "b": other, "both": both}
    if fact.who in "GHJ":
        found |= {"good": an(cast[fact.who]), "goods": plural_of(cast[fact.who])}
    return found


def lacking(fact, cast: dict) -> str:
    """Which number a fact does not give: "how many shells Tom has"."""
    return LACKS[fact.op].format_map(spoken(fact, cast))


def reads_of(facts, cast: dict) -> tuple[tuple[str, str], ...]:
    """(query, answer) for every number of the facts that are told, and for some names. Nothing that is asked twice."""
    found: dict[str, str] = {}
    double = set()
    for fact in facts:
        if fact.gone:
            continue
        here = spoken(fact, cast)
        queries = [
            (query.format_map(here), f"{'$' if fact.op in MONEY else ''}{number}")
            for query, number in zip(QUERIES.get(fact.op, ()), fact.n, strict=False)
            if number is not None
        ]
        if fact.op in WHO:
            query, role = WHO[fact.op]
            queries.append((query.format_map(here), here[role]))
        for query, answer in queries:
            double |= {query} if query in found else set()
            found[query] = answer
    return tuple((query, answer) for query, answer in found.items() if query not in double)
