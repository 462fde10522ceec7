"""What a problem of the world is made of: facts, plans of steps and claims, and what it is outside of."""

from dataclasses import dataclass, field

from helpers.problems.model import Claim, Step

KINDS = ("taken", "share", "contradiction", "order", "premise")
HELD_KINDS = ("parts",)  # more parts than the whole: a skill that "taken" and "contradiction" should carry over to
OUTSIDE = ("names", "ways", "plans", "steps", "numbers", "kinds")


@dataclass(frozen=True)
class Missing:
    """The end of a plan that can not go on: `what` is not said ("how many shells Tom has")."""

    what: str


@dataclass(frozen=True)
class Problem:
    """A question with its answer, or with the reason why it has none.

    family: what is asked. answer: the numbers in the order asked; empty where there is no answer.
    plans: ways to work it, each of 1 to 5 sums; a sum that the question states too is a Claim in place of its Step.
        An impossible problem's plan ends with the Claim that does not hold, or with Missing.
    plan: the operations in order, the question's last. replies: sentences that say the answer.
    reads: (query, answer) pairs that ask for one number or name of the question.
    reason: a clause such as "there are only 20 shells, and 25 are given away". kind: one of KINDS or HELD_KINDS.
    outside: in which of OUTSIDE's respects it is held out. facts, asked: the question in symbols, in the order told;
        a number that is not said is None. people: the names in it.
    """

    question: str
    family: str
    answer: tuple[int, ...]
    plans: tuple[tuple[Step | Claim | Missing, ...], ...] = field(repr=False)
    plan: tuple[str, ...] = field(repr=False)
    replies: tuple[str, ...] = field(repr=False)
    reads: tuple[tuple[str, str], ...] = field(repr=False)
    facts: tuple[tuple, ...] = field(repr=False)
    asked: tuple
    reason: str | None = None
    kind: str | None = None
    outside: frozenset[str] = frozenset()
    # Which way of saying was used for each sentence: (operation, number of the way).
    ways: tuple[tuple[str, int], ...] = field(repr=False, default=())

    @property
    def impossible(self) -> bool:
        return self.reason is not None

    @property
    def steps(self) -> int:
        """How many sums the first plan takes, those it tests included."""
        return sum(isinstance(item, Step) or (isinstance(item, Claim) and item.op != ">") for item in self.plans[0])
