"""Families of problems that always have an answer, one or two steps."""

from helpers.problems.model import Problem, Step
from helpers.problems.words import BOXES, DRINKS, GOODS, ITEMS, PLACES, SIZES, multiples, people, person


def more(rng):
    name, she, _ = person(rng)
    items, a, b = rng.choice(ITEMS), rng.randint(12, 60), rng.randint(6, 45)
    facts = rng.choice(
        (f"{name} has {a} {items} and finds {b} more.", f"{name} had {a} {items}. Then {she} bought {b} more.")
    )
    return Problem(
        f"{facts} How many {items} does {name} have now?",
        "more",
        (a + b,),
        plans=((Step(f"the {items} in all", a, "+", b, f"{name} has {a} {items} and gets {b} more."),),),
        replies=(f"{name} has {a + b} {items} now.", f"{name} now has {a + b} {items}."),
        reads=((f"How many {items} are there at first?", f"{a}"), (f"Who has the {items}?", name)),
    )


def share(rng):
    name, *_ = person(rng)
    items, (n, each) = rng.choice(ITEMS), multiples(rng)
    question = rng.choice(
        (
            f"{name} shares {n * each} {items} equally among {n} friends. How many {items} does each friend get?",
            f"{name} has {n * each} {items} for {n} friends. Each friend gets the same number. "
            f"How many {items} is that?",
        )
    )
    return Problem(
        question,
        "share",
        (each,),
        plans=(
            (Step(f"the {items} for each friend", n * each, "÷", n, f"{n * each} {items} are shared by {n} friends."),),
        ),
        replies=(f"Each friend gets {each} {items}.", f"That is {each} {items} for each friend."),
        reads=(("How many friends are there?", f"{n}"), (f"Who shares the {items}?", name)),
    )


def boxes(rng):
    name, she, her = person(rng)
    items, (box, plural), (n, each) = rng.choice(ITEMS), rng.choice(BOXES), multiples(rng)
    total = n * each
    gift = rng.randint(2, min(60, total - 2))
    gives = rng.choice((f"{she.title()} gives {gift} {items} to {her} friend.", f"{she.title()} loses {gift} of them."))
    return Problem(
        f"{name} has {n} {plural} of {items}. Each {box} has {each} {items}. {gives} "
        f"How many {items} does {name} have left?",
        "boxes",
        (total - gift,),
        plans=(
            (
                Step(
                    f"the {items} in all the {plural}",
                    n,
                    "×",
                    each,
                    f"There are {n} {plural} with {each} {items} in each.",
                ),
                Step(f"the {items} left", total, "-", gift, f"Of {total} {items}, {gift} are gone."),
            ),
        ),
        replies=(f"{name} has {total - gift} {items} left.", f"There are {total - gift} {items} left."),
        reads=(
            (f"How many {plural} are there?", f"{n}"),
            (f"How many {items} are in each {box}?", f"{each}"),
            (f"How many {items} are gone?", f"{gift}"),
            (f"Who has the {items}?", name),
        ),
    )


def smoothies(rng):
    drink, size, place = rng.choice(DRINKS), rng.choice(SIZES), rng.choice(PLACES)
    n = rng.randint(2, 9)
    price = rng.randint(2, min(19, 100 // n))
    who = rng.choice(("A group of friends", "A family", "A team"))
    return Problem(
        f"At a local {place}, a {size} {drink} costs ${price}. {who} buys {n} {size} {drink}s. "
        f"How much do they spend in total, and what is the average cost per {drink}?",
        "smoothies",
        (n * price, price),
        plans=(
            (
                Step("the total", n, "×", price, f"{n} {drink}s cost ${price} each."),
                Step("the average", n * price, "÷", n, f"{n} {drink}s cost ${n * price} in all."),
            ),
        ),
        replies=(
            f"They spend ${n * price} in total, and the average cost per {drink} is ${price}.",
            f"The total is ${n * price} and the average cost is ${price}.",
        ),
        reads=((f"What does a {drink} cost?", f"${price}"), (f"How many {drink}s are there?", f"{n}")),
    )


def change(rng):
    name, she, _ = person(rng)
    goods, paid = rng.choice(GOODS), rng.choice((20, 50, 100))
    n = rng.randint(2, 9)
    price = rng.randint(1, (paid - 1) // n)
    cost = n * price
    return Problem(
        rng.choice(
            (
                f"{name} buys {n} {goods} at ${price} each and pays with ${paid}. How much change does {she} get?",
                f"{name} pays with ${paid} for {n} {goods}. They cost ${price} each. How much change does {she} get?",
            )
        ),
        "change",
        (paid - cost,),
        plans=(
            (
                Step(f"the cost of the {goods}", n, "×", price, f"{n} {goods} cost ${price} each."),
                Step("the change", paid, "-", cost, f"{name} pays with ${paid} for ${cost}."),
            ),
        ),
        replies=(f"{name} gets ${paid - cost} back.", f"The change is ${paid - cost}."),
        reads=(
            (f"How many {goods} are there?", f"{n}"),
            ("What does one cost?", f"${price}"),
            (f"How much does {name} pay with?", f"${paid}"),
            ("Who pays?", name),
        ),
    )


def together(rng):
    first, second = people(rng, 2)
    items, a, d = rng.choice(ITEMS), rng.randint(5, 40), rng.randint(2, 25)
    own = Step(f"{second}'s {items}", a, "+", d, f"{first} has {a} {items}. {second} has {d} more.")
    twice = Step(f"the {items} without the {d} more", a, "+", a, f"{first} and {second} each have {a} {items}.")
    return Problem(
        f"{first} has {a} {items}. {second} has {d} more {items} than {first}. How many {items} do they have together?",
        "together",
        (2 * a + d,),
        plans=(
            (own, Step("both together", a + d, "+", a, f"{first} has {a} {items} and {second} has {a + d}.")),
            (twice, Step("both together", 2 * a, "+", d, f"There are {2 * a} {items} and {d} more.")),
        ),
        replies=(f"Together they have {2 * a + d} {items}.", f"They have {2 * a + d} {items} together."),
        reads=(
            (f"How many {items} does {first} have?", f"{a}"),
            (f"How many more does {second} have?", f"{d}"),
            ("Who has more?", second),
        ),
    )


def times(rng):
    first, second = people(rng, 2)
    items, k = rng.choice(ITEMS), rng.randint(2, 6)
    a = rng.randint(3, min(30, 100 // (k + 1)))
    many = Step(f"{second}'s {items}", k, "×", a, f"{first} has {a} {items}. {second} has {k} times as many.")
    shares = Step("how many equal parts", k, "+", 1, f"There are {k} parts and 1 more.")
    return Problem(
        f"{first} has {a} {items}. {second} has {k} times as many {items} as {first}. "
        f"How many {items} do they have together?",
        "times",
        ((k + 1) * a,),
        plans=(
            (many, Step("both together", k * a, "+", a, f"{first} has {a} {items} and {second} has {k * a}.")),
            (shares, Step("both together", k + 1, "×", a, f"There are {k + 1} parts with {a} {items} in each.")),
        ),
        replies=(f"Together they have {(k + 1) * a} {items}.", f"They have {(k + 1) * a} {items} together."),
        reads=(
            (f"How many {items} does {first} have?", f"{a}"),
            (f"How many times as many does {second} have?", f"{k}"),
            ("Who has more?", second),
        ),
    )
