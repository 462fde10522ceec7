"""More families of problems that always have an answer; they take two to four steps."""

from helpers.problems.model import Problem, Step
from helpers.problems.words import GOODS, ITEMS, multiples, person


def pages(rng):
    name, she, _ = person(rng)
    a, b = rng.randint(5, 35), rng.randint(5, 35)
    total = a + b + rng.randint(5, 35)
    left = total - a - b
    last = Step("the pages left", total, "-", a + b, f"A book has {total} pages and {a + b} are read.")
    return Problem(
        rng.choice(
            (
                f"{name} has a book of {total} pages. {she.title()} reads {a} pages on Monday and {b} pages on "
                "Tuesday. How many pages are left?",
                f"A book has {total} pages. On Monday {name} reads {a} pages and on Tuesday {b}. "
                "How many pages are left?",
            )
        ),
        "pages",
        (left,),
        plans=(
            (Step("the pages read", a, "+", b, f"{name} reads {a} pages and then {b} pages."), last),
            (
                Step("the pages left after Monday", total, "-", a, f"A book has {total} pages and {a} are read."),
                Step("the pages left", total - a, "-", b, f"There are {total - a} pages to go and {b} are read."),
            ),
        ),
        replies=(f"There are {left} pages left.", f"{name} has {left} pages left."),
        reads=(
            ("How many pages does the book have?", f"{total}"),
            ("How many pages are read on Monday?", f"{a}"),
            ("How many pages are read on Tuesday?", f"{b}"),
            ("Who reads?", name),
        ),
    )


def two_kinds(rng):
    name, she, _ = person(rng)
    first, second = rng.sample(GOODS, 2)
    n, p = rng.randint(2, 6), rng.randint(2, 9)
    m, q = rng.randint(2, 6), rng.randint(2, 9)
    # Which count and which price go with what has to be said before it is reckoned with.
    one = Step(f"the {first}, {n} at ${p} each", n, "×", p, f"{n} {first} cost ${p} each.")
    two = Step(f"the {second}, {m} at ${q} each", m, "×", q, f"{m} {second} cost ${q} each.")
    total = n * p + m * q
    pays = f"{name} pays ${n * p} for {first} and ${m * q} for {second}."
    return Problem(
        rng.choice(
            (
                f"{name} buys {n} {first} at ${p} each and {m} {second} at ${q} each. How much does {she} pay?",
                f"{name} buys {n} {first} and {m} {second}. The {first} cost ${p} each and the {second} ${q} each. "
                f"How much does {she} pay?",
            )
        ),
        "two_kinds",
        (total,),
        # One order alone: to say the second first, the mini models do not learn to tell the counts apart.
        plans=((one, two, Step("the whole price", n * p, "+", m * q, pays)),),
        replies=(f"{name} pays ${total}.", f"The whole price is ${total}."),
        reads=(
            (f"How many {first} are there?", f"{n}"),
            (f"What does one of the {second} cost?", f"${q}"),
            (f"What does one of the {first} cost?", f"${p}"),
            (f"How many {second} are there?", f"{m}"),
            ("Who buys?", name),
        ),
    )


def savings(rng):
    name, she, _ = person(rng)
    toy = rng.choice(("toy", "kite", "scarf", "hat", "puzzle", "ball"))
    a_week, weeks, first = rng.randint(2, 8), rng.randint(2, 9), rng.randint(5, 35)
    saved = a_week * weeks
    price = rng.randint(3, min(60, saved + first - 1))
    left = saved + first - price
    save = Step("what is saved", weeks, "×", a_week, f"{name} saves ${a_week} a week for {weeks} weeks.")
    plans = [
        (
            save,
            Step("all the money", saved, "+", first, f"{name} has ${saved} and ${first} more."),
            Step("the money left", saved + first, "-", price, f"{name} has ${saved + first} and spends ${price}."),
        )
    ]
    if saved > price:
        plans.append(
            (
                save,
                Step("what the savings leave", saved, "-", price, f"{name} has ${saved} and spends ${price}."),
                Step("the money left", saved - price, "+", first, f"{name} has ${saved - price} and ${first} more."),
            )
        )
    return Problem(
        f"{name} has ${first} and saves ${a_week} a week for {weeks} weeks. Then {she} buys a {toy} for ${price}. "
        f"How much money does {name} have left?",
        "savings",
        (left,),
        plans=tuple(plans),
        replies=(f"{name} has ${left} left.", f"There is ${left} left."),
        reads=(
            ("How much is there at first?", f"${first}"),
            ("How much is saved a week?", f"${a_week}"),
            ("How many weeks are there?", f"{weeks}"),
            (f"What does the {toy} cost?", f"${price}"),
            ("Who saves?", name),
        ),
    )


def muffins(rng):
    name, she, _ = person(rng)
    baked = rng.choice(("muffins", "cookies", "rolls", "buns"))
    while True:
        trays, each = multiples(rng)
        eaten, bag = rng.randint(2, 20), rng.randint(2, 9)
        packed = trays * each - eaten
        if packed > bag and packed % bag == 0 and packed // bag <= 30:
            break
    return Problem(
        f"{name} bakes {trays} trays of {each} {baked}. {she.title()} eats {eaten} {baked} and packs the rest "
        f"in bags of {bag}. How many bags are there?",
        "muffins",
        (packed // bag,),
        plans=(
            (
                Step(f"all the {baked}", trays, "×", each, f"There are {trays} trays with {each} {baked} in each."),
                Step(f"the {baked} to pack", trays * each, "-", eaten, f"Of {trays * each} {baked}, {eaten} are gone."),
                Step("the bags", packed, "÷", bag, f"{packed} {baked} are packed in bags of {bag}."),
            ),
        ),
        replies=(f"There are {packed // bag} bags.", f"{name} fills {packed // bag} bags."),
        reads=(
            ("How many trays are there?", f"{trays}"),
            ("How many are on each tray?", f"{each}"),
            (f"How many {baked} are eaten?", f"{eaten}"),
            ("How many go in a bag?", f"{bag}"),
            ("Who bakes?", name),
        ),
    )


def balloons(rng):
    name, she, _ = person(rng)
    items = rng.choice(("balloons", *ITEMS))
    red, blue = rng.randint(5, 25), rng.randint(5, 25)
    packs, each = multiples(rng, most=50)
    lost = rng.randint(2, min(60, red + blue))
    own, bought = red + blue, packs * each
    total = own + bought
    add = Step(f"the {items} at first", red, "+", blue, f"{name} has {red} red and {blue} blue {items}.")
    buy = Step(f"the new {items}", packs, "×", each, f"There are {packs} packs with {each} {items} in each.")
    take = Step(f"the {items} left", total, "-", lost, f"Of {total} {items}, {lost} are gone.")

    def both(a, b):
        return Step(f"all the {items}", a, "+", b, f"There are {a} {items} and {b} more.")

    return Problem(
        f"{name} has {red} red and {blue} blue {items}. {she.title()} buys {packs} packs of {each} {items} "
        f"and loses {lost}. How many {items} does {name} have left?",
        "balloons",
        (total - lost,),
        plans=((add, buy, both(own, bought), take), (buy, add, both(bought, own), take)),
        replies=(f"{name} has {total - lost} {items} left.", f"There are {total - lost} {items} left."),
        reads=(
            (f"How many red {items} are there?", f"{red}"),
            (f"How many blue {items} are there?", f"{blue}"),
            ("How many packs are there?", f"{packs}"),
            (f"How many {items} are lost?", f"{lost}"),
            (f"Who has the {items}?", name),
        ),
    )
