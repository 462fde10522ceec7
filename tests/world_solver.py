"""Solves the world's problems from their facts and what is asked, without what made them.

Every fact becomes linear equations over unknown counts, the events in their order; an unsaid number is an unknown of
its own. Gauss with fractions gives what follows from them; what stays open is tried in whole numbers.
"""

from fractions import Fraction

MOST = 400  # an unknown that nothing fixes is tried from 0 up to here


class System:
    """Equations (from unknown to factor, "" for the constant; their sum is 0) and conditions on whole numbers."""

    def __init__(self):
        self.equations, self.products, self.least, self.now, self.fresh = [], [], [], {}, 0

    def new(self) -> dict:
        self.fresh += 1
        return {f"x{self.fresh}": Fraction(1)}

    def number(self, value) -> dict:
        """A constant, or an unknown where the number is not said; said to be at least 1."""
        if value is None:
            unknown = self.new()
            self.at_least(unknown, 1)
            return unknown
        return {"": Fraction(value)}

    def of(self, who) -> dict:
        """What someone has now: an unknown at first."""
        if who not in self.now:
            self.now[who] = self.new()
            self.at_least(self.now[who], 0)
        return self.now[who]

    def equal(self, left, right):
        self.equations.append(add(left, right, -1))

    def at_least(self, what, least):
        self.least.append((what, least))

    def become(self, who, what):
        self.now[who] = what
        self.at_least(what, 0)

    def times(self, left, right) -> dict:
        """A product; of two unknowns it is a third, with a condition to be tested at the end."""
        for one, other in ((left, right), (right, left)):
            if not set(one) - {""}:
                return {key: value * one.get("", Fraction(0)) for key, value in other.items()}
        result = self.new()
        self.products.append((result, left, right))
        return result


def add(left, right, factor=1) -> dict:
    found = {key: left.get(key, 0) + factor * right.get(key, 0) for key in {*left, *right}}
    return {key: value for key, value in found.items() if value}


# What each fact says: of who, an amount of one number, or of a product where it has two, times this sign. A fact that
# holds from the beginning equals it, of another's count where one is named; an event adds it to what there is.
EQUALS = {"has": 1, "price": 1, "stated": 1, "stated_now": 1, "groups": 1, "rate": 1, "more": 1, "price_more": 1,
          "fewer": -1, "price_fewer": -1}  # fmt: skip
ADDS = {"gets": 1, "gets_groups": 1, "gives": -1, "loses": -1, "gives_daily": -1, "passes": -1, "coupon": -1, "fee": 1}
TWICE = {"": Fraction(2)}


def state(problem_facts):
    """The system that all facts make together, in the order told, and the last fact's own numbers."""
    system, end = System(), {}
    for op, who, *rest in problem_facts:
        if op in ("also", "age"):
            continue
        names = [part for part in rest if isinstance(part, str)]
        numbers = [system.number(part) for part in rest if not isinstance(part, str)]
        other = names[0] if names else None
        amount = system.times(*numbers) if len(numbers) == 2 else numbers[0] if numbers else None
        if op in EQUALS:
            base = system.of(other) if op.endswith(("more", "fewer")) else {}
            system.equal(system.of(who), add(base, amount, EQUALS[op]))
            if op == "price_fewer":
                system.at_least(system.of(who), 1)
        elif op in ADDS:
            system.become(who, add(system.of(who), amount, ADDS[op]))
            if op == "passes":
                system.become(other, add(system.of(other), amount))
            if op == "coupon":
                system.at_least(system.of(who), 1)
        elif op == "colors":
            system.equal(system.of(who), add(*numbers))
        elif op in ("times", "price_times"):
            system.equal(system.of(who), system.times(amount, system.of(other)))
        elif op == "half":
            system.equal(system.times(TWICE, system.of(who)), system.of(other))
        elif op == "sum":
            system.equal(total_of(system, [who, *names[:-1]]), amount)
        elif op == "order":
            more, less = (who, other) if names[-1] == ">" else (other, who)
            system.at_least(add(system.of(more), system.of(less), -1), 1)
        elif op == "doubles":
            system.become(who, system.times(TWICE, system.of(who)))
        elif op == "halves":
            half = system.new()
            system.equal(system.times(TWICE, half), system.of(who))
            system.become(who, half)
        elif op in ("buys", "buys_groups"):
            system.become("cost", add(system.now.get("cost", {}), system.times(amount, system.of(who))))
            end["count"] = add(end.get("count", {}), amount)
        elif op in ENDS:
            end["n"], end["m"] = numbers[0], numbers[1] if len(numbers) > 1 else None
        else:
            raise ValueError(f"no fact called {op}")
    return system, end


