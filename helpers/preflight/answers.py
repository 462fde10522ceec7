"""What the models themselves tell before a training: who is right how often, in which form."""

from dataclasses import replace
from pathlib import Path

from helpers import evaluation
from helpers.evaluation import Benchmark, Estimate, Responses
from helpers.preflight.findings import GOOD, LOOK, STOP, Report
from helpers.tiers import Tier

KNOWN = 0.95  # a share of right answers above which little is left to learn
SHARED = 0.9  # of the teacher's probability on a student's own text, below which the two think too differently: a guess


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


def student(
    report: Report, tier: Tier, exam: Benchmark, role: str, taught: Responses, start: Path | str | None = None
) -> Responses:
    """How often the student is right already, beside what was `taught`, and whether its answers can be read.

    start: the adapter with which it begins, None for the bare model.
    """
    said = evaluation.student(exam, replace(tier, student=getattr(tier, role)), start)
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
    return said


def own_text(
    report: Report, tier: Tier, exam: Benchmark, role: str, said: Responses, start: Path | str | None = None
) -> None:
    """Whether teacher and student see alike what the student `said`: by their likeliest tokens, and by probability.

    Both read its answers behind the teacher's prompt. Of an answer, at most what fits into a row is read.

    Source:
        That on-policy distillation needs a shared way of thinking, shown by the overlap of the 16 likeliest tokens:
        "Rethinking On-Policy Distillation of Large Language Models" (arXiv 2604.13016).
    """
    import torch  # not at the top, as everywhere here: it takes seconds

    from helpers import models
    from helpers.losses.head import head_of
    from helpers.losses.outlook import covered, overlaps
    from helpers.methods.logits import shared
    from helpers.training import activations
    from helpers.training.rows import plain_ids

    pair = models.load_student(replace(tier, student=getattr(tier, role)), adapter=start), models.load_teacher(tier)
    (one, tokenizer), (other, its) = pair
    sizes = (len(model.get_output_embeddings().weight) for model in (one, other))
    how = shared(tier, tokenizer, *sizes)
    heads = [head_of(model, how["vocabulary"]) for model in (one, other)]
    found = []
    for problem, answer in zip(exam.asked, said.asked, strict=True):
        prompt = models.prompt_ids(its, problem.question)
        opening = tokenizer.decode(prompt[len(prompt) - how["opening"] :]) if how["opening"] else ""
        ids = [*prompt, *plain_ids(tokenizer, answer.text.removeprefix(opening))][: tier.max_length]
        given = {"input_ids": torch.tensor([ids], device=other.device)}
        with torch.no_grad():
            ours, theirs = (activations.read(model, given, "hidden", [])[0][0, len(prompt) - 1 : -1]
                            for model in (one, other))  # fmt: skip
        seen = ours, heads[0], theirs, heads[1]
        found.append(torch.stack([overlaps(*seen), covered(*seen)]).cpu())
    models.unload(one, other)
    overlap, mass = torch.cat(found, dim=1).mean(1).tolist() if found else (1.0, 1.0)
    report.figures |= {"own_text.overlap": overlap, "own_text.covered": mass}
    told = f"{mass:.1%} of the teacher's probability is on the {role}'s 16 likeliest tokens; {overlap:.1%} of these "
    told += "are the teacher's 16 too"
    mend = "they think too differently: let it learn more of the teacher's words first (method='token')"
    report.add(f"{role}: its own text", GOOD if mass >= SHARED else LOOK, told, mend)


def _ended(report: Report, who: str, said: Responses, mend: str) -> None:
    state = GOOD if said.ended.value > 0.9 else LOOK
    report.add(f"{who}: answers that end", state, str(said.ended), mend)
