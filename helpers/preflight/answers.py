"""What the models themselves tell before a training: who is right how often, in which form."""

from dataclasses import replace

from helpers import evaluation
from helpers.evaluation import Benchmark, Estimate, Responses
from helpers.preflight.findings import GOOD, LOOK, STOP, Report
from helpers.tiers import Tier

KNOWN = 0.95  # a share of right answers above which little is left to learn


def gate(share: Estimate, least: float) -> str:
    """Whether a share reaches what is wanted: "stop" only where its whole interval lies below."""
    return STOP if share.high < least else LOOK if share.low < least else GOOD


def teacher(report: Report, tier: Tier, exam: Benchmark, least: float) -> Responses:
    """How often the teacher is right, and whether that is the least that is wanted."""
    said = evaluation.teacher(exam, tier)
    share = evaluation.accuracy(said.asked, exam.asked)
    report.figures |= {"teacher.accuracy": share, "teacher.ended": said.ended, "questions": share.n}
    state, told = gate(share, least), f"{share}, of {share.n}; {least:.0%} are wanted"
    mends = {
        STOP: "take a better teacher, easier questions, or more room to answer (max_new_tokens)",
        LOOK: f"{share.n} questions cannot tell: ask more (n)",
    }
    if tier.data.kind == "none" and state != STOP:
        state, told = LOOK, f"{told}; what counts as right is what its own samples agree on"
        mends[LOOK] = "nobody knows what is right: read some of its answers yourself"
    report.add("teacher: right answers", state, told, mends.get(state, ""))
    _ended(report, "teacher", said, "give it more room: max_new_tokens")
    return said


def student(report: Report, tier: Tier, exam: Benchmark, role: str, taught: Responses) -> None:
    """How often the student is right already, beside what was `taught`, and whether its answers can be read."""
    said = evaluation.student(exam, replace(tier, student=getattr(tier, role)))
    hits, theirs = (evaluation.right(one.asked, exam.asked) for one in (said, taught))
    share = evaluation.accuracy(said.asked, exam.asked)
    report.figures |= {"student.accuracy": share, "student.ended": said.ended}
    left = sum(there and not here for here, there in zip(hits, theirs, strict=True))
    found = f"{share}, of {share.n}; the teacher has {left} right that it has not"
    enough = share.value < KNOWN and left
    mend = "little is left to learn: take harder questions, a better teacher or a smaller student"
    report.add(f"{role}: right answers", GOOD if enough else LOOK, found, mend)
    solvable = [(answer.whole, one) for answer, one in zip(said.asked, exam.asked, strict=True) if one.answer]
    read = sum(evaluation.kinds.read(text, problem) is not None for text, problem in solvable)
    mend = "it knows more than its score says: what the lessons add is the form too, so compare with method='token'"
    state = GOOD if 2 * read >= len(solvable) else LOOK
    report.add(f"{role}: form", state, f"{read} of {len(solvable)} answers can be read", mend)
    _ended(report, role, said, "it is cut off or repeats itself; the lessons teach it to end")


def _ended(report: Report, who: str, said: Responses, mend: str) -> None:
    state = GOOD if said.ended.value > 0.9 else LOOK
    report.add(f"{who}: answers that end", state, str(said.ended), mend)
