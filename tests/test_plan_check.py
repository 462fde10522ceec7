"""The planner against peaks measured here: two small points at each `make test`, all of them by `make plan-check`."""

import json
import os

import pytest
from planner import check as plan_check
from planner.check import Point

pytestmark = pytest.mark.tools

# Neither of them is one of `make plan-check`'s.
CHEAP = (
    Point("token", "gemma long", 4, 288, pads=True, rank=8),
    Point("generate", "gemma long", 56, 160, bits=32, given=16),
)


@pytest.mark.slow
def test_small_models_take_what_is_planned():
    assert not {point.name for point in CHEAP} & {point.name for point in plan_check.POINTS}
    before = dict(os.environ)
    for point, measured in plan_check.in_processes(CHEAP):
        found = plan_check.compare(point, measured)
        assert measured["peak"] > 40, f"{point.name}: too small to tell from noise"
        assert abs(found["off"]["peak"]) <= plan_check.WITHIN, (point.name, found)
        assert abs(found["off"]["all"]) <= plan_check.WITHIN, (point.name, found)
    assert dict(os.environ) == before


def made_up(monkeypatch, tmp_path, factor: float):
    """As if every point took `factor` times what is planned."""

    def measured(points):
        for point in points:
            planned = plan_check.compare(point, {"weights": 1.0, "peak": 1.0})["planned"]
            yield point, {name: planned[name] * factor for name in ("weights", "peak")}

    monkeypatch.setattr(plan_check, "OUT", tmp_path / "bench" / "plan.json")
    monkeypatch.setattr(plan_check, "in_processes", measured)


def test_all_points_are_planned_and_written(tmp_path, monkeypatch, capsys):
    made_up(monkeypatch, tmp_path, 1.05)
    plan_check.main([])
    told = capsys.readouterr().out
    assert f"{len(plan_check.POINTS)} of {len(plan_check.POINTS)} points within 10%" in told and "no GPU" in told
    found = json.loads((tmp_path / "bench" / "plan.json").read_text(encoding="utf-8"))
    assert list(found) == [point.name for point in plan_check.POINTS]
    for one in found.values():
        assert one["off"]["all"] == pytest.approx(1 / 1.05 - 1)
        assert sum(one["parts"].values()) == pytest.approx(one["planned"]["all"])


def test_what_is_further_off_is_named(tmp_path, monkeypatch):
    made_up(monkeypatch, tmp_path, 1.3)
    with pytest.raises(SystemExit, match=r"further off: cache, qwen wide"):
        plan_check.main(["--only", "cache, "])


def test_what_was_measured_stays(tmp_path, monkeypatch, capsys):
    made_up(monkeypatch, tmp_path, 1.0)
    plan_check.main(["--only", "generate"])
    monkeypatch.setattr(plan_check, "in_processes", lambda points: pytest.fail("measured again"))
    plan_check.main(["--again"])
    plan_check.main(["--only", "generate", "--missing"])
    assert capsys.readouterr().out.count("4 of 4 points within") == 3


def test_points_differ_in_what_decides():
    """Length, batch, method and precision all vary, and no two points share a name."""
    points = plan_check.POINTS
    assert len({point.name for point in points}) == len(points)
    for field, least in (("job", 7), ("model", 4), ("length", 6), ("batch", 5), ("bits", 2), ("checkpointing", 2)):
        assert len({getattr(point, field) for point in points}) >= least
