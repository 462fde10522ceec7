"""tests/kills.py: who is waited for, and that nothing is waited for without end."""

import signal
import time

import kills
import pytest
from kills import ended, forked, killed, until
from tqdm.auto import tqdm


def test_another_child_that_nobody_has_asked_for_its_end_is_not_taken_for_the_one():
    gone, stays = forked(lambda: None), forked(lambda: time.sleep(60))
    until(lambda: kills.has_ended(gone))
    begun = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kills, "PATIENCE", 0.2)
        with pytest.raises(TimeoutError, match=r"not so after 0\.2 seconds"):
            until(lambda: False, stays)
    assert time.monotonic() - begun >= 0.2
    until(lambda: False, stays, gone)  # one of them has ended
    killed(stays)
    assert ended(gone) == 0


def test_one_that_waits_for_what_never_comes_is_ended_by_the_system(monkeypatch):
    monkeypatch.setattr(kills, "PATIENCE", 1)
    assert ended(forked(lambda: time.sleep(60))) == -signal.SIGALRM


def test_a_fork_that_is_killed_with_the_lock_of_bars_keeps_nobody_waiting(tmp_path):
    """tqdm's lock is one for a process and its forks: what was killed with it would hold it for ever."""
    tqdm(total=1, disable=True).close()  # which makes it
    (shared, _) = tqdm.get_lock().locks

    def hold():
        with tqdm.get_lock():
            (tmp_path / "held").touch()
            time.sleep(60)

    holder = forked(hold)
    until((tmp_path / "held").exists, holder)
    killed(holder)
    assert shared.acquire(timeout=5), "the next bar in this process would never begin"
    shared.release()
