"""What the models themselves tell before a training: who is right how often, and what both hold likely."""

from dataclasses import replace

from helpers import evaluation, models
from helpers.evaluation import Benchmark, Responses
from helpers.preflight.findings import GOOD, LOOK, STOP, Report, gate
from helpers.tiers import Tier

TOP = 16  # tokens that each holds likeliest
TEXTS = 8  # of the student's own, to compare these on
KNOWN = 0.95  # a share of right answers above which little is left to learn
AGREE = 0.5  # of the student's weight, below which the teacher speaks of other words


def teacher(report: Report, tier: Tier, exam: Benchmark, least: float) -> Responses:
    """How often the teacher is right, and whether that is enough.

    Args:
        report: gets the finding.
        tier: whose teacher.
        exam: what it is asked.
        least: the share of right answers below which nothing should be learnt from it.
    """
    said = evaluation.teacher(exam, tier)
    share = evaluation.accuracy(said.asked, exam.asked)
    report.figures |= {"teacher.accuracy": share, "teacher.ended": said.ended, "questions": share.n}
    mend = {
        STOP: "take a better teacher, easier questions, or more room to answer (max_new_tokens)",
        LOOK: f"{share.n} questions cannot tell: ask more (n)",
    }
    state = gate(share, least)
    report.add("teacher: right answers", state, f"{share}, of {share.n}; {least:.0%} are wanted", mend.get(state, ""))
    _ended(report, "teacher", said, "give it more room: max_new_tokens")
    return said


def student(report: Report, tier: Tier, exam: Benchmark, role: str, taught: Responses) -> Responses:
    """How often the student is right already, and whether it answers in a form that can be read.

    Args:
        report: gets the findings.
        tier: whose student.
        exam: what it is asked.
        role: "student" or "sibling".
        taught: the teacher's answers.
    """
    said = evaluation.student(exam, replace(tier, student=getattr(tier, role)))
    hits, theirs = (evaluation.right(one.asked, exam.asked) for one in (said, taught))
    share = evaluation.accuracy(said.asked, exam.asked)
    report.figures |= {"student.accuracy": share, "student.ended": said.ended}
    left = sum(there and not here for here, there in zip(hits, theirs, strict=True))
    found = f"{share}, of {share.n}; the teacher has {left} right that it has not"
    enough = share.value < KNOWN and left
    mend = "little is left to learn: take harder questions, a better teacher or a smaller student"
    report.add(f"{role}: right answers", GOOD if enough else LOOK, found, mend)
    if all(isinstance(problem.answer, tuple) and problem.answer for problem in exam.asked):
        read = sum(bool(evaluation.read_answer(answer.whole)) for answer in said.asked)
        state = GOOD if 2 * read >= share.n else LOOK
        mend = "it knows more than its score says: what the lessons add is the form too, so compare with method='token'"
        report.add(f"{role}: form", state, f"{read} of {share.n} answers can be read", mend)
    _ended(report, role, said, "it is cut off or repeats itself; the lessons teach it to end")
    return said


def overlap(report: Report, tier: Tier, role: str, exam: Benchmark, said: Responses, size: int) -> None:
    """How many of the tokens that teacher and student hold likeliest are the same, on the student's own text.

    Both read the same tokens, the student's prompt and its answer, as in a training.

    Source: "Rethinking On-Policy Distillation" (arXiv 2604.13016): what can be learnt lies in the tokens that both
    hold likely.

    Args:
        report: gets the finding.
        tier: whose models.
        role: "student" or "sibling".
        exam: what the student was asked.
        said: what it answered.
        size: how many tokens both really have.
    """
    import torch

    load = models.load_sibling if role == "sibling" else models.load_student
    (pupil, tokenizer), (master, _) = load(tier), models.load_teacher(tier)
    shared, mass, tokens = 0.0, 0.0, 0
    try:
        for problem, answer in list(zip(exam.asked, said.asked, strict=True))[:TEXTS]:
            asked = models.prompt_ids(tokenizer, problem.question)
            ids = asked + tokenizer(answer.text, add_special_tokens=False).input_ids
            with torch.no_grad():
                ours, theirs = (
                    model(torch.tensor([ids], device=model.device)).logits[0, len(asked) - 1 :, :size].float().cpu()
                    for model in (pupil, master)
                )
            top, likely = ours.topk(TOP).indices, theirs.topk(TOP).indices
            shared += (top[:, :, None] == likely[:, None]).any(-1).float().mean(-1).sum().item()
            mass += ours.softmax(-1).gather(-1, likely).sum().item()
            tokens += len(ours)
    finally:
        models.unload(pupil, master)
    share, weight = shared / tokens, mass / tokens
    report.figures |= {"overlap": share, "overlap_mass": weight}
    found = f"{share:.0%} of the {TOP} likeliest are the same; the teacher's have {weight:.0%} of the student's weight"
    mend = "they speak of other words: learn the teacher's words first (method='token'), then its distributions"
    report.add("top tokens, on the student's text", GOOD if weight >= AGREE else LOOK, found, mend)


def _ended(report: Report, who: str, said: Responses, mend: str) -> None:
    state = GOOD if said.ended.value > 0.9 else LOOK
    report.add(f"{who}: answers that end", state, str(said.ended), mend)