def total_of(system, who) -> dict:
    total = {}
    for person in who:
        total = add(total, system.of(person))
    return total


ENDS = ("share", "pack", "days", "reach", "sells", "part", "parts", "pays", "split")


def wanted(system, end, asked) -> list[dict]:
    """The unknowns that are asked for; a quotient is an unknown whose product is known."""
    op, *who = asked
    own = system.of(who[0]) if op not in ("cost", "cost_each", "pays", "split") else system.of("cost")
    total = total_of(system, who if op in ("total", "average", "both", "difference") else ())

    def quotient(of, by):
        part = system.new()
        system.at_least(part, 0)
        system.equal(system.times(by, part), of)
        return part

    if op == "each":
        return [system.of(person) for person in who]
    if op in ("now", "left", "cost"):
        return [own]
    if op == "total":
        return [total]
    if op == "average":
        return [quotient(total, {"": Fraction(len(who))})]
    if op == "both":
        return [total, quotient(total, {"": Fraction(len(who))})]
    if op == "difference":
        return [add(system.of(who[0]), system.of(who[1]), -1)]  # `search` drops its sign
    if op == "cost_each":
        return [own, quotient(own, end["count"])]
    if op in ("share", "pack", "days", "split"):
        return [quotient(own, end["n"])]
    if op == "sells":
        return [system.times(own, end["n"])]
    if op in ("reach", "pays"):
        rest = add(end["n"], own, -1)
    else:
        rest = add(own, end["n"], -1)
        rest = add(rest, end["m"], -1) if end["m"] else rest
    system.at_least(rest, 0)
    return [rest]


def solve(facts, asked) -> set[tuple[int, ...]]:
    """The answers in whole numbers that the facts leave: none, the one, or two of several."""
    system, end = state(facts)
    asks = wanted(system, end, asked)
    found: set = set()
    search(system, asks, system.equations, found, signed=asked[0] != "difference")
    return found


def search(system, asks, equations, found, tried=0, signed=True):
    """Adds to `found` what the equations leave; an unknown that nothing fixes is tried from 0 up."""
    solved = gauss(equations)
    if solved is None:
        return

    def known(what):
        return bound(what, solved)

    # A product of which one side is known by now is an equation.
    linear = []
    for result, left, right in system.products:
        left, right = known(left), known(right)
        if not (set(left) - {""} and set(right) - {""}):
            linear.append(add(known(result), System().times(left, right), -1))
    linear = [equation for equation in linear if equation]
    if linear:
        return search(system, asks, [*equations, *linear], found, tried, signed)
    conditions = [(known(what), least) for what, least in system.least]
    if any(not set(what) - {""} and fails(what, least) for what, least in conditions):
        return
    free = sorted({key for what in (*(known(p) for three in system.products for p in three), *map(known, asks),
                                    *(what for what, _ in conditions)) for key in what if key})  # fmt: skip
    if not free:
        answers = [known(what).get("", Fraction(0)) for what in asks]
        if all(value.denominator == 1 for value in answers):
            found.add(tuple(int(value) if signed else abs(int(value)) for value in answers))
        return
    if tried == 3:
        raise ValueError(f"too little is known: {free}")
    for value in range(MOST + 1):
        if len(found) < 2:
            search(system, asks, [*equations, {free[0]: Fraction(1), "": Fraction(-value)}], found, tried + 1, signed)


def fails(what, least) -> bool:
    value = what.get("", Fraction(0))
    return value < least or value.denominator != 1


def bound(what, solved) -> dict:
    """The same sum in free unknowns only."""
    found: dict = {}
    for key, factor in what.items():
        found = add(found, solved[key] if key in solved else {key: Fraction(1)}, factor)
    return found


def gauss(equations) -> dict | None:
    """Each bound unknown as a sum of the free ones; None where the equations contradict each other."""
    solved: dict = {}
    for equation in equations:
        row = dict(equation)
        for key, what in solved.items():
            if key in row:
                factor = row.pop(key)
                row = add(row, what, factor)
        pivots = [key for key in row if key]
        if not pivots:
            if row.get("", 0):
                return None
            continue
        pivot = pivots[0]
        factor = row.pop(pivot)
        bound = {key: -value / factor for key, value in row.items()}
        solved = {
            key: add({k: v for k, v in what.items() if k != pivot}, bound, what[pivot]) if pivot in what else what
            for key, what in solved.items()
        }
        solved[pivot] = bound
    return solved
