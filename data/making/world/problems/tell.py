"""Tells a story: the facts in an order in which they keep their sense, each in one of its ways, and the question."""

import re
from itertools import chain

from data.making.world.problems import ways_asks, ways_facts, ways_more, ways_shop
from data.making.world.problems.things import a as an
from data.making.world.problems.things import plural_of, singular
from data.making.world.problems.ways_facts import HELD

# operation -> its ways; the ways of a fact whose number is not said stand under "operation?".
STORY = {**ways_facts.FACTS, **ways_facts.EVENTS, **ways_asks.ASKS, **ways_more.OTHERS,
         **{f"{op}?": ways for op, ways in ways_more.VAGUE.items()}}  # fmt: skip
SHOP = {**ways_shop.FACTS, **ways_shop.ASKS, **ways_shop.OTHERS,
        **{f"{op}?": ways for op, ways in ways_shop.VAGUE.items()}}  # fmt: skip
TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}
POSSESSIVE = {"she": "her", "he": "his"}
OBJECT = {"she": "her", "he": "him"}


def compiled(table: dict) -> dict:
    """For each operation its ways as (number, text in the present, text in the past)."""
    both = re.compile(r"\[([^/\]]+)/([^\]]+)\]")
    return {
        op: [(i, both.sub(r"\1", way), both.sub(r"\2", way)) for i, way in enumerate(ways)]
        for op, ways in table.items()
    }


WAYS = {False: compiled(STORY), True: compiled(SHOP)}


def way_of(op: str, shop: bool, held: bool, chance: float, alone: bool, clear: bool) -> tuple[int, str, str]:
    """One way of saying, by a chance from 0 to 1; held: one of those that no split has.

    alone: the story has one person only, who need not be named. clear: "them" can mean nothing but the story's things.
    """
    ways = WAYS[shop][op]
    ways = ways[-HELD:] if held else ways[:-HELD]
    if not alone and op in ("left", "now", "part", "parts"):
        ways = [way for way in ways if "{N}" in way[1]] or ways
    if not clear:
        ways = [way for way in ways if not UNCLEAR.search(way[1])] or ways
    return ways[int(chance * len(ways))]


def told_order(facts, rng) -> list:
    """Facts that hold from the beginning may change places; what happens keeps its order; unneeded ones anywhere."""
    first = [fact for fact in facts if fact.op in ALWAYS]
    then = [fact for fact in facts if fact.op not in ALWAYS and fact.op not in UNNEEDED]
    if len(first) > 1 and rng.random() < 0.35:
        rng.shuffle(first)
    facts_told = first + then
    for fact in facts:
        if fact.op in UNNEEDED:
            facts_told.insert(rng.randint(0, len(facts_told)), fact)
    return facts_told


ALWAYS = {*ways_facts.FACTS, "stated", "order", "price", "price_more", "price_fewer", "price_times"} - {"buys"}
UNNEEDED = ("also", "age")
# "Tom also has some pears. He sells all of them": of what?
UNCLEAR = re.compile(r"\b(of them|these|That \[?makes)\b")


def told(facts, ask, cast: dict, shop: bool, held: bool, rng) -> tuple[str, tuple]:
    """The question's text, and which way each of its sentences was said: (operation, number of the way)."""
    past, said, used, last, clear = rng.random() < 0.4, [], [], None, True
    people = [cast[role] for role in "ABC" if role in cast]
    asked_they = (people == [cast["A"], cast["B"]] if len(people) > 1 else False) or ask.op.endswith("3")
    base = spoken(cast, shop)
    for fact in chain(facts, [ask]):
        # As many chances for each fact, said or not, so that twins are told alike.
        chance, pronoun, they = rng.random(), rng.random(), rng.random()
        if fact.gone:
            continue
        op = fact.op + (fact.n[0] if fact.op == "order" else "") + ("?" if None in fact.n else "")
        number, present, before = way_of(op, shop, held, chance, len(people) == 1, clear)
        clear = fact.op not in UNNEEDED and len(people) == 1
        text = before if past else present
        used.append((op, number))
        name = cast.get(fact.who if fact.who in ("A", "B", "C") else "A", "")
        she = cast["she"].get(name, "she")
        subject = she if last == name and "{S}" in text and pronoun < 0.7 else name
        text = text.format_map(words(fact, base, cast, shop, name, she, subject, asked_they and they < 0.5))
        said.append(text[0].upper() + text[1:])
        last = name if not fact.other and ("{S}" in present or "{N}" in present) else None
    return " ".join(said), tuple(used)


def spoken(cast: dict, shop: bool) -> dict:
    """What stands in the braces of all ways of a story."""
    found = {"Ks": plural_of(cast["K"]), "Ls": plural_of(cast["L"]), "a_L": an(cast["L"]),
             **{role: cast[role] for role in "FKLPQR"}}  # fmt: skip
    return found if shop else {**found, "X": cast["X"], "x": singular(cast["X"]), "Y": cast["Y"]}


def words(fact, base, cast, shop, name, she, subject, they) -> dict:
    """What stands in the braces of a way."""
    numbers = fact.n
    found = {
        **base, "S": subject, "N": name, "p": she, "p_his": POSSESSIVE[she], "him": OBJECT[she],
        "O": cast.get(fact.other, ""),
    }  # fmt: skip
    if numbers:
        found["n"] = numbers[0]
        if len(numbers) > 1:
            found["m"] = numbers[1]
        if fact.op in ("times", "price_times"):
            found["k"] = TIMES[numbers[0]]
    if shop:
        good, other = cast.get(fact.who, cast["G"]), cast.get(fact.other, cast["H"])
        if fact.who in ("A", "cost"):
            good = cast["G"]
        found |= {"g": good, "gs": plural_of(good), "ag": an(good), "Ag": an(good).capitalize(),
                  "go": other, "ao": an(other), "Ao": an(other).capitalize()}  # fmt: skip
    else:
        names = [cast[role] for role in ("ABC" if fact.op.endswith("3") else "AB") if role in cast]
        both = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        if fact.op == "order":
            both = f"{name} and {found['O']}"
        found |= {"both": both, "they": "they" if they else both}
        if fact.op == "difference":
            found["N"], found["O"] = cast["A"], cast["B"]
    return found
