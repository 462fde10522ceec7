"""Surfaces and chunks, right and as beginners get them: what the exercises of notebook 07 are held to."""

from collections.abc import Sequence
from itertools import pairwise

from helpers.alignment import SPACE, align
from helpers.alignment.same_bytes import BYTE


def surface(token: str) -> bytes:
    """The bytes that a token of the SentencePiece kind stands for, if it is no special token."""
    return bytes([int(token[3:5], 16)]) if BYTE.fullmatch(token) else _without_bytes(token)


def sizes(teacher: Sequence[bytes], student: Sequence[bytes]) -> list[tuple[int, int]]:
    """How many tokens of the teacher's and of the student's each chunk has.

    Args:
        teacher: the surfaces of its tokens.
        student: the surfaces of its tokens.

    Raises:
        ValueError: as `align`.
    """
    found = align(teacher, student)
    counted = ([end - begin for begin, end in pairwise(cuts)] for cuts in (found.teacher, found.student))
    return list(zip(*counted, strict=True))


def _without_bytes(token):
    return token.replace(SPACE, " ").encode()


def _by_position(teacher, student):
    return [(1, 1)] * min(len(teacher), len(student))


def _turned(teacher, student):
    return [pair[::-1] for pair in sizes(teacher, student)]


def _bytes_too(teacher, student):
    ends = [0, *align(teacher, student).ends]
    return [(b - a, b - a) for a, b in pairwise(ends)]


# As beginners write them, and what is wrong: for `check.function`.
SURFACE_SLIPS = {
    _without_bytes: "`<0xE2>` stands for one byte, not for six letters",
    lambda token: token.encode(): "the letter ▁ stands for a space",
    lambda token: token.replace(SPACE, "").encode(): "the space belongs to the token",
}
SIZES_SLIPS = {
    _by_position: "that goes by position; count the bytes",
    _turned: "the teacher comes first",
    _bytes_too: "count the tokens of a chunk, not its bytes",
    lambda teacher, student: [(len(teacher), len(student))]: "a chunk ends where both cuts meet, not with the text",
}
