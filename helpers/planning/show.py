"""Plans as Markdown tables, for a terminal and for a notebook."""

from helpers.planning import measured
from helpers.planning.cards import GB, Card, card_of, whole
from helpers.planning.choosing import Phase
from helpers.planning.minutes import NONE
from helpers.planning.phases import METHODS
from helpers.planning.recipes import plan
from helpers.tiers import TIERS, Tier


def table(tier: Tier | str, cards=("16", "24", "48"), methods=METHODS) -> str:
    """What each method takes on each card: peak GB, minutes, and whether it fits. One line in a notebook shows it.

    tier: its name, or a Tier. cards: names or sizes. Raises ValueError as `plan` and `card_of`.
    """
    tier = TIERS[tier] if isinstance(tier, str) else tier
    chosen = [card_of(name) for name in cards]
    rows = [["method", *(f"{card.sold_gb} GB ({card.name})" for card in chosen)], ["---"] * (1 + len(chosen))]
    for method in methods:
        rows.append([method, *(_cell(plan(tier, card, method)) for card in chosen)])
    star = "\\* not with all of the tier's own settings; `python -m planner --tier` with the method says which and why."
    return f"{_markdown(rows)}\n\n{star}\n\n{measured.told()}"


def details(phases: list[Phase], card: Card) -> str:
    """One plan: for each phase its peak by part, its settings and the reasons for them."""
    rows = [["phase", "peak, GB", "by part", "settings", "minutes"], ["---"] * 5]
    for phase in phases:
        parts = ", ".join(f"{name} {size / GB:.1f}" for name, size in phase.parts.items() if size >= GB / 20)
        one = phase.setting
        settings = f"{one.batch} × {one.length:,} tokens"
        peak = f"{phase.bytes / GB:.1f}" + ("" if phase.fits else " (does not fit)")
        rows.append([phase.name, peak, parts, settings, str(phase.minutes).removesuffix(" min")])
    took = sum((phase.minutes for phase in phases), NONE)
    most = whole(max(phase.bytes for phase in phases)) / GB
    text = [
        _markdown(rows),
        f"\n{card.name}, {card.memory / GB:.1f} GB, {card.room / GB:.1f} of them for tensors. "
        f"The plan needs {most:.1f} GB with the runtime's own share, and {took}.",
    ]
    text += [f"- {phase.name}: {reason}" for phase in phases for reason in phase.why]
    text += [f"- {phase.name}: {phase.disk / GB:.2f} GB on the disk" for phase in phases if phase.disk]
    return "\n".join([*text, measured.told()])


def _cell(phases: list[Phase]) -> str:
    worst = max(phases, key=lambda phase: (not phase.fits, phase.bytes))
    if not worst.fits:
        return f"does not fit ({worst.name})"
    changed = any(phase.changed for phase in phases)
    took = sum((phase.minutes for phase in phases), NONE)
    return f"{whole(worst.bytes) / GB:.1f} GB, {took.least / 60:.1f}–{took.most / 60:.1f} h" + (" *" if changed else "")


def _markdown(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)

