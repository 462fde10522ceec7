"""What a run on a GPU takes, before it is run: `make plan`, or one plan with its reasons:

python -m planner --tier full --card 24 --method logits --batch 32 --length 4096

All of it is arithmetic (`helpers.planning`); no model is loaded and no GPU is used. `make plan-check` holds the
formulas against peaks that were measured on a CPU.
"""

import argparse

from helpers import planning
from helpers.evaluation.tables import markdown
from helpers.planning import published
from helpers.tiers import TIERS

SIZES = ("16", "24", "48")


def overview() -> str:
    """The tiers on the cards, then the published figures."""
    text = [f"## {name}\n\n{planning.table(name, SIZES)}" for name in ("small", "full")]
    head, rows = ["published", "MB", "planned, MB", "off", "source"], []
    for figure in published.figures():
        bound = "at most " if figure.atmost else ""
        off = "within" if figure.atmost and figure.off <= 0 else f"{figure.off:+.1%}"
        rows.append([figure.what, f"{bound}{figure.published:,.0f}", f"{figure.planned:,.0f}", off, figure.source])
    return "\n\n".join([*text, "## Published figures of the real models\n\n" + markdown(head, rows)])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=[name for name in TIERS if name != "mini"], help="without it: all")
    parser.add_argument("--card", default="24", help=f"{', '.join(planning.CARDS)}, or 16, 24, 48 (24)")
    parser.add_argument("--method", default="token", choices=planning.METHODS)
    for name in ("batch", "micro-batch", "generate-batch", "length"):
        parser.add_argument(f"--{name}", type=int, help="instead of the tier's")
    options = parser.parse_args(arguments)
    if options.tier is None:
        print(overview())
        return
    asked = {name: getattr(options, name) for name in ("batch", "micro_batch", "generate_batch", "length")}
    asked = {name: value for name, value in asked.items() if value is not None}
    try:
        card = planning.card_of(options.card)
        found = planning.plan(TIERS[options.tier], card, options.method, **asked)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    print(f"# {options.tier}, {options.method}, {card.name}\n\n{planning.details(found, card)}")


if __name__ == "__main__":
    main()
