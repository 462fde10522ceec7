"""Works through the facts of a story about people and their things: the sums, in order, or why they end."""

from typing import NamedTuple

from data.making.world.problems.model import Missing
from data.making.world.problems.reads import lacking
from data.making.world.problems.things import plural_of
from helpers.problems.model import Claim, Step, calculate


class Fact(NamedTuple):
    """One fact in roles: operation, whose, the other one, its numbers (None: not said); gone: not told at all."""

    op: str
    who: str
    other: str = ""
    n: tuple = ()
    gone: bool = False


class Working:
    """What is known after each fact. `values`: how many each role has now; `plan`: Steps, Claims, Missing so far.

    After a Claim that does not hold, or Missing, `over` is True and nothing follows. `answer`: when the plan is whole.
    """

    answer: tuple = ()

    def __init__(self, cast: dict):
        self.cast, self.values, self.plan, self.made = cast, {}, [], {}
        self.reason = self.kind = None
        self.over = False
        self.X = cast.get("X", "")

    def run(self, facts) -> "Working":
        for fact in facts:
            if self.over:
                break
            if fact.op in ("also", "age"):  # not needed
                continue
            if None in fact.n:
                self.miss(lacking(fact, self.cast))
            else:
                getattr(self, fact.op)(fact.who, fact.other, *fact.n)
        return self

    # --- bookkeeping ---

    def step(self, role, label, left, op, right, part):
        """One more sum; its result is what `role` has now."""
        self.made[role] = len(self.plan)
        self.plan.append(Step(label, left, op, right, part))
        self.values[role] = calculate(left, op, right)

    def fail(self, kind, claim, reason, keep=None):
        self.plan = self.plan[:keep]
        self.plan.append(claim)
        self.kind, self.reason, self.over = kind, reason, True

    def miss(self, what):
        self.plan.append(Missing(what))
        self.kind, self.reason, self.over = "premise", f"it is not said {what}", True

    def end(self, label, left, op, right, part):
        """The last sum; its result is the answer."""
        self.step("", label, left, op, right, part)
        self.answer = (self.values[""],)

    def exceeds(self, kind, more, less, label, reason) -> bool:
        """Whether one number is above another, as it must be; if not, that is the end."""
        if more <= less:
            self.fail(kind, Claim(label, more, ">", None, less), reason)
        return not self.over

    def enough(self, kind, n, done, who) -> bool:
        """Whether n can be taken from what `who` has; if not, that is the end."""
        a, v = self.cast[who], self.values[who]
        return self.exceeds(kind, v, n, f"{a} has {v} {self.X} and {n} {done}",
                            f"{a} has only {v} {self.X}, and {n} {done}")  # fmt: skip

    def divided(self, total, n, reason, label, part):
        """The last sum, a share; where a remainder is left, n times the next whole number is not the total."""
        if total % n:
            claim = Claim(f"{total} in {n} equal parts", n, "×", max(1, total // n), total)
            self.fail("share", claim, reason)
        else:
            self.end(label, total, "÷", n, part)

    # --- how much there is at first ---

    def has(self, who, other, n):
        self.values[who] = n

    def groups(self, who, other, n, each):
        boxes = plural_of(self.cast["K"])
        self.step(who, f"the {self.X} in all the {boxes}", n, "×", each, f"{n} {boxes} hold {each} {self.X} each.")

    def rate(self, who, other, per, days):
        a = self.cast[who]
        part = f"{a} collects {per} a day for {days} days."
        self.step(who, f"{a}'s {self.X} from all the days", days, "×", per, part)

    def colors(self, who, other, one, two):
        a, p, q = self.cast[who], self.cast["P"], self.cast["Q"]
        self.step(who, f"{a}'s {p} and {q} {self.X}", one, "+", two, f"{a} has {one} {p} and {two} {q} {self.X}.")

    def compared(self, who, other, op, n, how):
        a, b, v = self.cast[who], self.cast[other], self.values[other]
        left, right = (n, v) if op == "×" else (v, n)
        self.step(who, f"{a}'s {self.X}", left, op, right, f"{b} has {v} {self.X}. {a} has {how}.")

    def more(self, who, other, d):
        self.compared(who, other, "+", d, f"{d} more")

    def fewer(self, who, other, d):
        a, b, v = self.cast[who], self.cast[other], self.values[other]
        if self.exceeds("taken", v, d, f"{b} has {v} {self.X} and {a} has {d} fewer",
                        f"{b} has only {v} {self.X}, and {a} cannot have {d} fewer"):  # fmt: skip
            self.compared(who, other, "-", d, f"{d} fewer")

    def times(self, who, other, k):
        self.compared(who, other, "×", k, f"{k} times as many")

    def half(self, who, other):
        self.compared(who, other, "÷", 2, "half as many")

    # --- what happens then ---

    def gets(self, who, other, n):
        a, v = self.cast[who], self.values[who]
        self.step(who, f"{a}'s {self.X} with the new ones", v, "+", n, f"{a} has {v} {self.X} and gets {n} more.")

    def gets_groups(self, who, other, n, each):
        a, v, boxes = self.cast[who], self.values[who], plural_of(self.cast["L"])
        part = f"{n} new {boxes} hold {each} {self.X} each."
        self.step(who, f"the {self.X} in the new {boxes}", n, "×", each, part)
        part = f"{a} has {v} {self.X} and gets {n * each} more."
        self.step(who, f"{a}'s {self.X} with the new {boxes}", v, "+", n * each, part)

    def gives(self, who, other, n):
        if self.enough("taken", n, "are given away", who):
            a, v = self.cast[who], self.values[who]
            self.step(who, f"{a}'s {self.X} after the gift", v, "-", n, f"{a} has {v} {self.X} and gives {n} away.")

    def loses(self, who, other, n):
        if self.enough("taken", n, "are gone", who):
            a, v = self.cast[who], self.values[who]
            self.step(who, f"{a}'s {self.X} without those gone", v, "-", n, f"Of {a}'s {v} {self.X}, {n} are gone.")

    def gives_daily(self, who, other, per, days):
        a, v = self.cast[who], self.values[who]
        part = f"{a} gives {per} {self.X} away on each of {days} days."
        self.step("", f"the {self.X} given on all the days", days, "×", per, part)
        if self.enough("taken", per * days, "are given away", who):
            part = f"{a} has {v} {self.X} and gives {per * days} away."
            self.step(who, f"{a}'s {self.X} after all the days", v, "-", per * days, part)

    def passes(self, who, other, n):
        a, b = self.cast[who], self.cast[other]
        if self.enough("taken", n, f"are given to {b}", who):
            v, w = self.values[who], self.values[other]
            part = f"{a} has {v} {self.X} and gives {n} to {b}."
            self.step(who, f"{a}'s {self.X} without those for {b}", v, "-", n, part)
            part = f"{b} has {w} {self.X} and gets {n} from {a}."
            self.step(other, f"{b}'s {self.X} with those from {a}", w, "+", n, part)

    def doubles(self, who, other):
        a, v = self.cast[who], self.values[who]
        self.step(who, f"twice {a}'s {self.X}", 2, "×", v, f"{a} has {v} {self.X} and doubles them.")

    def halves(self, who, other):
        a, v = self.cast[who], self.values[who]
        self.step(who, f"half of {a}'s {self.X}", v, "÷", 2, f"{a} has {v} {self.X} and gives half away.")

    # --- what is said once more ---

    def stated(self, who, other, n):
        self.said_again(who, n, "", f"{self.cast[who]} would have", f" {self.X}")

    def stated_now(self, who, other, n):
        self.stated(who, other, n)

    def said_again(self, role, n, unit, would, things=""):
        """The last sum of a role, stated in the question: a Claim in the Step's place."""
        at = self.made[role]
        step = self.plan[at]
        claim = Claim(step.label, step.left, step.op, step.right, n)
        if claim.holds:
            self.plan[at] = claim
        else:
            self.fail("contradiction", claim, f"{would} {unit}{step.result}{things}, not {unit}{n}", at)

    def order(self, who, other, sign):
        """Who is said to have more comes first in the claim: so one word decides."""
        more, less = (who, other) if sign == ">" else (other, who)
        a, b, v, w = self.cast[who], self.cast[other], self.values[who], self.values[other]
        x, y, true = self.values[more], self.values[less], "more than" if v > w else "fewer than"
        label = f"{self.cast[more]} has {x} and {self.cast[less]} has {y}"
        if self.exceeds("order", x, y, label, f"{a} has {v} {self.X} and {b} has {w}, so {a} has {true} {b}"):
            self.plan.append(Claim(label, x, ">", None, y))
