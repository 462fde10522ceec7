"""Solves the word problems from their text alone, and so without what the generator knows of them.

`solve(question)` reads every sentence with a pattern of its own, turns it into equations and
inequalities, and tries every non-negative integer that they leave possible. It imports nothing
of the project.
"""

import re
from math import inf

# Each sentence of a question must be one of these. On the right, what it says: names are unknown
# numbers, <name> is what the pattern found under that name. `ask` is what is asked for.
SENTENCES = (
    # Something gets more or fewer.
    (r"@who has #a \w+ and finds #b more", "now = <a> + <b>"),
    (r"@who had #a \w+", "first = <a>"),
    (r"Then (?:she|he) bought #b more", "now = first + <b>"),
    (r"How many \w+ does @who have now", "ask now"),
    (r"@who has #n (?:box|bag|pack|jar)e?s? of \w+", "groups = <n>"),
    (r"Each (?:box|bag|pack|jar) has #each \w+", "first = groups * <each>"),
    (r"(?:She|He) gives #gift \w+ to (?:her|his) friend", "left = first - <gift>"),
    (r"(?:She|He) loses #lost of them", "left = first - <lost>"),
    (r"@who has #r red and #b blue \w+", "first = <r> + <b>"),
    (r"(?:She|He) buys #n packs? of #each \w+ and loses #lost", "left = first + <n> * <each> - <lost>"),
    (r"How many \w+ does @who have left", "ask left"),
    # Something is shared or packed.
    (r"@who shares #t \w+ equally among #n friends", "<n> * part = <t>"),
    (r"@who has #t \w+ for #n friends", "<n> * part = <t>"),
    (r"Each friend gets the same number", ""),
    (r"How many \w+ does each friend get", "ask part"),
    (r"How many \w+ is that", "ask part"),
    (r"@who bakes #n trays? of #each \w+", "baked = <n> * <each>"),
    (r"(?:She|He) eats #eaten \w+ and packs the rest in bags of #bag", "<bag> * bags + <eaten> = baked"),
    (r"How many bags are there", "ask bags"),
    # Money.
    (r"At a local \w+, a \w+ \w+ costs \$#p", "price = <p>"),
    (r"A (?:group of friends|family|team) buys #n \w+ \w+", "total = <n> * price; <n> * average = total"),
    (r"How much do they spend in total, and what is the average cost per \w+", "ask total; ask average"),
    (r"@who buys #n \w+ at \$#p each and pays with \$#paid", "<n> * <p> + change = <paid>"),
    (r"@who pays with \$#paid for #n \w+", "number = <n>; paid = <paid>"),
    (r"They cost \$#p each", "number * <p> + change = paid"),
    (r"How much change does (?:she|he) get", "ask change"),
    (r"@who buys #n \w+ at \$#p each and #m \w+ at \$#q each", "total = <n> * <p> + <m> * <q>"),
    (r"@who buys #n @one and #m @two", "bought_<one> = <n>; bought_<two> = <m>"),
    (r"The @one cost \$#p each and the @two \$#q each", "total = <p> * bought_<one> + <q> * bought_<two>"),
    (r"How much does (?:she|he) pay", "ask total"),
    (r"@who has \$#f and saves \$#a a week for #w weeks", "money = <f> + <a> * <w>"),
    (r"Then (?:she|he) buys a \w+ for \$#p", "left + <p> = money"),
    (r"How much money does @who have left", "ask left"),
    # A book.
    (r"@who has a book of #t pages", "book = <t>"),
    (r"A book has #t pages", "book = <t>"),
    (r"(?:She|He) reads #a pages on Monday and #b pages on Tuesday", "left + <a> + <b> = book"),
    (r"On Monday @who reads #a pages and on Tuesday #b", "left + <a> + <b> = book"),
    (r"How many pages are left", "ask left"),
    # People compared.
    (r"@a has #n \w+", "<a> = <n>"),
    (r"@a has #d more \w+ than @b", "<a> = <b> + <d>"),
    (r"@a has #k times as many \w+ as @b", "<a> = <k> * <b>"),
    (r"@a and @b have #t \w+ together", "<a> + <b> = <t>"),
    (r"@a has #n of them", "<a> = <n>"),
    (r"@a has more than @b", "<a> > <b>"),
    (r"@a has fewer than @b", "<a> < <b>"),
    (r"@c has #n \w+, and @a has more than @b", "<c> = <n>; <a> > <b>"),
    (r"@c has #n \w+, and @a has fewer than @b", "<c> = <n>; <a> < <b>"),
    (r"How many \w+ do they have together", "ask everyone"),
    (r"How many \w+ do @a and @b have together", "ask <a> + <b>"),
    (r"What is the difference between the two", "ask difference"),
    # Seats and colours.
    (r"#n vans take #r \w+ to the \w+", "vans = <n>; riders = <r>"),
    (r"Each van has #s seats, everyone has a seat, and some seats stay empty",
     "riders + empty = <s> * vans; empty > 0"),
    (r"How many seats stay empty", "ask empty"),
    (r"A box holds #t @one and @two \w+", "<one> + <two> = <t>"),
    (r"There are #k times as many @one \w+ as @two \w+, and #m \w+ are @three", "<one> = <k> * <two>; <three> = <m>"),
    (r"How many more @one than @two \w+ are there", "ask <one> - <two>"),
    # Buses.
    (r"In the town of [\w ]+, three bus routes connect the @a, the @b, and the @c", "ask <a>; ask <b>; ask <c>"),
    (r"\* The number of passengers on the @a bus was twice the number on the @b bus", "<a> = 2 * <b>"),
    (r"\* The number of passengers on the @a bus was three times the number on the @b bus", "<a> = 3 * <b>"),
    (r"\* The number of passengers on the @a bus was #d more than the number on the @b bus", "<a> = <b> + <d>"),
    (r"\* The total number of passengers on all three buses was exactly #t", "everyone = <t>"),
    (r"\* Together, the @a bus and the @b bus carried exactly #t passengers", "<a> + <b> = <t>"),
    (r"\* More passengers rode the @a bus than the @b bus", "<a> > <b>"),
    (r"Question: How many passengers rode each bus", ""),
)
# "Tom", "red", "train station".
NAME = r"(?P<\1>[A-Za-z]+(?: station)?)"
PATTERNS = [
    (re.compile(re.sub(r"#(\w+)", r"(?P<\1>\\d+)", re.sub(r"@(\w+)", NAME, pattern))), says)
    for pattern, says in SENTENCES
]


