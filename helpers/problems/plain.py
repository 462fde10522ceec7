"""Families of problems that always have an answer, of one or two steps."""

import random

from helpers.problems.family import family
from helpers.problems.words import BOXES, DRINKS, GOODS, ITEMS, PLACES, SIZES, multiples, people, person


@family("""
    ask: {name} has {a} {items} and finds {b} more. How many {items} does {name} have now?
    ask: {name} had {a} {items}. Then {she} bought {b} more. How many {items} does {name} have now?
    step: all = a + b | the {items} in all | {name} has {a} {items} and gets {b} more.
    reply: {name} has {all} {items} now. | {name} now has {all} {items}.
    read: {a} | How many {items} are there at first?
    read: {name} | Who has the {items}?
""")
def more(rng: random.Random) -> dict:
    """One adds to what one has."""
    return {**person(rng), "items": rng.choice(ITEMS), "a": rng.randint(12, 60), "b": rng.randint(6, 45)}


@family("""
    ask: {name} shares {total} {items} equally among {n} friends. How many {items} does each friend get?
    ask: {name} has {total} {items} for {n} friends. Each friend gets the same number. How many {items} is that?
    step: each = total ÷ n | the {items} for each friend | {total} {items} are shared by {n} friends.
    reply: Each friend gets {each} {items}. | That is {each} {items} for each friend.
    read: {n} | How many friends are there?
    read: {name} | Who shares the {items}?
""")
def share(rng: random.Random) -> dict:
    """A number is divided."""
    who, items, (n, each) = person(rng), rng.choice(ITEMS), multiples(rng)
    return {**who, "items": items, "n": n, "total": n * each}


@family("""
    ask: {name} has {n} {boxes} of {items}. Each {box} has {each} {items}. {She} gives {gift} {items} to {her} friend.
        How many {items} does {name} have left?
    ask: {name} has {n} {boxes} of {items}. Each {box} has {each} {items}. {She} loses {gift} of them.
        How many {items} does {name} have left?
    step: all = n × each | the {items} in all the {boxes} | There are {n} {boxes} with {each} {items} in each.
    step: left = all - gift | the {items} left | Of {all} {items}, {gift} are gone.
    reply: {name} has {left} {items} left. | There are {left} {items} left.
    read: {n} | How many {boxes} are there?
    read: {each} | How many {items} are in each {box}?
    read: {gift} | How many {items} are gone?
    read: {name} | Who has the {items}?
""")
def boxes(rng: random.Random) -> dict:
    """Boxes of as many each, and some are gone."""
    who, items, (box, several), (n, each) = person(rng), rng.choice(ITEMS), rng.choice(BOXES), multiples(rng)
    gift = rng.randint(2, min(60, n * each - 2))
    return {**who, "items": items, "box": box, "boxes": several, "n": n, "each": each, "gift": gift}


@family("""
    ask: At a local {place}, a {size} {drink} costs ${price}. {who} buys {n} {size} {drink}s.
        How much do they spend in total, and what is the average cost per {drink}?
    step: total = n × price | the total | {n} {drink}s cost ${price} each.
    step: average = total ÷ n | the average | {n} {drink}s cost ${total} in all.
    answer: total average
    reply: They spend ${total} in total, and the average cost per {drink} is ${price}.
    reply: The total is ${total} and the average cost is ${price}.
    read: ${price} | What does a {drink} cost?
    read: {n} | How many {drink}s are there?
""")
def smoothies(rng: random.Random) -> dict:
    """A total and an average; the seed's second question is one of these."""
    drink, size, place, n = rng.choice(DRINKS), rng.choice(SIZES), rng.choice(PLACES), rng.randint(2, 9)
    price, who = rng.randint(2, min(19, 100 // n)), rng.choice(("A group of friends", "A family", "A team"))
    return {"drink": drink, "size": size, "place": place, "n": n, "price": price, "who": who}


@family("""
    ask: {name} buys {n} {goods} at ${price} each and pays with ${paid}. How much change does {she} get?
    ask: {name} pays with ${paid} for {n} {goods}. They cost ${price} each. How much change does {she} get?
    step: cost = n × price | the cost of the {goods} | {n} {goods} cost ${price} each.
    step: back = paid - cost | the change | {name} pays with ${paid} for ${cost}.
    reply: {name} gets ${back} back. | The change is ${back}.
    read: {n} | How many {goods} are there?
    read: ${price} | What does one cost?
    read: ${paid} | How much does {name} pay with?
    read: {name} | Who pays?
""")
def change(rng: random.Random) -> dict:
    """What is paid, less what it costs."""
    who, goods, paid, n = person(rng), rng.choice(GOODS), rng.choice((20, 50, 100)), rng.randint(2, 9)
    return {**who, "goods": goods, "paid": paid, "n": n, "price": rng.randint(1, (paid - 1) // n)}


@family("""
    ask: {first} has {a} {items}. {second} has {d} more {items} than {first}.
        How many {items} do they have together?
    step: b = a + d | {second}'s {items} | {first} has {a} {items}. {second} has {d} more.
    step: both = b + a | both together | {first} has {a} {items} and {second} has {b}.
    or:
    step: same = a + a | the {items} without the {d} more | {first} and {second} each have {a} {items}.
    step: both = same + d | both together | There are {same} {items} and {d} more.
    reply: Together they have {both} {items}. | They have {both} {items} together.
    read: {a} | How many {items} does {first} have?
    read: {d} | How many more does {second} have?
    read: {second} | Who has more?
""")
def together(rng: random.Random) -> dict:
    """Two people, one of whom has so many more."""
    return {**people(rng, 2), "items": rng.choice(ITEMS), "a": rng.randint(5, 40), "d": rng.randint(2, 25)}


@family("""
    ask: {first} has {a} {items}. {second} has {k} times as many {items} as {first}.
        How many {items} do they have together?
    step: b = k × a | {second}'s {items} | {first} has {a} {items}. {second} has {k} times as many.
    step: both = b + a | both together | {first} has {a} {items} and {second} has {b}.
    or:
    step: parts = k + 1 | how many equal parts | There are {k} parts and 1 more.
    step: both = parts × a | both together | There are {parts} parts with {a} {items} in each.
    reply: Together they have {both} {items}. | They have {both} {items} together.
    read: {a} | How many {items} does {first} have?
    read: {k} | How many times as many does {second} have?
    read: {second} | Who has more?
""")
def times(rng: random.Random) -> dict:
    """Two people, one of whom has so many times as many."""
    who, items, k = people(rng, 2), rng.choice(ITEMS), rng.randint(2, 6)
    return {**who, "items": items, "k": k, "a": rng.randint(3, min(30, 100 // (k + 1)))}


FAMILIES = (more, share, boxes, smoothies, change, together, times)
