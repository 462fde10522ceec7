"""Questions without answers: the teacher is asked several times, and what most of its samples say stands for them."""

import json
from pathlib import Path

from helpers import disk, questions
from helpers.evaluation.statistics import Estimate, wilson
from helpers.models.kinds import Model, Tokenizer
from helpers.questions.own import AGREED
from helpers.tiers import Tier
from helpers.traces.collecting import collect
from helpers.traces.filtering import agreement

HELD_OUT = ("validation", "test")


def agree(tier: Tier, seed: int = 0, teacher: tuple[Model, Tokenizer] | None = None) -> dict[str, Estimate]:
    """Asks the teacher several times for what nobody knows: the answers of the validation and the test questions.

    From then on `questions.draw` gives these questions with what more than half of the samples say, and without those
    on which the samples do not agree. So whoever is scored on them is compared with the teacher and with no truth: what
    the teacher gets wrong every time counts as right, and its own score on them is none (`evaluation.kinds.agreed`).
    It goes on where it was stopped, and asks nothing twice.

    Args:
        tier: whose questions, teacher, and how many samples (`tier.data.samples`).
        seed: of the sampling.
        teacher: the tier's model and tokenizer if they are loaded already.

    Returns:
        For validation and test, the share of the questions on which the samples agree.

    Raises:
        ValueError: where the answers are known, where a split has no questions, where the samples agree on none of
            one, and as `traces.collect`.
    """
    if tier.data.kind != "none":
        raise ValueError(f"the answers of the {tier.name} tier are known ({tier.data.kind}): draw them")
    found = {}
    for split in HELD_OUT:
        n = questions.count(tier, split)
        found[split] = agreement(collect(tier, n, seed, teacher=teacher, split=split).to_list())
        if not any(one.gold for one in found[split]):
            raise ValueError(
                f"the teacher's {tier.data.samples} samples agree on none of the {n:,} {split} questions: nothing can "
                "be compared with them; take questions that the teacher can answer, or answers of your own"
            )
    lines = [
        {"question": one.question, "answer": list(one.gold), "share": one.share, "samples": one.samples}
        for each in found.values()
        for one in each
    ]
    place: Path = tier.artifacts / AGREED
    disk.write_whole(place, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return {split: wilson(sum(bool(one.gold) for one in each), len(each)) for split, each in found.items()}
