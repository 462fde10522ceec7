"""Whether an answer that calls a problem impossible says why: the facts that really do not fit."""

from collections.abc import Sequence

from helpers.evaluation import kinds
from helpers.evaluation.benchmark import Benchmark, Responses
from helpers.evaluation.reading import final_answer, says_impossible
from helpers.evaluation.statistics import Estimate, wilson
from helpers.problems import SEED_QUESTIONS, Problem
from helpers.questions import Question

# Of 100 passengers 30 are left for the library bus, so 60 and 45 for the others. Either of these may come first.
SEED_FACTS = {
    SEED_QUESTIONS["buses"][0]: (
        "the school bus and the train station bus would carry 105, not 70",
        "the train station bus and the school bus would carry 105, not 70",
    )
}
RIGHT, WRONG, FALSE_REASON = "right", "wrong", "it cannot be true, but the reason is false"


def facts_of(problem: Problem | Question) -> tuple[str, ...]:
    """Ways to say which facts of an impossible problem do not fit; none where there is an answer or nobody knows."""
    reason = getattr(problem, "reason", None)
    return (reason,) if reason else SEED_FACTS.get(problem.question, ())


def names_facts(text: str, facts: Sequence[str]) -> bool:
    """Whether a response names the facts that do not fit, behind its reasoning.

    Args:
        text: the whole response.
        facts: ways to say them, of which one is enough. It is looked for word for word.
    """
    said = final_answer(text)
    return any(fact in said for fact in facts)


def worth(text: str, gold: object, facts: Sequence[str] = (), kind: str = "number") -> str:
    """What a response is worth as a whole: RIGHT, WRONG, or FALSE_REASON for a right verdict for a wrong reason.

    Args:
        text: the whole response.
        gold: the right numbers; () where the problem is impossible.
        facts: of an impossible problem, ways to say what does not fit; without them the verdict is all that counts.
        kind: of the answer, where it is no number (`tiers.kinds`).
    """
    if not kinds.of(kind).right(text, gold):
        return WRONG
    return FALSE_REASON if facts and not names_facts(text, facts) else RIGHT


def named_right(exam: Benchmark, sheet: Responses) -> Estimate | None:
    """Of the impossible problems that a model caught, the share where it names the facts that really do not fit.

    None where it caught none, and where the twins have no reason to compare with. It is read word for word: the mini
    teacher has one wording for each contradiction.

    Args:
        exam: with the pairs of twins.
        sheet: what the model said to them.
    """
    if not all(facts_of(twin) for _, twin in exam.pairs):
        return None
    answers = zip(exam.pairs, sheet.impossible, strict=True)
    caught = [(twin, answer.whole) for (_, twin), answer in answers if says_impossible(answer.whole)]
    named = [names_facts(text, facts_of(twin)) for twin, text in caught]
    return wilson(sum(named), len(named)) if named else None
