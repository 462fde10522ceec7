"""Makes a plan impossible: one fact changed, stated once more, or not said. Gives the facts of both twins."""

from data.making.world.problems.asking import Story
from data.making.world.problems.numbers import DUMMY, spoilt
from data.making.world.problems.shop import Shop
from data.making.world.problems.tell import ALWAYS
from data.making.world.problems.working import Fact

SPOILS = {
    "taken": ("gives", "loses", "passes", "gives_daily", "fewer", "price_fewer", "coupon", "pays"),
    "share": ("share", "pack"),
    "parts": ("part", "parts"),
}
UNSAID = (
    "has", "groups", "rate", "colors", "more", "fewer", "gets", "gets_groups", "gives", "loses", "gives_daily",
    "passes", "part", "parts", "share", "pack", "reach", "sells", "days", "price", "price_more", "price_fewer",
    "buys", "buys_groups", "coupon", "fee", "pays", "split",
)  # fmt: skip


def working(facts, cast=None):
    """The facts worked through, as a story or a purchase."""
    shop = facts[0].op == "price"
    return (Shop if shop else Story)(cast or DUMMY).run(facts)


def twins(kind: str, facts: list[Fact], rng, highest: int) -> tuple[list[Fact], list[Fact]] | None:
    """(solvable, impossible) facts of a kind; None where this plan can not be made impossible so."""
    if kind in SPOILS:
        return changed(kind, facts, rng, highest)
    return {"contradiction": contradicted, "order": turned, "premise": unsaid}[kind](facts, rng, highest)


def changed(kind, facts, rng, highest):
    places = [i for i, fact in enumerate(facts) if fact.op in SPOILS[kind]]
    if not places:
        return None
    place = rng.choice(places)
    fact = facts[place]
    before = working(facts[:place]).values
    value = before[fact.other if fact.op in ("fewer", "price_fewer") else "cost" if "cost" in before else fact.who]
    worse = spoilt(fact, value, rng, highest)
    return (facts, [*facts[:place], worse, *facts[place + 1 :]]) if worse else None


def contradicted(facts, rng, highest):
    """A result on the way is stated too, rightly and wrongly."""
    shop, places = facts[0].op == "price", []
    for i, fact in enumerate(facts[:-1]):
        role = "cost" if shop else fact.who
        made = working(facts[: i + 1])
        if facts[-1].op in ("now", "left", "cost") and made.values.get(role) == working(facts).answer[0]:
            continue  # it would say the answer
        if made.made.get(role) == len(made.plan) - 1 and fact.op not in ("passes", "has", "price"):
            places.append((i, role, made.values[role]))
    if not places:
        return None
    place, role, value = rng.choice(places)
    wrong = value + rng.choice((-1, 1)) * rng.randint(1, 10)
    if not 2 <= wrong <= highest:
        return None
    op = "stated" if not shop and facts[place].op in ALWAYS else "stated_now"
    return tuple([*facts[: place + 1], Fact(op, role, "", (n,)), *facts[place + 1 :]] for n in (value, wrong))


def turned(facts, rng, highest):
    """Which of two has more is stated too, rightly and turned round."""
    start = [fact for fact in facts if fact.op in ALWAYS]
    values = working(start).values
    roles = [role for role in "ABCGH" if role in values]
    # "Tom has 5 more than Mia. Mia has more than Tom" says nothing beyond its words: any two may be compared.
    if len(roles) < 2:
        return None
    one, two = rng.sample(roles, 2)
    if values[one] == values[two]:
        return None
    true, false = "><" if values[one] > values[two] else "<>"
    at = len(start)
    return tuple([*facts[:at], Fact("order", one, two, (sign,)), *facts[at:]] for sign in (true, false))


def unsaid(facts, rng, highest):
    """A number that is needed is not said, or its fact is left out."""
    places = [i for i, fact in enumerate(facts) if fact.op in UNSAID]
    rng.shuffle(places)
    answer = working(facts).answer
    for place in places:
        fact = facts[place]
        if needed(facts, place, answer):
            mentioned = any(fact.who in (other.who, other.other) for other in (*facts[:place], *facts[place + 1 : -1]))
            later = next((other.op for other in facts[place + 1 :] if other.who == fact.who), "")
            # "Tom finds 5. How many has he?" could be read as 5, so a start is left out only where it is compared with.
            gone = fact.op in ("has", "price") and mentioned and later not in ("gets", "gets_groups")
            gone = gone and any(other.other == fact.who for other in facts) and rng.random() < 0.6
            hidden = fact._replace(n=(*fact.n[:-1], None), gone=gone)
            return facts, [*facts[:place], hidden, *facts[place + 1 :]]
    return None


def needed(facts, place, answer) -> bool:
    """Whether another number in this place gives another answer."""
    fact = facts[place]
    for value in range(2, 60):
        if value != fact.n[-1]:
            other = [*facts[:place], fact._replace(n=(*fact.n[:-1], value)), *facts[place + 1 :]]
            try:
                made = working(other)
            except ValueError:  # a half of an odd number
                continue
            if not made.over and made.answer and made.answer != answer:
                return True
    return False
