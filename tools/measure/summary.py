"""The few figures of a record that the planner, README and the notebooks go by."""

from planner.cards import GB, whole
from planner.minutes import PROMPT_TOKENS, TRACE_TOKENS, longest_of
from planner.plan import TEST

from helpers.tiers import TIERS
from measure import planned

NEEDED = ("traces", "step: token", "exam")


def of(record: dict) -> dict:
    """As `planner.minutes.summary` describes it. A tier is in it once all of NEEDED ran on the whole card.

    What a card must have is the peak of the tensors and what the runtime takes, not what PyTorch held: of a large card
    it gives nothing back.
    """
    tiers = {}
    for name in ("small", "full"):
        found = {
            one["phase"]: one for one in record["phases"]
            if one["state"] == "ran" and (one["tier"], one["engine"], one["cap_gb"]) == (name, "unsloth", None)
        }  # fmt: skip
        if all(phase in found for phase in NEEDED):
            largest = max(NEEDED, key=lambda phase: found[phase]["peak_gb"])
            needed = whole(GB * found[largest]["peak_gb"]) / GB
            name_of_card = record["card"]["name"]
            state = f"memory and speed measured on one {name_of_card} with random weights, quality not measured"
            minutes = round(_minutes(name, found))
            tiers[name] = {"peak_gb": needed, "phase": largest, "minutes": minutes, "state": state}
    return {"card": record["card"]["name"], **planned.shares(record), "off": planned.off(record), "tiers": tiers}


def _minutes(name: str, found: dict[str, dict]) -> float:
    """Of traces, token distillation and exam, at the speeds that were measured and at the lengths that are expected."""
    tier = TIERS[name]
    seconds = 0.0
    for phase, texts, most in (("traces", tier.traces, tier.max_new_tokens), ("exam", TEST, tier.answer_tokens)):
        batch, each = found[phase]["batch"], found[phase]["seconds_a_token"]
        seconds += -(-texts // batch) * min(most, TRACE_TOKENS * longest_of(min(batch, 48))) * each
    share = min(1.0, (PROMPT_TOKENS + TRACE_TOKENS) / tier.max_length)
    steps = -(-tier.traces // tier.batch_size) * tier.epochs
    return (seconds + steps * found["step: token"]["seconds_a_step"] * share) / 60
