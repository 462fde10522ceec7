"""What the planner says of a phase as it was measured: the same batch and lengths, on the same card."""

from dataclasses import replace

from planner import minutes, phases
from planner.cards import CARDS, COMPUTE, GB, LAUNCH, Card
from planner.phases import Setting
from planner.plan import learner, numbers_of
from planner.shapes import shape_of

from helpers.tiers import TIERS, Tier
from measure.methods import METHODS


def card_of(told: dict) -> Card | None:
    """The planner's card for a name as the driver has it, such as "NVIDIA L4"; None where it knows none such."""
    found = [card for card in CARDS.values() if card.name in told["name"]]
    return max(found, key=lambda card: len(card.name)) if found else None


def gigabytes(one: dict) -> float | None:
    """The planned peak of tensors of a phase that ran, None for one of which the planner says nothing."""
    found = _parts(one)
    return None if found is None else phases.total(found) / GB


def _parts(one: dict) -> dict[str, float] | None:
    if one["tier"] not in ("small", "full"):
        return None
    tier = replace(TIERS[one["tier"]], engine=one["engine"])
    numbers, teacher = numbers_of(tier, CARDS["L4"]), shape_of(tier.teacher.name)
    setting = Setting(one["batch"], one["tokens"], rank=tier.lora.r, numbers=numbers)
    longer = replace(setting, length=one["tokens"] + minutes.PROMPT_TOKENS)
    if one["phase"] == "traces":
        return phases.generate(teacher, longer, 16)
    if one["phase"] == "exam":
        return phases.generate(shape_of(tier.student.name), longer, 4)
    if one["phase"] == "cache":
        return phases.write_cache(teacher, setting)
    method = METHODS[one["phase"].removeprefix("step: ")].planned
    return None if method is None else phases.train(learner(tier, method), setting, method, teacher)


def shares(record: dict) -> dict[str, tuple[float, float]]:
    """What the planner assumes of a card, as it was measured: from the lowest to the highest of the phases that ran.

    launch: seconds that a layer of a pass takes where nothing else is slower, from the tokens that were written one by
    one; compute: the share of the card's arithmetic that training reached. Empty for a card that the planner does not
    know: its arithmetic is not known either.
    """
    card = card_of(record["card"])
    if card is None:
        return {}
    launch, compute = [], []
    for one in _ran(record):
        tier = TIERS[one["tier"]]
        if one["phase"] in ("traces", "exam"):
            shape = shape_of((tier.teacher if one["phase"] == "traces" else tier.student).name)
            launch.append(one["seconds_a_token"] / shape.num_hidden_layers / (2 if one["phase"] == "exam" else 1))
        elif one["phase"].startswith("step: "):
            work = _work(one, tier)
            if work:
                compute.append(work / card.flops / one["seconds_a_micro_batch"])
    found = {"launch": launch, "compute": compute}
    return {name: (min(each), max(each)) for name, each in found.items() if each}


def _work(one: dict, tier: Tier) -> float | None:
    """Operations of a micro-batch: the student's three passes, and the teacher's one where it is asked."""
    method = METHODS[one["phase"].removeprefix("step: ")].planned
    if method is None:
        return None
    tokens = one["batch"] * one["tokens"]
    work = 3 * minutes.flops(learner(tier, method), tokens, one["tokens"])
    return work + (minutes.flops(shape_of(tier.teacher.name), tokens, one["tokens"]) if method in phases.LIVE else 0)


def off(record: dict) -> dict[str, tuple[float, float]]:
    """Planned over measured, less one, from the lowest to the highest: of memory, and of the speeds assumed."""
    plans = [(gigabytes(one), one["peak_gb"]) for one in _ran(record)]
    found = [plan / peak - 1 for plan, peak in plans if plan is not None]
    told = {"memory": (min(found), max(found))} if found else {}
    for name, (low, high) in shares(record).items():
        assumed = {"launch": LAUNCH, "compute": COMPUTE}[name]
        middle = (assumed[0] * assumed[1]) ** 0.5
        told[f"seconds, {name}"] = tuple(
            sorted((middle / each - 1) if name == "launch" else (each / middle - 1) for each in (low, high))
        )
    return told


def _ran(record: dict) -> list[dict]:
    return [one for one in record["phases"] if one["state"] == "ran" and one["tier"] in ("small", "full")]

