"""helpers.generation.spending: no answer is asked for that could go above the ceiling, however many ask at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.generation import spending
from helpers.generation.spending import CeilingReached, Limits, Purse, Spent


@pytest.fixture(autouse=True)
def no_ceiling_named(monkeypatch):
    monkeypatch.delenv(spending.MOST, raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0), ("concurrency", 1.5), ("concurrency", True), ("attempts", 0), ("most_tokens", -1),
        ("timeout", 0), ("timeout", float("inf")), ("timeout", None), ("patience", -1), ("most_money", "1"),
        ("price_in", -0.1), ("price_out", float("nan")),
    ],
)  # fmt: skip
def test_a_limit_that_is_none_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} is "):
        Limits(**{name: value})


def test_the_environment_may_name_the_ceiling(monkeypatch):
    assert Limits().most_tokens == 1_000_000
    monkeypatch.setenv(spending.MOST, "2_500")
    assert Limits().most_tokens == 2_500 and Limits(most_tokens=7).most_tokens == 7
    monkeypatch.setenv(spending.MOST, "many")
    with pytest.raises(ValueError, match="MOST_TOKENS is 'many'"):
        Limits()


def test_what_tokens_cost():
    with pytest.raises(ValueError, match="most_money needs price_in and price_out"):
        Limits(most_money=1, price_in=1)
    limits = Limits(price_in=0.5, price_out=2.0)
    assert Spent(1_000_000, 500_000).money(limits) == pytest.approx(1.5) and Spent(1, 1).money(Limits()) is None
    assert Spent(1_000_000, 500_000).told(limits) == "1,500,000 tokens, 1.5000 in money,"
    assert Spent(1_000, 1).told(Limits()) == "1,001 tokens"


MONEY = {"price_in": 1.0, "price_out": 1.0, "most_tokens": 10**9}


@pytest.mark.parametrize("limits", [Limits(most_tokens=1_000), Limits(most_money=0.001, **MONEY)])
def test_many_at_a_time_stay_below_the_ceiling(limits):
    """Each sets aside 100 and takes 60: the last that begins could still go to the ceiling, and not above it."""
    need, used, stop, seen = Spent(50, 50), Spent(30, 30), threading.Event(), []
    purse = Purse(limits, Spent(5, 0))

    def one(_):
        try:
            purse.take(need, stop)
        except CeilingReached:
            return False
        seen.append((purse.spent + purse.aside).tokens)
        purse.give(need, used)
        return True

    with ThreadPoolExecutor(8) as pool:
        served = sum(pool.map(one, range(40)))
    assert max(seen) <= 1_000 and not purse.aside.tokens
    assert purse.spent.tokens == 5 + 60 * served and purse.spent.tokens + need.tokens > 1_000, "and none sooner"


def test_who_stops_waits_no_longer():
    purse, stop = Purse(Limits(most_tokens=100), Spent()), threading.Event()
    assert purse.take(Spent(0, 80), stop)
    threading.Timer(0.1, stop.set).start()
    assert not purse.take(Spent(0, 80), stop)


def test_the_sentence_says_what_is_spent_and_what_to_do():
    need, spent = Spent(100, 50), Spent(500, 400)
    told = rf"the ceiling is 1,000 tokens: 900 tokens are spent, .* may take 150 tokens.*is kept.*{spending.MOST}"
    with pytest.raises(CeilingReached, match=told):
        Purse(Limits(most_tokens=1_000), spent).take(need, threading.Event())
    with pytest.raises(CeilingReached, match=r"or 0\.001 in money"):
        Purse(Limits(most_money=0.001, **MONEY), spent).take(need, threading.Event())
    assert Purse(Limits(most_tokens=1_050), spent).take(need, threading.Event())
