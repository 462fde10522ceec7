"""The planner against peaks measured here: two small points at each `make test`, all of them by `make plan-check`."""

import json
from dataclasses import fields

import pytest
from planner import check
from planner.check import POINTS, WITHIN, Point

pytestmark = pytest.mark.tools

# Neither of them is one of `make plan-check`'s.
@pytest.mark.slow
@pytest.mark.parametrize("point", [
    Point("token", "gemma long", 4, 288, pads=True, rank=8),
    Point("generate", "gemma long", 56, 160, bits=32, given=16),
], ids=check.name_of)  # fmt: skip
def test_a_small_model_takes_what_is_planned(point):
    found = check.measured(point)
    assert point not in POINTS and found["peak"] > 40, "too small to tell from noise"
    assert all(abs(off) <= WITHIN for off in check.off(check.compare(point, found)).values()), found


def test_all_points_are_compared_and_what_is_further_off_is_named(tmp_path, monkeypatch, capsys):
    """As if every point took some percent more than is planned."""

    def measured(point):
        planned = check.compare(point, {"weights": 1.0, "peak": 1.0})
        return {name: planned[name][0] * factor for name in ("weights", "peak")}

    monkeypatch.setattr(check, "OUT", tmp_path / "bench" / "plan.json")
    monkeypatch.setattr(check, "measured", measured)
    factor = 1.05
    check.main([])
    assert f"{len(POINTS)} of {len(POINTS)} points within 10%" in capsys.readouterr().out
    assert list(json.loads(check.OUT.read_text(encoding="utf-8"))) == [check.name_of(point) for point in POINTS]
    factor = 1.3
    with pytest.raises(SystemExit, match=r"^further off: cache, qwen wide, 2 × 320, bits 32$"):
        check.main(["--only", "cache, "])
    monkeypatch.setattr(check, "measured", lambda point: pytest.fail("measured again"))
    with pytest.raises(SystemExit, match="further off: cache"):
        check.main(["--again"])


def test_points_differ_in_what_decides():
    """Length, batch, method and precision all vary, and no two points share a name."""
    assert len({check.name_of(point) for point in POINTS}) == len(POINTS)
    least = {"job": 7, "model": 4, "length": 6, "batch": 5, "bits": 2, "checkpointing": 2, "pads": 2, "given": 3}
    differ = {field.name: len({getattr(point, field.name) for point in POINTS}) for field in fields(Point)}
    assert all(differ[name] >= many for name, many in least.items())
