"""Tokens of one vocabulary that stand for the same bytes: which of them its tokenizer writes is asked, not guessed."""

import re
from collections import defaultdict
from collections.abc import Sequence

BYTE = re.compile("<0x[0-9A-F]{2}>")  # how SentencePiece writes a byte for which it has no other token


class Surfaces(list):
    """[vocabulary], the bytes that each token stands for, b"" for none.

    Attributes:
        written: for bytes that several tokens stand for, the one of them that their tokenizer writes.
    """

    def __init__(self, found: Sequence[bytes], tokenizer):
        super().__init__(found)
        several = {surface: ids for surface, ids in _alike(found).items() if len(ids) > 1}
        self.written = {surface: _written(tokenizer, surface, ids) for surface, ids in several.items()}


def one_each(surfaces: Sequence[bytes]) -> dict[bytes, int]:
    """The token that counts for each surface.

    Raises:
        ValueError: for a plain list in which two tokens stand for the same bytes: it cannot say which is written.
    """
    found, written = {}, getattr(surfaces, "written", {})
    for surface, ids in _alike(surfaces).items():
        found[surface] = ids[0] if len(ids) == 1 else written.get(surface)
        if found[surface] not in ids:
            raise ValueError(
                f"tokens {ids} all stand for {surface!r}, and a list does not say which of them is written: give what "
                "`alignment.surfaces` gives"
            )
    return found


def _alike(surfaces: Sequence[bytes]) -> dict[bytes, list[int]]:
    found = defaultdict(list)
    for i, surface in enumerate(surfaces):
        if surface:
            found[surface].append(i)
    return found


def _written(tokenizer, surface: bytes, ids: list[int]) -> int:
    """No order of the ids tells it: in Gemma 3, `A` comes behind `<0x41>`, but a line break before `<0x0A>`."""
    text = surface.decode(errors="ignore")
    for asked in (text, f"a{text}a"):
        for token in tokenizer(asked, add_special_tokens=False).input_ids:
            if token in ids:
                return token
    # None of them: part of a letter is no text that can be asked for. A byte token is written only in need.
    return max(ids, key=lambda i: (not BYTE.fullmatch(tokenizer.convert_ids_to_tokens(i)), i))
