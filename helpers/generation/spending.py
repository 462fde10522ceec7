"""How much a server may be asked: at once, again, and in all; and how much it has been."""

import math
import os
from dataclasses import dataclass, field
from numbers import Integral, Real
from threading import Condition, Event

MOST = "DISTILL_TEACHER_MOST_TOKENS"  # the environment variable that names the ceiling
USUAL = 1_000_000  # tokens: nobody is to pay for more without having said so


class CeilingReached(RuntimeError):
    """The next answer could go above what may be spent; all that was answered is kept."""


def _most_tokens() -> int:
    stated = os.environ.get(MOST, "").replace(",", "").replace("_", "") or str(USUAL)
    if not stated.isdecimal():
        raise ValueError(f"{MOST} is {os.environ[MOST]!r}: it must be a whole number of tokens, such as {USUAL}")
    return int(stated)


@dataclass(frozen=True)
class Limits:
    """What holds for every request to a server.

    Attributes:
        concurrency: how many answers are waited for at a time.
        attempts: how often a request is sent that fails for a reason that may pass.
        timeout: seconds that an answer may take.
        patience: seconds; a server that asks for a longer pause is not waited for.
        most_tokens: the ceiling of what is read and written in all, earlier runs included; without it, the one that
            DISTILL_TEACHER_MOST_TOKENS names, or a million.
        most_money: a ceiling in the currency of the prices.
        price_in: of a million tokens that the teacher reads.
        price_out: of a million that it writes.

    Raises:
        ValueError: naming the one that cannot be so.
    """

    concurrency: int = 8
    attempts: int = 8
    timeout: float = 600.0
    patience: float = 600.0
    most_tokens: int = field(default_factory=_most_tokens)
    most_money: float | None = None
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self):
        for name, value in vars(self).items():
            if value is None and name in ("most_money", "price_in", "price_out"):
                continue
            whole = name in ("concurrency", "attempts", "most_tokens")
            least = 1 if whole else 1e-3 if name == "timeout" else 0
            right = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
            if not right or not least <= value < math.inf:
                raise ValueError(f"{name} is {value!r}: it must be a {'whole ' * whole}number, {least:g} or more")
        if self.most_money is not None and None in (self.price_in, self.price_out):
            raise ValueError("most_money needs price_in and price_out, the prices of a million tokens")


@dataclass(frozen=True)
class Spent:
    """Tokens that a server counted: `read` in prompts, `written` in answers."""

    read: int = 0
    written: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.read + other.read, self.written + other.written)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.read - other.read, self.written - other.written)

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.read + self.written

    def money(self, limits: Limits) -> float | None:
        """What they cost; None without prices."""
        if None in (limits.price_in, limits.price_out):
            return None
        return (self.read * limits.price_in + self.written * limits.price_out) / 1e6

    def told(self, limits: Limits) -> str:
        """In words: "1,234 tokens", and the money where there are prices."""
        money = self.money(limits)
        return f"{self.tokens:,} tokens" + ("" if money is None else f", {money:,.4f} in money,")


class Purse:
    """What is spent, and what is set aside for the answers that are on their way: together never above the ceiling."""

    def __init__(self, limits: Limits, spent: Spent):
        self.limits, self.spent, self.aside = limits, spent, Spent()
        self._changed = Condition()

    def take(self, need: Spent, stop: Event) -> bool:
        """Sets aside what an answer may take at most, and waits for others to come where there is no room yet.

        Returns:
            Whether it is set aside; not where `stop` came first.

        Raises:
            CeilingReached: where there is no room and none will come.
        """
        most, dear = self.limits.most_tokens, self.limits.most_money
        with self._changed:
            while not stop.is_set():
                after = self.spent + self.aside + need
                if after.tokens <= most and (dear is None or after.money(self.limits) <= dear):
                    self.aside += need
                    return True
                if not self.aside.tokens:
                    ceiling = f"{most:,} tokens" + ("" if dear is None else f" or {dear:g} in money")
                    raise CeilingReached(
                        f"the ceiling is {ceiling}: {self.spent.told(self.limits)} are spent, and the next answer may "
                        f"take {need.told(self.limits)}. What was answered is kept: raise the ceiling (Limits, or "
                        f"{MOST}), and the same call goes on there"
                    )
                self._changed.wait(0.2)
        return False

    def give(self, need: Spent, used: Spent) -> None:
        """Puts back what was set aside for an answer, less what it took."""
        with self._changed:
            self.aside -= need
            self.spent += used
            self._changed.notify_all()
