"""A tokenizer in the terms of a GGUF file: tokens, how they are put together, ends, the chat template."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from helpers.alignment import SPACE
from helpers.alignment.same_bytes import BYTE
from helpers.models.chat import end_of_turn
from helpers.models.kinds import Tokenizer

# How a text is cut before its bytes are put together, and what llama.cpp calls it: Qwen 2, 2.5 and 3.
QWEN_CUTS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Tokens that their owners did not mark as special, and that llama.cpp's own converter takes for such.
SEEMS_SPECIAL = re.compile(r"<\|.*\|>|<unused\d+>|<pad>|<mask>")
OUTSIDE = -1000.0  # the score of a token that no merge makes: llama.cpp's own converter gives it too
# `{% generation %}` marks an answer for transformers' masks; other programs that read templates do not know it.
MARK = re.compile(r"\{%(-?)\s*(end)?generation\s*(-?)%\}")


@dataclass(frozen=True)
class Vocabulary:
    """What a GGUF file says of a tokenizer.

    Attributes:
        model: how tokens are put together, as llama.cpp names it: "gpt2", bytes by merges; "llama", text by scores;
            "gemma4", text by merges.
        pre: how a text is cut before that, as llama.cpp names it.
        tokens: [rows], what each token is called, as long as the model's embedding.
        types: [rows], numbers of `gguf.TokenType`.
        special: ids by what they are for: "bos", "eos", "eot", "pad", "unk".
        template: the chat template.
        add_bos: whether a text gets a beginning of its own.
        merges: [merges], pairs of tokens, joined by a space; none for "llama".
        scores: [rows], for "llama"; a higher one is put together first.
    """

    model: str
    pre: str
    tokens: list[str]
    types: list[int]
    special: Mapping[str, int]
    template: str
    add_bos: bool
    merges: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def vocabulary(tokenizer: Tokenizer, rows: int) -> Vocabulary:
    """The tokenizer as a GGUF file holds it.

    Args:
        tokenizer: of the Qwen family, whose tokens are bytes, or of the Gemma family, whose tokens are text.
        rows: of the model's embedding. Rows without a token get a name that no text has; a token without a row, such as
            the one that Gemma 3 has for images, is left out.

    Raises:
        ValueError: for a tokenizer of neither family, and for one without a chat template or without an end of turn.
    """
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    if told["model"]["type"] != "BPE":
        raise ValueError(f"the tokenizer is no BPE but {told['model']['type']}: GGUF is written for Qwen's and Gemma's")
    if not tokenizer.chat_template:
        raise ValueError("the tokenizer has no chat template, so nobody would know how to ask the model: set one")
    named = {number: token for token, number in tokenizer.get_vocab().items() if number < rows}
    added = tokenizer.added_tokens_decoder
    of_bytes = '"ByteLevel"' in json.dumps(told["decoder"])
    types = [_type(named.get(i), added.get(i)) for i in range(rows)]
    tokens = [_name(i, named.get(i), added.get(i), of_bytes) for i in range(rows)]
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in told["model"]["merges"]]
    ids = {
        "bos": tokenizer.bos_token_id, "eos": end_of_turn(tokenizer), "eot": end_of_turn(tokenizer),
        "pad": tokenizer.pad_token_id, "unk": tokenizer.unk_token_id,
    }  # fmt: skip
    shared = {
        "tokens": tokens, "types": types, "special": {name: i for name, i in ids.items() if i is not None and i < rows},
        "template": plain_template(tokenizer.chat_template), "add_bos": _adds_bos(tokenizer),
    }  # fmt: skip
    if of_bytes:
        return Vocabulary("gpt2", _cuts(told["pre_tokenizer"]), merges=_joined(merges), **shared)
    known = set(told["model"]["vocab"]) - {each.content for each in added.values()}
    return Vocabulary(**shared, **_of_text(known, merges, tokens))


def plain_template(template: str) -> str:
    """A chat template without transformers' own marks of an answer. It writes the same, letter for letter."""
    return MARK.sub(lambda mark: f"{{%{mark[1]} {'endif' if mark[2] else 'if true'} {mark[3]}%}}", template)


def _of_text(known: set[str], merges: Sequence[tuple[str, str]], tokens: Sequence[str]) -> dict:
    """How Gemma's tokens are put together. known: without the added ones, which a text is searched for beforehand.

    By scores, as SentencePiece does and as Gemma 3's files have it, any two tokens meet that make a third. That is the
    same as by merges only where each such pair is a merge and all pairs of a token come one after the other.
    """
    first: dict[str, int] = {}
    for rank, pair in enumerate(merges):
        first.setdefault("".join(pair), rank)
    order = [first[token] for token in map("".join, merges) if token in known]
    pairs = set(merges)
    complete = all(
        (token[:cut], token[cut:]) in pairs or not (token[:cut] in known and token[cut:] in known)
        for token in known
        if not BYTE.fullmatch(token)
        for cut in range(1, len(token))
    )
    if not complete or order != sorted(order):
        return {"model": "gemma4", "pre": "gemma4", "merges": _joined(merges)}
    scores = [-float(first[token]) if token in first and token in known else OUTSIDE for token in tokens]
    return {"model": "llama", "pre": "default", "scores": scores}


def _cuts(told: Mapping | None) -> str:
    """llama.cpp's name for how a byte-level tokenizer cuts a text."""
    parts = (told or {}).get("pretokenizers", [told])
    cuts = [part["pattern"].get("Regex") for part in parts if part and part["type"] == "Split"]
    if cuts == [QWEN_CUTS]:
        return "qwen2"
    if not cuts and any(part and part["type"] == "ByteLevel" and part["use_regex"] for part in parts):
        return "gpt-2"
    raise ValueError(
        f"the tokenizer cuts a text by {cuts}, and it is not known what llama.cpp calls that: it is none of Qwen's. "
        "Keep the merged model, which transformers reads, or convert it with llama.cpp's own convert_hf_to_gguf.py"
    )


def _adds_bos(tokenizer: Tokenizer) -> bool:
    """Whether the tokenizer puts a beginning before each text."""
    bos = tokenizer.bos_token_id
    return bos is not None and tokenizer("a").input_ids[:1] == [bos]


def _type(token: str | None, added) -> int:
    from gguf import TokenType  # only who writes a GGUF file needs the package

    if token is None:
        return TokenType.UNUSED
    if added is not None:
        return TokenType.CONTROL if added.special or SEEMS_SPECIAL.fullmatch(token) else TokenType.USER_DEFINED
    return TokenType.BYTE if BYTE.fullmatch(token) else TokenType.NORMAL


def _name(i: int, token: str | None, added, of_bytes: bool) -> str:
    if token is None:
        return f"[PAD{i}]"
    # A text is searched for added tokens before a space becomes `▁`.
    return token.replace(SPACE, " ") if added is not None and not added.special and not of_bytes else token


def _joined(merges: Sequence[tuple[str, str]]) -> list[str]:
    """Merges as GGUF has them, a space between the two; one inside of a token is written as byte-level BPE does."""
    return [" ".join(part.replace(" ", "Ġ") for part in pair) for pair in merges]
