"""Which blocks go, from losses in a table, right and as beginners get it: an exercise of notebook 12."""

from collections.abc import Mapping

from helpers.methods.selection import one_after_another


def goes(losses: Mapping[tuple[int, ...], float], blocks: int, many: int) -> list[int]:
    """The blocks that go one after another, each time the one without which the loss is lowest.

    Args:
        losses: the loss without some blocks, by their numbers from 1 on in rising order.
        blocks: how many there are.
        many: how many go.
    """
    found = one_after_another(blocks, blocks - many, lambda dropped: losses[tuple(sorted(dropped))])
    return [block for block, _ in found]


def _at_once(losses, blocks, many):
    return sorted(range(1, blocks + 1), key=lambda block: losses[(block,)])[:many]


def _most_missed(losses, blocks, many):
    return goes({dropped: -loss for dropped, loss in losses.items()}, blocks, many)


def _stay(losses, blocks, many):
    return [block for block in range(1, blocks + 1) if block not in goes(losses, blocks, many)]


def _last(losses, blocks, many):
    return list(range(blocks, blocks - many, -1))


def _from_zero(losses, blocks, many):
    return [block - 1 for block in goes(losses, blocks, many)]


# As beginners write it, and what is wrong: for `check.function`.
GOES_SLIPS = {
    _at_once: "measured once: without the first one the others are worth something else",
    _most_missed: "these are the ones that are missed most",
    _stay: "these are the blocks that stay",
    _last: "those are the last ones, whatever the losses say",
    _from_zero: "blocks are counted from 1",
}
