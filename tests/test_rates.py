"""The rates of notebook 11: the rule goes downhill, and the page has what it found."""

import json
import re

import pytest
import rates
from test_notebook_definitions import cell

from helpers import evaluation, tiers

pytestmark = pytest.mark.tools


def test_it_goes_on_until_no_neighbour_is_lower_and_never_past_the_end():
    seen = []

    def at(place):
        seen.append(place)
        return abs(place - 4)

    assert rates.climb(at, 1, 7) == 4 and min(seen) == 0
    assert rates.climb(lambda place: -place, 1, 3) == 2 and rates.climb(lambda place: place, 1, 3) == 0


def test_the_page_has_the_best_of_what_was_tried():
    kept = json.loads(rates.FILE.read_text(encoding="utf-8"))
    for key, nats in kept["tried"].items():
        arm, bits, _ = re.fullmatch(r"(\w+), (\d) bits, (\S+)", key).groups()
        assert nats >= kept["tried"][f"{arm}, {bits} bits, {kept['best'][arm][bits]:.4g}"]
    named = {"tiers": tiers, "evaluation": evaluation, "tier": tiers.resolve("mini")}
    exec(cell("11_quantization_aware", "rates"), named)
    shares = {arm: {str(bits): share for bits, share in each.items()} for arm, each in named["RATES"].items()}
    assert shares == kept["best"] and kept["run"]["seed"] > 2
    assert sum(map(len, named["tried"].values())) == len(kept["tried"])
