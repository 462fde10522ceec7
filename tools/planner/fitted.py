"""The settings with which a reader's own models fit on a card: what `make own` takes where there is a GPU."""

from helpers.tiers import Tier
from planner.cards import GB, Card, whole
from planner.minutes import PROMPT_TOKENS
from planner.plan import plan

METHODS = {"token": "token", "logits": "logits", "cached": "cached logits", "cross-tokenizer": "across"}
# A phase's texts at a time and its tokens, as a tier calls them.
NAMES = {
    "teacher writes traces": ("generate_batch", "max_new_tokens"), "cache written": ("generate_batch", "max_length"),
    "student learns": ("micro_batch", "max_length"), "student answers the test": ("answer_batch", "answer_tokens"),
}  # fmt: skip


def fitted(tier: Tier, card: Card, method: str, answers: bool = False) -> tuple[dict, list[str]]:
    """Settings of a tier that have to be smaller on a card, as `tiers.own` takes them, and what is to be said of them.

    The least that has to give gives (`choosing.choose`). What could be larger stays. The teacher keeps its bits.

    Args:
        tier: the reader's own.
        card: that it is to fit on.
        method: one of METHODS.
        answers: the teacher's are there already, and it is not asked.

    Raises:
        MemoryError: where no settings fit, with what is too large and the mend.
        ValueError: for a model that the planner does not know.
        OSError: for a model that cannot be read.
    """
    planned = plan(tier, card, METHODS[method], less=True)
    planned = [phase for phase in planned if not (answers and "writes" in phase.name)]
    found: dict = {}
    for phase in planned:
        if not phase.fits:
            raise MemoryError(f"planned for {card.name}: “{phase.name}” {phase.why[0]}")
        batch, tokens = NAMES[phase.name.partition(":")[0]]
        room = phase.setting.length - (0 if tokens == "max_length" else PROMPT_TOKENS)
        for name, value in ((batch, phase.setting.batch), (tokens, room)):
            if value < found.get(name, getattr(tier, name)):
                found[name] = value
        rank = phase.setting.rank
        if "learns" in phase.name and rank < tier.lora.r:
            found["lora"] = {"r": rank, "alpha": tier.lora.alpha * rank // tier.lora.r}
    most = whole(max(phase.bytes for phase in planned)) / GB
    said = f"planned for {card.name}: {most:.1f} of {card.memory / GB:.1f} GB"
    return found, [said, *(f"{phase.name}: {reason}" for phase in planned if phase.changed for reason in phase.why)]
