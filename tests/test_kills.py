"""tests/kills.py: who is waited for, and that nothing is waited for without end."""

import signal
import time

import kills
import pytest
from kills import ended, forked, killed, until


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
