"""What a word problem is made of: steps to take, claims to test, a gold answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One sum of a solution: `left op right = result`, all integers.

    Args:
        label: What the result is, in words ("crayons in all the boxes").
        left: The first term.
        op: One of + - × ÷.
        right: The second term.
        part: The facts that this one sum needs, as a sentence of their own.
    """

    label: str
    left: int
    op: str
    right: int
    part: str

    @property
    def result(self) -> int:
        """What the sum comes to."""
        return calculate(self.left, self.op, self.right)


@dataclass(frozen=True)
class Claim:
    """Something that the question states and that can be tested: `left op right = stated`, or `left > stated`.

    Args:
        label: What is compared, in words.
        left: The first term.
        op: One of + - × ÷, or `>`.
        right: The second term; None where op is `>`.
        stated: What the question states.
    """

    label: str
    left: int
    op: str
    right: int | None
    stated: int

    @property
    def found(self) -> int:
        """What is to be held against what the question states."""
        return self.left if self.right is None else calculate(self.left, self.op, self.right)

    @property
    def holds(self) -> bool:
        """Whether the claim is true."""
        return self.left > self.stated if self.op == ">" else self.found == self.stated


@dataclass(frozen=True)
class Problem:
    """A question with its gold answer and one or more ways to reach it.

    Args:
        question: The text.
        family: What kind of problem it is, one of `helpers.problems.FAMILIES`.
        answer: The numbers asked for, in the order in which the question asks; empty where the question cannot be true.
        plans: Valid ways to the answer, each a tuple of Step and Claim; after a Claim that does not hold nothing
            follows.
        replies: Ways to say the answer in a sentence.
        reads: (query, answer) pairs that ask for a single number or name of the question.
        reason: Which facts do not fit together; None where there is an answer.
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
        """Whether its facts contradict each other."""
        return self.reason is not None


def calculate(left: int, op: str, right: int) -> int:
    """The result of one sum on integers.

    Raises:
        ValueError: If a division leaves a remainder.
    """
    if op == "÷":
        result, remainder = divmod(left, right)
        if remainder:
            raise ValueError(f"{left} ÷ {right} leaves a remainder; the world has whole numbers only")
        return result
    return {"+": left + right, "-": left - right, "×": left * right}[op]
