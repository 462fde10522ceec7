"""The board beside a training: what a step's row holds, when a rule trips, what is kept, what a resumed run reads."""

import json
from types import SimpleNamespace

import pytest
import torch
from transformers import TrainerControl, TrainerState

from helpers import disk
from helpers.training import board
from helpers.training.board import Board, Rule
from helpers.training.exercises import stops_at

ARGS = SimpleNamespace(device=torch.device("cpu"))


def after(made: Board, step: int, writer: str = "student", **means: float) -> TrainerControl:
    """What the board wants after a step with these means, of two answers of ten tokens each."""
    made.begin(writer, "Wait, no.")
    for what, mean in means.items():
        n = 20 if what in board.OF_TOKENS else 2
        made.see(what, torch.tensor(mean * n / 2), n // 2), made.see(what, mean * n / 2, n // 2)
    control, state = TrainerControl(), TrainerState(global_step=step, max_steps=40, is_world_process_zero=True)
    made.on_step_end(ARGS, state, control)
    return control


@pytest.fixture
def checkpoints(tmp_path):
    for step in (1, 10, 20, 24):
        (tmp_path / f"checkpoint-{step}").mkdir()
    return lambda: sorted(int(path.name.rpartition("-")[2]) for path in tmp_path.glob("checkpoint-*"))


def test_a_row_is_the_means_over_the_parts_of_a_step(tmp_path):
    seen = []
    made = Board(tmp_path, watch=lambda rows: seen.append(len(rows)))
    after(made, 1, "teacher", loss=2.0, entropy=1.5)
    after(made, 2, loss=1.0, length=12, cut_off=0.5, checks=1, entropy=1.25, overlap=0.75)
    told = board.read(tmp_path)
    assert told["steps"] == made.rows and seen == [1, 2] and told["tripped"] is None
    assert made.rows[0] == {
        "step": 1, "writer": "teacher", "loss": 2, "entropy": 1.5, "overlap": None, "length": None, "cut_off": None,
        "checks": None, "sample": "Wait, no.",
    }  # fmt: skip
    assert {what: made.rows[1][what] for what in board.OF_ANSWERS} == {"length": 12, "cut_off": 0.5, "checks": 1}


def test_the_sums_of_all_processes_make_a_row(tmp_path):
    made = Board(tmp_path)
    made.total = lambda sums: sums + torch.tensor([[30.0, 1]] * len(board.MEASURES))
    after(made, 1, length=12)
    assert made.rows[0]["length"] == (2 * 12 + 30) / 3


@pytest.mark.parametrize(
    ("rule", "before", "now", "limit"),
    [
        (Rule("cut_off", above=0.5), 0.0, 0.6, 0.5), (Rule("entropy", below=0.2, of_start=True), 2.0, 0.3, 0.4),
        (Rule("length", below=0.5, above=2, of_start=True), 50, 101, 100), (Rule("overlap", below=0.6), 0.9, 0.55, 0.6),
    ],
)  # fmt: skip
def test_a_rule_trips_with_the_mean_over_its_window(rule, before, now, limit):
    values = [before] * board.WINDOW
    assert rule.tripped(values) is None
    assert rule.tripped([*values, None, *([now] * (board.WINDOW - 1))]) is None, "one of the window is from before"
    found = rule.tripped(values + [now] * board.WINDOW)
    assert (found["what"], found["value"], found["limit"]) == (rule.what, now, pytest.approx(limit))
    assert rule.tripped([now] * (board.WINDOW - 1)) is None, "too few to tell"


def test_of_the_start_nothing_is_too_little_where_there_was_nothing():
    """A student that never checked cannot lose its checks."""
    assert Rule("checks", below=0.4, of_start=True).tripped([0.0] * 20) is None


def test_rules_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no 'lenght'; it has loss"):
        Rule("lenght", above=2)
    with pytest.raises(ValueError, match="about length has no bound"):
        Rule("length")


def test_it_stops_before_the_collapse_is_saved_and_keeps_what_was_before(tmp_path, checkpoints, capsys):
    made = Board(tmp_path, (Rule("length", above=2, of_start=True),))
    for step in range(1, 20):
        assert not after(made, step, length=50).should_training_stop
    controls = [after(made, step, length=120) for step in range(20, 24)]
    # Of 50, 50, 50, 50, 120 the mean is below 100, and so on to 50, 120, 120, 120, 120 at step 23: 106.
    assert [control.should_training_stop for control in controls] == [False, False, False, True]
    assert not controls[3].should_save
    # The window is steps 19 to 23; an adapter of step 20 has learnt from two of its answers.
    assert checkpoints() == [1, 10]
    assert made.tripped == {
        "what": "length", "value": 106, "side": "above", "limit": 100, "step": 23, "kept": "checkpoint-10"
    }  # fmt: skip
    assert "stopped at step 23: length, 106" in capsys.readouterr().out
    assert board.read(tmp_path)["rules"] == [{"what": "length", "below": None, "above": 2, "of_start": True}]
    control = TrainerControl(should_save=True)  # as the end of the epoch wants it, which comes next
    made.on_epoch_end(ARGS, TrainerState(), control)
    assert not control.should_save


def test_steps_of_the_teacher_trip_nothing(tmp_path):
    made = Board(tmp_path, (Rule("loss", above=1),))
    assert not any(after(made, step, "teacher", loss=9).should_training_stop for step in range(1, 20))


def test_it_saves_at_the_first_step_and_now_and_then(tmp_path):
    made = Board(tmp_path)
    assert [step for step in range(1, 31) if after(made, step, length=50).should_save] == [1, 10, 20, 30]


def test_a_run_that_goes_on_forgets_what_will_come_again(tmp_path):
    first = Board(tmp_path)
    for step in range(1, 14):
        after(first, step, length=step)
    again = Board(tmp_path)
    again.on_train_begin(ARGS, TrainerState(global_step=10), TrainerControl())
    assert again.rows == first.rows[:10]
    anew = Board(tmp_path)
    anew.on_train_begin(ARGS, TrainerState(global_step=0), TrainerControl())
    assert anew.rows == []


def test_where_there_is_no_board_it_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no board"):
        board.read(tmp_path)
    disk.write_whole(tmp_path / board.BOARD, json.dumps({"steps": []}))
    assert board.read(tmp_path) == {"steps": []}


def test_the_exercise_s_step_is_the_one_at_which_a_training_stops():
    values = [1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert [stops_at(values, share) for share in (0.9, 0.6, 0.5, 0.05)] == [6, 8, 8, None]
