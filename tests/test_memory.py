"""helpers.memory on this machine: what a block costs, and what comes back, also after an exception."""

import gc
import sys
import time
import types

import numpy as np
import pytest
import torch

from helpers import memory

BIG = 200  # MB


def allocate(megabytes: int = BIG) -> torch.Tensor:
    return torch.ones(megabytes * memory.MB // 4)  # ones: pages that are never written take no memory


@pytest.fixture(autouse=True, scope="module")
def short_collections():
    """Each test collects garbage many times; what was there before the tests need not be looked through again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def quiet_start():
    memory.give_back()


@pytest.fixture(params=["exact", "sampled"])
def peak_kept(request, monkeypatch):
    """Both ways to know a peak: the system's high-water mark, and the thread that watches where there is none."""
    if request.param == "sampled":
        monkeypatch.setattr(memory, "_reset_peak", lambda: False)
    elif not memory._reset_peak():
        pytest.skip("this system cannot reset its high-water mark")


def test_current_follows_an_allocation():
    before = memory.current()
    kept = allocate()
    assert memory.current() - before == pytest.approx(BIG, abs=20)
    del kept


def test_track_sees_a_peak_that_is_gone_at_the_end(peak_kept):
    with memory.track("allocation") as cost:
        kept = allocate()
        time.sleep(0.1)
        del kept
    assert cost.peak - cost.before == pytest.approx(BIG, abs=30)
    assert cost.after - cost.before < 30


def test_track_does_not_carry_an_earlier_peak_on(peak_kept):
    with memory.track("large"):
        kept = allocate()
        time.sleep(0.1)
        del kept
    with memory.track("small") as cost:
        pass
    assert cost.peak - cost.before < 30


def test_a_block_inside_a_block_hides_nothing_from_the_outer_one(peak_kept):
    with memory.track("outer") as outer:
        kept = allocate()
        time.sleep(0.1)
        del kept
        with memory.track("inner") as inner:
            pass
    assert outer.peak - outer.before == pytest.approx(BIG, abs=30)
    assert inner.peak - inner.before < 30


def test_the_outer_block_has_the_peak_of_each_inner_one(peak_kept):
    with memory.track("outer") as outer:
        with memory.track("first"):
            kept = allocate()
            time.sleep(0.1)
            del kept
        with memory.track("second"):
            pass
    assert outer.peak - outer.before == pytest.approx(BIG, abs=30)


def test_track_measures_time_and_prints_one_line(capsys):
    with memory.track("nap") as cost:
        time.sleep(0.2)
    assert 0.2 <= cost.seconds < 10
    (line,) = capsys.readouterr().out.splitlines()
    assert line == str(cost) and line.startswith("nap: ")


def test_track_lets_an_exception_through_and_is_complete_after_it(capsys):
    with pytest.raises(ZeroDivisionError), memory.track("fails") as cost:
        raise ZeroDivisionError
    assert cost.seconds >= 0 and cost.after > 0
    assert "fails" in capsys.readouterr().out
    assert not memory._open_costs


def test_peak_is_at_least_what_is_in_use():
    with memory.track("look"):
        kept = allocate(50)
        assert memory.peak() >= memory.current() - 5
        del kept


# --- free ---------------------------------------------------------------------------------------


def fail_with_a_tensor() -> None:
    big = allocate()
    raise ValueError(f"out of memory after {big.numel()}")


def keep_as_the_interpreter_does(error: BaseException) -> None:
    """What Python does with an exception that nothing caught in an interactive session."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__


def test_free_gives_back_what_a_traceback_holds(capsys):
    before = memory.current()
    try:
        fail_with_a_tensor()
    except ValueError as error:
        keep_as_the_interpreter_does(error)
    gc.collect()
    assert memory.current() - before > BIG - 30, "the traceback should hold the tensor, or this test shows nothing"
    memory.free()
    assert memory.current() - before < 30
    assert not hasattr(sys, "last_traceback")
    assert capsys.readouterr().out.startswith("in use now: ")


def test_free_gives_back_what_the_cause_of_an_exception_holds():
    before = memory.current()
    try:
        try:
            fail_with_a_tensor()
        except ValueError as error:
            raise RuntimeError("training failed") from error
    except RuntimeError as error:
        keep_as_the_interpreter_does(error)
        kept = error  # something else names the exception too, as a notebook's `except ... as` may
    memory.free()
    assert memory.current() - before < 30
    assert isinstance(kept.__cause__, ValueError)


def test_free_works_while_the_exception_is_being_handled():
    before = memory.current()
    try:
        fail_with_a_tensor()
    except ValueError:
        memory.free()
        assert memory.current() - before < 30


def test_free_gives_back_what_ipython_keeps(monkeypatch):
    """IPython keeps the last error in its traceback formatter, and variables and outputs in its namespaces."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.user_ns["allocate"], shell.user_ns["fail"] = allocate, fail_with_a_tensor
    try:
        before = memory.current()
        shell.run_cell("model = allocate()")
        shell.run_cell("model", store_history=True)  # displayed: IPython keeps it in _ and Out too
        assert not shell.run_cell("fail()").success
        assert memory.current() - before > 2 * BIG - 30, "IPython should hold both tensors, or this shows nothing"
        memory.free("model")
        assert "model" not in shell.user_ns
        assert memory.current() - before < 30
        memory.free("model")  # a cell can be run twice
    finally:
        InteractiveShell.clear_instance()


def test_free_deletes_variables_of_a_script(monkeypatch):
    main = types.ModuleType("__main__")
    main.model, main.other = np.ones(10), 1
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(memory, "_shell", lambda: None)
    memory.free("model", "not there")
    assert not hasattr(main, "model") and main.other == 1


def test_a_process_of_its_own_gives_what_it_made_and_holds_nothing_of_this_one(capsys):
    kept = allocate()
    found, cost = memory.alone(len, [1, 2, 3])
    assert found == 3 and cost.before < memory.current() - BIG / 2
    assert cost.label == "len" and cost.seconds >= 0 and cost.peak >= cost.before
    assert capsys.readouterr() == ("", "")
    del kept
