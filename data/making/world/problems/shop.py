"""The story of a purchase: prices, how many are bought, what is taken off, who pays; in the manner of Working."""

from data.making.world.problems.things import a as an
from data.making.world.problems.things import plural_of
from data.making.world.problems.working import Working
from helpers.problems.model import Claim

FAMILY = {"cost": "cost", "cost_each": "total and average", "pays": "change", "split": "each"}


class Shop(Working):
    """`values`: the price of a good under its role ("G"), the whole cost under "cost"."""

    def price(self, who, other, p):
        self.values[who] = p

    def priced(self, who, other, op, n, how):
        good, base, v = self.cast[who], self.cast[other], self.values[other]
        left, right = (n, v) if op == "×" else (v, n)
        part = f"{an(base).capitalize()} costs ${v}. {an(good).capitalize()} costs {how}."
        self.step(who, f"the price of {an(good)}", left, op, right, part)

    def price_more(self, who, other, d):
        self.priced(who, other, "+", d, f"${d} more")

    def price_fewer(self, who, other, d):
        v, good, base = self.values[other], an(self.cast[who]), an(self.cast[other])
        if self.exceeds("taken", v, d, f"{base} costs ${v} and {good} ${d} less",
                        f"{base} costs only ${v}, and {good} cannot cost ${d} less"):  # fmt: skip
            self.priced(who, other, "-", d, f"${d} less")

    def price_times(self, who, other, k):
        self.priced(who, other, "×", k, f"{k} times as much")

    def order(self, who, other, sign):
        """A good that is said to be dearer than another."""
        one, two = (who, other) if sign == ">" else (other, who)
        v, w, good, base = self.values[one], self.values[two], an(self.cast[one]), an(self.cast[two])
        label = f"{good} costs ${v} and {base} ${w}"
        if self.exceeds("order", v, w, label, f"{label}, so {good} does not cost more"):
            self.plan.append(Claim(label, v, ">", None, w))

    def add(self, cost, label):
        """One more purchase; with an earlier one they are added up."""
        if "cost" not in self.values:
            self.values["cost"] = cost
            self.made["cost"] = len(self.plan) - 1
        else:
            before = self.values["cost"]
            self.step("cost", label, before, "+", cost, f"One part costs ${before} and the other ${cost}.")

    def buys(self, who, other, n):
        p, many = self.values[who], plural_of(self.cast[who])
        self.step("", f"the cost of the {many}", n, "×", p, f"{n} {many} cost ${p} each.")
        self.add(n * p, "the cost of both kinds")
        self.count = self.__dict__.get("count", 0) + n

    def buys_groups(self, who, other, n, each):
        boxes, many = plural_of(self.cast["K"]), plural_of(self.cast[who])
        self.step("", f"the {many} in all the {boxes}", n, "×", each, f"{n} {boxes} hold {each} {many} each.")
        self.buys(who, other, n * each)

    def coupon(self, who, other, n):
        v = self.values["cost"]
        if self.exceeds("taken", v, n, f"the cost is ${v} and the coupon takes off ${n}",
                        f"the cost is only ${v}, and the coupon takes off ${n}"):  # fmt: skip
            self.step("cost", "the cost after the coupon", v, "-", n, f"Of ${v}, ${n} are taken off.")

    def fee(self, who, other, n):
        v = self.values["cost"]
        self.step("cost", "the cost with the delivery", v, "+", n, f"The cost is ${v} and the delivery ${n}.")

    def stated(self, who, other, n):
        self.said_again("cost", n, "$", "the cost would be")

    # --- what is asked ---

    def cost(self, who, other):
        self.answer = (self.values["cost"],)

    def cost_each(self, who, other):
        total, n = self.values["cost"], self.count
        self.step("", "the average cost", total, "÷", n, f"{n} of them cost ${total} in all.")
        self.answer = (total, self.plan[-1].result)

    def pays(self, who, other, n):
        v, a = self.values["cost"], self.cast["A"]
        if self.exceeds("taken", n, v, f"{a} pays with ${n} and the cost is ${v}",
                        f"{a} has only ${n}, and the cost is ${v}"):  # fmt: skip
            self.end("the change", n, "-", v, f"{a} pays with ${n} for ${v}.")

    def split(self, who, other, n):
        v = self.values["cost"]
        self.divided(v, n, f"${v} cannot be split equally among {n} friends in whole dollars",
                     "what each friend pays", f"{n} friends share ${v}.")  # fmt: skip

    def replies(self, op) -> tuple[str, ...]:
        """Three ways to say the answer."""
        a, n, t = self.cast["A"], self.answer[-1], self.answer[0]
        return {
            "cost": (f"{a} pays ${n}.", f"The cost is ${n}.", f"In all it costs ${n}."),
            "cost_each": (f"{a} spends ${t} in total, and the average cost is ${n}.",
                          f"The total is ${t} and the average cost is ${n}.",
                          f"In all that is ${t}, on average ${n}."),
            "pays": (f"{a} gets ${n} back.", f"The change is ${n}.", f"{a} gets ${n} in change."),
            "split": (f"Each friend pays ${n}.", f"Every friend pays ${n}.", f"That is ${n} for each friend."),
        }[op]  # fmt: skip
