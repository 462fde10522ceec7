"""The end of a story about things: what is asked, the last sums, and the answer."""

from data.making.world.problems.things import plural_of, singular
from data.making.world.problems.working import Working

# What is asked when -> the family that the problem belongs to.
FAMILY = {
    "left": "left", "now": "now", "total": "total", "total3": "total", "difference": "difference",
    "average": "average", "average3": "average", "both": "total and average", "share": "share", "pack": "groups",
    "reach": "needed", "sells": "money", "days": "days", "part": "rest", "parts": "rest",
}  # fmt: skip


class Story(Working):
    """Working, with the ends of a story."""

    asked_of = "A"

    def now(self, who, other):
        self.answer = (self.values[who],)

    left = now

    def summed(self, roles, last="") -> int:
        """The sum of what two or three people have, a Step for each plus sign."""
        c, v = self.cast, self.values
        first, second = roles[:2]
        part = f"{c[first]} has {v[first]} {self.X} and {c[second]} has {v[second]}."
        label = f"the {self.X} of {c[first]} and {c[second]}"
        self.step("+", label, v[first], "+", v[second], part)
        if len(roles) == 3:
            third, so_far = roles[2], v["+"]
            part = f"{c[first]} and {c[second]} have {so_far} {self.X} and {c[third]} has {v[third]}."
            self.step("+", f"the {self.X} of all three", so_far, "+", v[third], part)
        return self.values["+"]

    def total(self, who, other):
        self.answer = (self.summed("AB"),)

    def total3(self, who, other):
        self.answer = (self.summed("ABC"),)

    def averaged(self, roles):
        total, n = self.summed(roles), len(roles)
        self.divided(total, n, f"{total} {self.X} cannot be split evenly over {n} people",
                     "the average", f"{n} people have {total} {self.X}.")  # fmt: skip

    def average(self, who, other):
        self.averaged("AB")

    def average3(self, who, other):
        self.averaged("ABC")

    def both(self, who, other):
        self.averaged("AB")
        self.answer = (self.values["+"], *self.answer)

    def difference(self, who, other):
        v, c = self.values, self.cast
        more, less = ("A", "B") if v["A"] > v["B"] else ("B", "A")
        part = f"{c[more]} has {v[more]} {self.X} and {c[less]} has {v[less]}."
        self.end("the difference", v[more], "-", v[less], part)

    def share(self, who, other, n):
        v = self.values[who]
        self.divided(v, n, f"{v} {self.X} cannot be shared equally among {n} friends",
                     f"the {self.X} for each friend", f"{n} friends share {v} {self.X}.")  # fmt: skip

    def pack(self, who, other, size):
        v, boxes = self.values[who], plural_of(self.cast["L"])
        self.divided(v, size, f"{v} {self.X} do not fill {boxes} of {size}",
                     f"the {boxes} of {self.X}", f"{v} {self.X} go into {boxes} of {size}.")  # fmt: skip

    def days(self, who, other, per):
        v = self.values[who]
        self.divided(v, per, f"{v} {self.X} do not last for whole days at {per} a day",
                     "the days", f"{v} {self.X} are used up, {per} a day.")  # fmt: skip

    def reach(self, who, other, goal):
        v, a = self.values[who], self.cast[who]
        if self.exceeds("taken", goal, v, f"{a} needs {goal} {self.X} and has {v}",
                        f"{a} already has {v} {self.X} and needs only {goal}"):  # fmt: skip
            self.end(f"the {self.X} still needed", goal, "-", v, f"{a} has {v} {self.X} and needs {goal}.")

    def sells(self, who, other, price):
        v = self.values[who]
        self.end(f"the money for the {self.X}", v, "×", price, f"Each of {v} {self.X} costs ${price}.")

    def part(self, who, other, n):
        if self.enough("parts", n, f"of them are {self.cast['P']}", who):
            v, p = self.values[who], self.cast["P"]
            self.end(f"the {self.X} that are not {p}", v, "-", n, f"Of {v} {self.X}, {n} are {p}.")

    def parts(self, who, other, one, two):
        p, q, v = self.cast["P"], self.cast["Q"], self.values[who]
        self.step("", f"the {p} and {q} {self.X}", one, "+", two, f"{one} {self.X} are {p} and {two} are {q}.")
        if self.enough("parts", one + two, f"are {p} or {q}", who):
            self.end(f"the other {self.X}", v, "-", one + two, f"Of {v} {self.X}, {one + two} are {p} or {q}.")

    def replies(self, op) -> tuple[str, ...]:
        """Four ways to say the answer."""
        c, X, a, n = self.cast, self.X, self.cast[self.asked_of], self.answer[-1]
        some = f"{n} {singular(X) if n == 1 else X}"
        box = plural_of(c["L"]) if n != 1 else c["L"]
        we = f"{c['A']} and {c.get('B', '')}"
        if op in ("left", "now"):
            return (f"{a} has {some} {op}.", f"{a} {'still' if op == 'left' else 'now'} has {some}.",
                    f"In the end {a} has {some}.", f"So {a} has {some} {op}.")  # fmt: skip
        if op == "both":
            t = self.answer[0]
            return (f"They have {t} {X} in total, and the average is {n}.", f"The total is {t} and the average is {n}.",
                    f"Together they have {t} {X}, on average {n}.")  # fmt: skip
        day = "day" if n == 1 else "days"
        return {
            "total": (f"{we} have {some} together.", f"Together they have {some}.", f"In total they have {some}."),
            "total3": (f"All three have {some} together.", f"Together they have {some}.", f"In total that is {some}."),
            "average": (f"On average they have {some}.", f"The average is {some}.", f"That is {some} on average."),
            "difference": (f"The difference is {some}.", f"They differ by {some}.", f"It is {n} more."),
            "share": (f"Each friend gets {some}.", f"Every friend gets {some}.", f"That is {some} for each friend."),
            "pack": (f"{a} fills {n} {box}.", f"That makes {n} {box}.", f"{a} needs {n} {box}."),
            "reach": (f"{a} needs {n} more.", f"{a} still needs {some}.", f"{some} more are needed."),
            "sells": (f"{a} gets ${n}.", f"The {X} bring ${n}.", f"{a} earns ${n} in all."),
            "days": (f"They last {n} {day}.", f"The {X} last {n} {day}.", f"They are enough for {n} {day}."),
            "part": (f"{some} are not {c['P']}.", f"The others are {some}.", f"{a} has {some} of other colors."),
            "parts": (f"The rest are {some}.", f"The others are {some}.", f"{a} has {some} of other colors."),
        }[op.replace("average3", "average")]
