"""What a run on a GPU takes, before it is run: `make plan`, or one plan with its reasons:

python -m planner --tier full --card 24 --method logits --batch-size 16 --max-length 2048

All of it is arithmetic; no model is loaded and no GPU is used. Without a tier it prints all methods of both tiers and
writes data/results/plan.json, which notebook 00 shows. `make plan-check` holds the formulas against peaks that were
measured on a CPU.
"""

import argparse
import json
from dataclasses import asdict, replace

from helpers import disk
from helpers.evaluation import plans
from helpers.evaluation.tables import markdown
from helpers.tiers import TIERS
from planner import minutes
from planner.cards import CARDS, GB, Card, card_of, whole
from planner.phases import METHODS
from planner.plan import Phase, plan

TIERS_OF_GPUS, SIZES = ("small", "full"), ("16", "24", "48")
SETTINGS = ("batch_size", "micro_batch", "generate_batch", "max_length")
STAR = "\\* not with all of the tier's own settings; `python -m planner --tier` with the method says which and why."


def contents() -> dict:
    """All methods of both tiers on the cards, as data/results/plan.json has them."""
    cards = [card_of(size) for size in SIZES]
    return {
        "budgets": {name: asdict(minutes.budget(TIERS[name])) for name in TIERS_OF_GPUS},
        "cards": [f"{card.sold_gb} GB ({card.name})" for card in cards],
        "tiers": {
            name: {method: [cell(plan(TIERS[name], card, method)) for card in cards] for method in METHODS}
            for name in TIERS_OF_GPUS
        },
        "notes": [STAR, minutes.told()],
    }


def cell(phases: list[Phase]) -> str:
    """The peak and the hours of a plan, with a star where a setting is not the tier's; or that it does not fit."""
    worst = max(phases, key=lambda phase: (not phase.fits, phase.bytes))
    if not worst.fits:
        return f"does not fit ({worst.name})"
    changed = any(phase.changed for phase in phases)
    least, most = sum(phase.took for phase in phases) / 60
    return f"{whole(worst.bytes) / GB:.1f} GB, {least:.1f}–{most:.1f} h" + (" *" if changed else "")


def details(phases: list[Phase], card: Card) -> str:
    """One plan as Markdown: for each phase its peak by part, its settings and the reasons for them."""
    rows = []
    for phase in phases:
        parts = ", ".join(f"{name} {size / GB:.1f}" for name, size in phase.parts.items() if size >= GB / 20)
        settings = f"{phase.setting.batch} × {phase.setting.length:,} tokens"
        peak = f"{phase.bytes / GB:.1f}" + ("" if phase.fits else " (does not fit)")
        rows.append([phase.name, peak, parts, settings, minutes.span(phase.took).removesuffix(" min")])
    most, took = whole(max(phase.bytes for phase in phases)) / GB, sum(phase.took for phase in phases)
    text = [
        markdown(["phase", "peak, GB", "by part", "settings", "minutes"], rows),
        f"\n{card.name}, {card.memory / GB:.1f} GB, {card.room / GB:.1f} of them for tensors. "
        f"The plan needs {most:.1f} GB with the runtime's own share, and {minutes.span(took)}.",
    ]
    text += [f"- {phase.name}: {reason}" for phase in phases for reason in phase.why]
    return "\n".join([*text, minutes.told()])


def main(arguments: list[str] | None = None) -> None:
    """The command. A setting that makes no sense ends it with a sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=TIERS_OF_GPUS, help="without it: all")
    parser.add_argument("--card", default="24", help=f"{', '.join(CARDS)}, or 16, 24, 48 (24)")
    parser.add_argument("--method", default="token", choices=METHODS)
    for name in SETTINGS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help="instead of the tier's")
    options = parser.parse_args(arguments)
    if options.tier is None:
        found = contents()
        disk.write_whole(plans.FILE, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print("\n\n".join(f"## {name}\n\n{plans.table(name, plans=found)}" for name in TIERS_OF_GPUS))
        return
    asked = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    if any(value < 1 for value in asked.values()):
        parser.error(f"each of {', '.join(asked)} is to be 1 or more")
    try:
        card = card_of(options.card)
    except ValueError as error:
        parser.error(str(error))
    found = plan(replace(TIERS[options.tier], **asked), card, options.method)
    print(f"# {options.tier}, {options.method}, {card.name}\n\n{details(found, card)}")


if __name__ == "__main__":
    main()
