"""Two tokenizations of one text: which tokens of the one stand where which tokens of the other do, byte by byte."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from helpers.alignment.same_bytes import BYTE, Surfaces, one_each

if TYPE_CHECKING:
    from torch import Tensor

SPACE = "▁"  # how SentencePiece writes a space


@dataclass(frozen=True)
class Alignment:
    """Chunks of a text that begin and end between tokens on both sides.

    Args:
        teacher: [chunks + 1], where the chunks begin in its tokens, and after the last where it ends: chunk i is tokens
            teacher[i] to teacher[i + 1] - 1.
        student: [chunks + 1], likewise in its tokens.
        ends: [chunks], the byte behind each chunk.
    """

    teacher: tuple[int, ...]
    student: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def one_to_one(self) -> list[bool]:
        """[chunks], whether a chunk is a single token on both sides."""
        sizes = zip(np.diff(self.teacher), np.diff(self.student), strict=True)
        return [bool(left == right == 1) for left, right in sizes]

    def part(self, begin: int, end: int) -> "Alignment":
        """Chunks begin to end - 1 as an alignment of their own, whose tokens and bytes are counted from 0 again."""
        cuts = [tuple(cut - side[begin] for cut in side[begin : end + 1]) for side in (self.teacher, self.student)]
        before = self.ends[begin - 1] if begin else 0
        return Alignment(*cuts, tuple(place - before for place in self.ends[begin:end]))


def surfaces(tokenizer) -> Surfaces:
    """[vocabulary], the bytes that each token stands for in a text.

    Byte-level BPE (Qwen, GPT-2) writes each byte as a letter, a space as `Ġ`; SentencePiece-style BPE (Gemma, Llama)
    writes text, a space as `▁`, and a byte that it has no token for as `<0xE2>`. Special tokens stand for their name.
    An entry without a token is b"".

    Raises:
        ValueError: for a tokenizer of neither kind.
    """
    kind = _kind(tokenizer)
    # Added tokens are written as they are; but Gemma adds its runs of spaces too, as `▁▁`.
    added = tokenizer.added_tokens_decoder.values()
    plain = {token.content for token in added if token.special or kind == "bytes"}
    vocabulary = tokenizer.get_vocab()
    found = [b""] * (max(vocabulary.values()) + 1)
    for token, number in vocabulary.items():
        found[number] = token.encode() if token in plain else _bytes_of(token, kind)
    return Surfaces(found, tokenizer)


def normalised(text: str) -> str:
    """The text as both families can spell it: do this first, for both sides.

    Qwen's tokenizers put every text into Unicode's form NFC. Gemma's cannot tell the letter `▁` from a space.
    """
    return unicodedata.normalize("NFC", text).replace(SPACE, " ")


def align(teacher: Sequence[bytes], student: Sequence[bytes]) -> Alignment:
    """The finest chunks on which two tokenizations of one text agree; every byte is in exactly one of them.

    Tokens without bytes go with what follows, at the end with what came before.

    Args:
        teacher: the surfaces of its tokens, one after the other.
        student: the surfaces of its tokens.

    Raises:
        ValueError: if the two do not spell the same text, and shows where they part.
    """
    left, right = b"".join(teacher), b"".join(student)
    if left != right:
        at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
        raise ValueError(
            f"the two tokenizations spell different texts from byte {at} on: teacher {_shown(left, at)}, student "
            f"{_shown(right, at)}. Tokenize one and the same text, `normalised` first, without special tokens"
        )
    if not left:
        return Alignment((0,), (0,), ())
    behind = [np.cumsum([len(surface) for surface in side]) for side in (teacher, student)]
    ends = np.intersect1d(*behind)
    ends = ends[ends > 0]
    # The first token that reaches the end: tokens without bytes behind it belong to the next chunk.
    cuts = [np.searchsorted(places, ends) + 1 for places in behind]
    for cut, side in zip(cuts, (teacher, student), strict=True):
        cut[-1] = len(side)
    return Alignment(*(tuple(map(int, (0, *cut))) for cut in cuts), tuple(map(int, ends)))


def joined(parts: Sequence[Alignment]) -> Alignment:
    """Texts one after the other, as a batch has them: the chunks of all, tokens and bytes counted on."""
    teacher, student, ends = [0], [0], [0]
    for each in parts:
        for whole, cuts in ((teacher, each.teacher[1:]), (student, each.student[1:]), (ends, each.ends)):
            before = whole[-1]
            whole += [before + cut for cut in cuts]
    return Alignment(tuple(teacher), tuple(student), tuple(ends[1:]))


@dataclass(frozen=True)
class SharedVocabulary:
    """Tokens that stand for the same bytes in both vocabularies, pair by pair.

    Args:
        teacher: [pairs], ids; `shared_vocabulary` gives a tuple, a trainer a tensor of it on its device.
        student: [pairs], likewise.
        coverage: the share of the teacher's different surfaces that the student has too.
    """

    teacher: "tuple[int, ...] | Tensor"
    student: "tuple[int, ...] | Tensor"
    coverage: float


def shared_vocabulary(teacher: Sequence[bytes], student: Sequence[bytes]) -> SharedVocabulary:
    """What two vocabularies have in common by surface, not by the way in which they write it.

    Where several tokens of one vocabulary stand for the same bytes (Gemma's `<0x41>` and `A`), the one that its
    tokenizer writes counts. The others are in no text that it has cut, so what a model holds of them is little, and no
    text taught it: they stay among the tokens that the other side has not. Compared as they are written, hardly a word
    would match: Qwen's `Ġthe` is Gemma's `▁the`.

    Args:
        teacher: what `surfaces` gives.
        student: what `surfaces` gives.

    Raises:
        ValueError: as `same_bytes.one_each`.
    """
    ours, theirs = one_each(teacher), one_each(student)
    both = sorted((number, theirs[surface]) for surface, number in ours.items() if surface in theirs)
    coverage = len(both) / len(ours) if ours else 0.0
    return SharedVocabulary(tuple(a for a, _ in both), tuple(b for _, b in both), coverage)


def _kind(tokenizer) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    told = json.loads(backend.to_str()) if backend is not None else {}
    decoder, normalizer = (json.dumps(told.get(part), ensure_ascii=False) for part in ("decoder", "normalizer"))
    if '"ByteLevel"' in decoder:
        return "bytes"
    if SPACE in decoder or SPACE in normalizer or '"Metaspace"' in decoder:
        return "sentencepiece"
    raise ValueError(
        f"{type(tokenizer).__name__} is neither byte-level BPE nor SentencePiece-style BPE with byte fallback, so what "
        "bytes its tokens stand for is not known: choose a model of the Qwen, Llama, GPT or Gemma families"
    )


def _bytes_of(token: str, kind: str) -> bytes:
    if kind == "bytes":
        # A few vocabularies hold tokens in plain letters too (Command R's emoji); so the decoder reads them.
        byte_of = _byte_letters()
        return bytes(byte_of[letter] for letter in token) if byte_of.keys() >= set(token) else token.encode()
    if BYTE.fullmatch(token):
        return bytes([int(token[3:5], 16)])
    return token.replace(SPACE, " ").encode()


@cache
def _byte_letters() -> dict[str, int]:
    """GPT-2's alphabet: a byte that is a visible Latin-1 letter is written as itself, the others from U+0100 on."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode  # not at the top: see helpers.models.loading

    return {letter: byte for byte, letter in bytes_to_unicode().items()}


def _shown(text: bytes, at: int) -> str:
    return repr(text[at : at + 20].decode(errors="backslashreplace"))