class Linear(dict):
    """A sum of unknowns times whole numbers; the key "" is what is added without an unknown."""

    def plus(self, other: "Linear", times: int = 1) -> "Linear":
        return Linear({name: self.get(name, 0) + times * other.get(name, 0) for name in {*self, *other}})

    def times(self, other: "Linear") -> "Linear":
        if set(other) - {""}:
            self, other = other, self
        if set(other) - {""}:
            raise ValueError("a product of two unknowns")
        return Linear({name: value * other.get("", 0) for name, value in self.items()})


def solve(question: str) -> list[tuple[int, ...]]:
    """Every answer that fits all facts of a question, the numbers in the order asked; [] if none fits.

    Raises ValueError for a sentence that it can not read.
    """
    facts, asked = read(question)
    return sorted({tuple(evaluate(wanted, found) for wanted in asked) for found in fits(facts)})


def read(question: str) -> tuple[list[tuple[str, Linear]], list]:
    """The facts, each a relation and a sum that it holds against zero, and what is asked for."""
    facts, asked, names, known = [], [], [], {}
    for sentence in re.split(r"[.?]\s+|\n+", question.strip().rstrip("?.") + " "):
        if not (sentence := sentence.strip()):
            continue
        found = [(match, says) for pattern, says in PATTERNS if (match := pattern.fullmatch(sentence))]
        if len(found) != 1:
            raise ValueError(f"{len(found)} readings of {sentence!r}")
        match, says = found[0]
        values = {key: value.replace(" ", "_") for key, value in match.groupdict().items()}
        names += [value for value in values.values() if not value.isdigit() and value not in names]
        for saying in filter(None, re.sub(r"<(\w+)>", lambda m, v=values: v[m.group(1)], says).split("; ")):
            saying = saying.replace("everyone", " + ".join(names))
            if saying.startswith("ask "):
                asked.append(tuple(names) if saying == "ask difference" else linear(saying[4:], {}))
                continue
            left, relation, right = re.fullmatch(r"(.+) ([=<>]) (.+)", saying).groups()
            facts.append((relation, linear(left, known).plus(linear(right, known), -1)))
            if relation == "=" and right.isdigit() and left.isidentifier():
                known.setdefault(left, int(right))  # so that "groups * 24" is no product of two unknowns
    return facts, asked


