"""More families of problems that always have an answer; they take two to four steps."""

import random

from helpers.problems.family import family
from helpers.problems.words import GOODS, ITEMS, multiples, person


@family("""
    ask: {name} has a book of {total} pages. {She} reads {a} pages on Monday and {b} pages on Tuesday.
        How many pages are left?
    ask: A book has {total} pages. On Monday {name} reads {a} pages and on Tuesday {b}. How many pages are left?
    step: read = a + b | the pages read | {name} reads {a} pages and then {b} pages.
    step: left = total - read | the pages left | A book has {total} pages and {read} are read.
    or:
    step: rest = total - a | the pages left after Monday | A book has {total} pages and {a} are read.
    step: left = rest - b | the pages left | There are {rest} pages to go and {b} are read.
    reply: There are {left} pages left. | {name} has {left} pages left.
    read: {total} | How many pages does the book have?
    read: {a} | How many pages are read on Monday?
    read: {b} | How many pages are read on Tuesday?
    read: {name} | Who reads?
""")
def pages(rng: random.Random) -> dict:
    """A book is read on two days."""
    who, a, b = person(rng), rng.randint(5, 35), rng.randint(5, 35)
    return {**who, "a": a, "b": b, "total": a + b + rng.randint(5, 35)}


# Which count and which price go with what has to be said before it is reckoned with.
# One order alone: to say the second first, the mini models do not learn to tell the counts apart.
@family("""
    ask: {name} buys {n} {first} at ${p} each and {m} {second} at ${q} each. How much does {she} pay?
    ask: {name} buys {n} {first} and {m} {second}. The {first} cost ${p} each and the {second} ${q} each.
        How much does {she} pay?
    step: one = n × p | the {first}, {n} at ${p} each | {n} {first} cost ${p} each.
    step: two = m × q | the {second}, {m} at ${q} each | {m} {second} cost ${q} each.
    step: all = one + two | the whole price | {name} pays ${one} for {first} and ${two} for {second}.
    reply: {name} pays ${all}. | The whole price is ${all}.
    read: {n} | How many {first} are there?
    read: ${q} | What does one of the {second} cost?
    read: ${p} | What does one of the {first} cost?
    read: {m} | How many {second} are there?
    read: {name} | Who buys?
""")
def two_kinds(rng: random.Random) -> dict:
    """Two products are added."""
    who, (first, second) = person(rng), rng.sample(GOODS, 2)
    n, p, m, q = (rng.randint(2, most) for most in (6, 9, 6, 9))
    return {**who, "first": first, "second": second, "n": n, "p": p, "m": m, "q": q}


@family("""
    ask: {name} has ${first} and saves ${a_week} a week for {weeks} weeks. Then {she} buys a {toy} for ${price}.
        How much money does {name} have left?
    step: saved = weeks × a_week | what is saved | {name} saves ${a_week} a week for {weeks} weeks.
    step: all = saved + first | all the money | {name} has ${saved} and ${first} more.
    step: left = all - price | the money left | {name} has ${all} and spends ${price}.
    or:
    step: saved = weeks × a_week | what is saved | {name} saves ${a_week} a week for {weeks} weeks.
    step: rest = saved - price | what the savings leave | {name} has ${saved} and spends ${price}.
    step: left = rest + first | the money left | {name} has ${rest} and ${first} more.
    reply: {name} has ${left} left. | There is ${left} left.
    read: ${first} | How much is there at first?
    read: ${a_week} | How much is saved a week?
    read: {weeks} | How many weeks are there?
    read: ${price} | What does the {toy} cost?
    read: {name} | Who saves?
""")
def savings(rng: random.Random) -> dict:
    """What is saved week by week is spent."""
    who, toy = person(rng), rng.choice(("toy", "kite", "scarf", "hat", "puzzle", "ball"))
    a_week, weeks, first = rng.randint(2, 8), rng.randint(2, 9), rng.randint(5, 35)
    price = rng.randint(3, min(60, a_week * weeks + first - 1))
    return {**who, "toy": toy, "a_week": a_week, "weeks": weeks, "first": first, "price": price}


@family("""
    ask: {name} bakes {trays} trays of {each} {baked}. {She} eats {eaten} {baked} and packs the rest in bags of {bag}.
        How many bags are there?
    step: all = trays × each | all the {baked} | There are {trays} trays with {each} {baked} in each.
    step: packed = all - eaten | the {baked} to pack | Of {all} {baked}, {eaten} are gone.
    step: bags = packed ÷ bag | the bags | {packed} {baked} are packed in bags of {bag}.
    reply: There are {bags} bags. | {name} fills {bags} bags.
    read: {trays} | How many trays are there?
    read: {each} | How many are on each tray?
    read: {eaten} | How many {baked} are eaten?
    read: {bag} | How many go in a bag?
    read: {name} | Who bakes?
""")
def muffins(rng: random.Random) -> dict:
    """What is left goes into bags, none of which stays half empty."""
    who, baked = person(rng), rng.choice(("muffins", "cookies", "rolls", "buns"))
    while True:
        (trays, each), eaten, bag = multiples(rng), rng.randint(2, 20), rng.randint(2, 9)
        bags, rest = divmod(trays * each - eaten, bag)
        if rest == 0 and 1 < bags <= 30:
            return {**who, "baked": baked, "trays": trays, "each": each, "eaten": eaten, "bag": bag}


@family("""
    ask: {name} has {red} red and {blue} blue {items}. {She} buys {packs} packs of {each} {items} and loses {lost}.
        How many {items} does {name} have left?
    step: own = red + blue | the {items} at first | {name} has {red} red and {blue} blue {items}.
    step: new = packs × each | the new {items} | There are {packs} packs with {each} {items} in each.
    step: all = own + new | all the {items} | There are {own} {items} and {new} more.
    step: left = all - lost | the {items} left | Of {all} {items}, {lost} are gone.
    or:
    step: new = packs × each | the new {items} | There are {packs} packs with {each} {items} in each.
    step: own = red + blue | the {items} at first | {name} has {red} red and {blue} blue {items}.
    step: all = new + own | all the {items} | There are {new} {items} and {own} more.
    step: left = all - lost | the {items} left | Of {all} {items}, {lost} are gone.
    reply: {name} has {left} {items} left. | There are {left} {items} left.
    read: {red} | How many red {items} are there?
    read: {blue} | How many blue {items} are there?
    read: {packs} | How many packs are there?
    read: {lost} | How many {items} are lost?
    read: {name} | Who has the {items}?
""")
def balloons(rng: random.Random) -> dict:
    """Two kinds, some packs more, and some lost."""
    who, items, red, blue = person(rng), rng.choice(("balloons", *ITEMS)), rng.randint(5, 25), rng.randint(5, 25)
    packs, each = multiples(rng, most=50)
    lost = rng.randint(2, min(60, red + blue))
    return {**who, "items": items, "red": red, "blue": blue, "packs": packs, "each": each, "lost": lost}


FAMILIES = (pages, two_kinds, savings, muffins, balloons)
