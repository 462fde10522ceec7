"""What a word problem is made of: steps to take, claims to test, a gold answer."""

from dataclasses import dataclass, field

WORDS = {">": "more than", "<": "fewer than"}


@dataclass(frozen=True)
class Step:
    """One sum of a solution: `left op right = result`, all integers.

    label: what the result is, in words ("crayons in all the boxes").
    part: the facts that this one sum needs, as a sentence of their own.
    """

    label: str
    left: int
    op: str
    right: int
    part: str

    @property
    def result(self) -> int:
        return calculate(self.left, self.op, self.right)


@dataclass(frozen=True)
class Claim:
    """Something that the question states and that can be tested.

    With op one of + - × ÷ the claim is `left op right = stated`; with op `>` it is
    `left > stated` and right is None. label: what is compared, in words.
    """

    label: str
    left: int
    op: str
    right: int | None
    stated: int

    @property
    def found(self) -> int:
        return self.left if self.right is None else calculate(self.left, self.op, self.right)

    @property
    def holds(self) -> bool:
        if self.op == ">":
            return self.left > self.stated
        return self.found == self.stated


@dataclass(frozen=True)
class Problem:
    """A question with its gold answer and one or more ways to reach it.

    answer: the numbers asked for, in the order in which the question asks; empty where the
        question cannot be true, and then `reason` says which facts do not fit together.
    steps: the sums that a solution takes, 1 to 4; difficulty: 1 to 6, steps plus one for a
        result above 60 plus one where facts must be tested against each other.
    plans: valid ways to the answer, each a tuple of Step and Claim; after a Claim that does
        not hold nothing follows. replies: ways to say the answer in a sentence.
    reads: (query, answer) pairs that ask for a single number or name of the question.
    """

    question: str
    family: str
    answer: tuple[int, ...]
    plans: tuple[tuple, ...] = field(repr=False)
    replies: tuple[str, ...] = field(repr=False)
    reads: tuple[tuple[str, str], ...] = field(repr=False, default=())
    reason: str | None = None

    @property
    def impossible(self) -> bool:
        return self.reason is not None

    @property
    def steps(self) -> int:
        return sum(isinstance(item, Step) for item in self.plans[0])

    @property
    def difficulty(self) -> int:
        items = self.plans[0]
        large = any(isinstance(item, Step) and item.result > 60 for item in items)
        return self.steps + large + any(isinstance(item, Claim) for item in items)


def calculate(left: int, op: str, right: int) -> int:
    """The result of one sum on integers; ValueError where a division has a remainder."""
    if op == "÷":
        result, remainder = divmod(left, right)
        if remainder:
            raise ValueError(f"{left} ÷ {right} leaves a remainder; the world has whole numbers only")
        return result
    return {"+": left + right, "-": left - right, "×": left * right}[op]


def until_false(*plan) -> tuple:
    """The plan up to and including its first claim that does not hold."""
    kept = []
    for item in plan:
        kept.append(item)
        if isinstance(item, Claim) and not item.holds:
            break
    return tuple(kept)


def order_of(left: int, right: int) -> str:
    """The sign between two different numbers."""
    return ">" if left > right else "<"


def ordered(one: str, left: int, said: str, other: str, right: int) -> Claim:
    """A stated order as a claim that reads "more": who must have more comes first, so that one word decides.

    The label names each number's owner right before it: to find a number, one looks for its owner.
    """
    if said == "<":
        one, left, other, right = other, right, one, left
    return Claim(f"{one} has {left} and {other} has {right}", left, ">", None, right)


def broken(claim: Claim, what: str) -> str:
    """Why the facts do not fit: what was found beside what the question states."""
    return f"{what} {claim.found}, not {claim.stated}"
