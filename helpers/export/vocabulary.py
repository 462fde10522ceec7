"""A tokenizer in the terms of a GGUF file: tokens, how they are put together, ends, the chat template."""

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path

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


def add_tokenizer(writer, folder: Path, tokenizer: Tokenizer, rows: int) -> None:
    """Writes a tokenizer of the Qwen family, whose tokens are bytes, or of the Gemma family, whose tokens are text.

    Args:
        writer: a `gguf.GGUFWriter`.
        folder: where the tokenizer was saved.
        tokenizer: what was saved there.
        rows: of the model's embedding. Rows without a token get a name that no text has; a token without a row, such as
            the one that Gemma 3 has for images, is left out.

    Raises:
        ValueError: for a tokenizer of neither family, and for one without a chat template or without an end of turn.
    """
    import gguf  # only who writes a GGUF file needs the package

    told = json.loads(tokenizer.backend_tokenizer.to_str())
    if told["model"]["type"] != "BPE":
        raise ValueError(f"the tokenizer is no BPE but {told['model']['type']}: GGUF is written for Qwen's and Gemma's")
    if not tokenizer.chat_template:
        raise ValueError("the tokenizer has no chat template, so nobody would know how to ask the model: set one")
    of_bytes = '"ByteLevel"' in json.dumps(told["decoder"])
    named = {number: token for token, number in tokenizer.get_vocab().items() if number < rows}
    added = tokenizer.added_tokens_decoder
    tokens = [_name(i, named.get(i), added.get(i), of_bytes) for i in range(rows)]
    scores = None if of_bytes else _scores(told["model"], {each.content for each in added.values()}, tokens)
    model, pre = ("gpt2", _cuts(told["pre_tokenizer"])) if of_bytes else ("llama", "default")
    if not of_bytes and scores is None:
        model = pre = "gemma4"
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([_type(named.get(i), added.get(i)) for i in range(rows)])
    if scores:
        writer.add_token_scores(scores)
    writer.add_add_space_prefix(False)
    logging.getLogger("gguf.vocab").setLevel(logging.ERROR)  # it warns of how two texts are joined, which no chat does
    special = gguf.SpecialVocab(folder, not scores, ("bos", "eos", "unk", "pad"), rows)
    special.special_token_ids |= dict.fromkeys(("eos", "eot"), end_of_turn(tokenizer))
    bos = tokenizer.bos_token_id
    special.add_special_token = {"bos": bos is not None and tokenizer("a").input_ids[:1] == [bos], "eos": False}
    special.chat_template = plain_template(tokenizer.chat_template)
    special.add_to_gguf(writer, quiet=True)


def plain_template(template: str) -> str:
    """A chat template without transformers' own marks of an answer. It writes the same, letter for letter."""
    return MARK.sub(lambda mark: f"{{%{mark[1]} {'endif' if mark[2] else 'if true'} {mark[3]}%}}", template)


def _scores(told: dict, added: set[str], tokens: Sequence[str]) -> list[float] | None:
    """How Gemma's tokens are put together, as scores; None where merges must say it.

    By scores, as SentencePiece does and as Gemma 3's files have it, any two tokens meet that make a third. That is the
    same as by merges only where each such pair is a merge and all pairs of a token come one after the other. A text is
    searched for the added tokens beforehand.
    """
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in told["merges"]]
    known, pairs, first = set(told["vocab"]) - added, set(merges), {}
    for rank, pair in enumerate(merges):
        first.setdefault("".join(pair), rank)
    order = [first[token] for token in map("".join, merges) if token in known]
    complete = all(
        (token[:cut], token[cut:]) in pairs or not (token[:cut] in known and token[cut:] in known)
        for token in known
        if not BYTE.fullmatch(token)
        for cut in range(1, len(token))
    )
    if not complete or order != sorted(order):
        return None
    return [-float(first[token]) if token in first and token in known else OUTSIDE for token in tokens]


def _cuts(told: dict | None) -> str:
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


def _type(token: str | None, added) -> int:
    from gguf import TokenType

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
