"""Which seeds every library takes."""

from numbers import Integral


def check_seed(seed: int, most: int = 2**32 - 1) -> None:
    """Looks whether a seed is a whole number from 0 to `most`: the largest that every library takes.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed <= most:
        raise ValueError(f"the seed is {seed!r}: take a whole number from 0 to {most:,}, such as SEED = 0")