def linear(text: str, known: dict[str, int]) -> Linear:
    """`first + 3 * 24 - lost` as a sum."""
    total = Linear()
    for sign, product in re.findall(r"(^|[+-] )([^+-]+)", text):
        term = Linear({"": 1})
        for factor in product.split("*"):
            factor = factor.strip()
            value = int(factor) if factor.isdigit() else known.get(factor) if "*" in product else None
            term = term.times(Linear({factor: 1} if value is None else {"": value}))
        total = total.plus(term, -1 if sign == "- " else 1)
    return total


def evaluate(wanted, found: dict[str, int]) -> int:
    if isinstance(wanted, tuple):  # the difference between two
        first, second = wanted
        return abs(found[first] - found[second])
    return sum(value * found[name] if name else value for name, value in wanted.items())


def fits(facts: list[tuple[str, Linear]], found: dict[str, int] | None = None) -> list[dict[str, int]]:
    """All non-negative integers for the unknowns with which every fact is true."""
    found = dict(found or {})
    while True:
        left = [(relation, partly(fact, found)) for relation, fact in facts]
        if any(not set(fact) - {""} and not true(relation, fact.get("", 0)) for relation, fact in left):
            return []
        open_ones = [fact for relation, fact in left if relation == "=" and set(fact) - {""}]
        single = next((fact for fact in open_ones if len(set(fact) - {""}) == 1), None)
        if single is None:
            break
        ((name, factor),) = ((name, value) for name, value in single.items() if name)
        value, remainder = divmod(-single.get("", 0), factor)
        if remainder or value < 0:
            return []
        found[name] = value
    free = {name for _, fact in facts for name in fact if name} - set(found)
    if not free:
        return [found]
    # Non-negative numbers that add up to a known one are none of them above it: try them all.
    most = {name: inf for name in free}
    for fact in open_ones:
        factors = {name: value for name, value in fact.items() if name}
        if all(value > 0 for value in factors.values()) or all(value < 0 for value in factors.values()):
            for name, value in factors.items():
                most[name] = min(most[name], -fact.get("", 0) / value)
    name = min(sorted(most), key=most.get)
    if most[name] == inf:
        raise ValueError(f"nothing limits {name}: too little is known")
    tries = (fits(facts, {**found, name: value}) for value in range(int(most[name]) + 1 if most[name] >= 0 else 0))
    return [one for several in tries for one in several]


def partly(fact: Linear, found: dict[str, int]) -> Linear:
    """A sum with the numbers found so far put in; unknowns that cancel out are gone."""
    constant = fact.get("", 0) + sum(value * found[name] for name, value in fact.items() if name in found)
    return Linear({"": constant, **{n: value for n, value in fact.items() if n and value and n not in found}})


def true(relation: str, value: int) -> bool:
    return {"=": value == 0, ">": value > 0, "<": value < 0}[relation]
