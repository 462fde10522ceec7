"""Tokens that stand for the same bytes: the one that a tokenizer writes counts, whatever the order of their numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_alignment import MINI, check_pairs, pairs_of
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from helpers import alignment
from helpers.alignment import same_bytes
from helpers.losses.cross_tokenizer import across
from helpers.methods.cross_tokenizer import sides_of

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LETTERS = [chr(code) for code in range(ord(" ") + 1, 127)]


def wrapped(backend: Tokenizer, **more):
    """With the mini student's template, whose turns end in `<end_of_turn>`."""
    template = AutoTokenizer.from_pretrained(MINI / "student").chat_template
    named = {"bos_token": "<bos>", "eos_token": "<end_of_turn>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, chat_template=template, **named, **more)


def like_gemma(normalizer=None):
    """SentencePiece-style with byte fallback; as in Gemma 3, "\\n" comes before the byte tokens, "\\t" and "A" behind.

    normalizer: what happens to a text first.
    """
    tokens = ["<pad>", "<bos>", "<start_of_turn>", "\n", "\n\n", *BYTES, "\t", "▁", "▁a", *LETTERS]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    backend = Tokenizer(models.BPE(vocabulary, [("\n", "\n"), ("▁", "a")], byte_fallback=True))
    backend.normalizer = normalizers.Sequence([*([normalizer] if normalizer else []), normalizers.Replace(" ", "▁")])
    spaces = decoders.Replace("▁", " ")
    backend.decoder = decoders.Sequence([spaces, decoders.ByteFallback(), decoders.Fuse()])
    backend.add_special_tokens(["<pad>", "<bos>", "<start_of_turn>", "<end_of_turn>"])
    return wrapped(backend)


def like_gpt():
    """Byte-level, with a run of spaces that was added and is written before the one that is in the vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["  ", "<pad>", "<bos>", "<start_of_turn>", *alphabet, "ĠĠ"]
    backend = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, [("Ġ", "Ġ")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<pad>", "<bos>", "<start_of_turn>", "<end_of_turn>"])
    backend.add_tokens([AddedToken("  ", normalized=False)])
    return wrapped(backend)


def ids_of(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


@pytest.fixture(scope="module")
def gemma():
    return like_gemma()


@pytest.fixture(scope="module")
def gpt():
    return like_gpt()


def number(tokenizer, token: str) -> int:
    return tokenizer.get_vocab()[token]


def test_the_examples_are_what_they_should_be(gemma, gpt):
    """Two tokens for the same bytes, the one that is written before the other one and behind it."""
    assert number(gemma, "\n") < number(gemma, "<0x0A>") and number(gemma, "\t") > number(gemma, "<0x09>")
    assert [gemma.convert_ids_to_tokens(ids_of(gemma, text)) for text in ("\n", "\t", "é")] == [
        ["\n"], ["\t"], ["<0xC3>", "<0xA9>"]
    ]  # fmt: skip
    assert number(gpt, "  ") < number(gpt, "ĠĠ") and gpt.convert_ids_to_tokens(ids_of(gpt, "a  b"))[1] == "  "


def test_what_is_written_counts(gemma, gpt):
    known = alignment.surfaces(gemma)
    for text in ("\n", "\t", *LETTERS):
        assert known.written[text.encode()] == number(gemma, text) and len(known.written) == 3 + len(LETTERS)
    assert known.written[b" "] == number(gemma, "▁")
    assert alignment.surfaces(gpt).written == {b"  ": number(gpt, "  ")}


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_both_sides_are_asked(gemma, gpt, role):
    sides = (gemma, gpt) if role == "teacher" else (gpt, gemma)
    shared = alignment.shared_vocabulary(*map(alignment.surfaces, sides))
    partner = dict(zip(shared.teacher, shared.student, strict=True))
    for text in ("\n", "\t", "A", " "):
        ((ours,), (theirs,)) = (ids_of(tokenizer, text) for tokenizer in sides)
        assert partner[ours] == theirs
    assert len(shared.teacher) == len(set(shared.teacher)) == len(set(shared.student))


def test_a_run_of_spaces_that_was_added_is_the_shared_one(gpt):
    student = AutoTokenizer.from_pretrained(MINI / "student")
    known = alignment.surfaces(student)
    known[number(student, "▁a")] = b"  "  # as Gemma has one
    shared = alignment.shared_vocabulary(alignment.surfaces(gpt), known)
    assert (number(gpt, "  "), number(student, "▁a")) in set(zip(shared.teacher, shared.student, strict=True))


def test_a_byte_token_is_used_only_in_need():
    """Here no text has a line break, so neither of the two is ever written."""
    made = like_gemma(normalizer=normalizers.Replace("\n", " "))
    assert not {number(made, "\n"), number(made, "<0x0A>")} & set(ids_of(made, "\n a\nb"))
    assert alignment.surfaces(made).written[b"\n"] == number(made, "\n")


def test_a_list_that_cannot_say_it_is_refused():
    assert same_bytes.one_each([b"a", b"", b"b", b""]) == {b"a": 0, b"b": 2}
    with pytest.raises(ValueError, match=r"tokens \[0, 2\] all stand for b'a'.*alignment.surfaces"):
        same_bytes.one_each([b"a", b"b", b"a"])


def test_a_surface_that_was_renamed_is_no_twin_any_more(gemma):
    known = alignment.surfaces(gemma)
    known[number(gemma, "\n")] = b"\xff end"
    found = same_bytes.one_each(known)
    assert (found[b"\xff end"], found[b"\n"]) == (number(gemma, "\n"), number(gemma, "<0x0A>"))


# --- what follows from it -----------------------------------------------------------------------

TEXTS = st.text(st.sampled_from("aA\n\t\r  é1✓"), max_size=30)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_where_both_write_one_token_these_are_a_pair(gemma, gpt, text):
    for teacher, student in ((gemma, gpt), (gpt, gemma)):
        known = alignment.surfaces(teacher), alignment.surfaces(student)
        check_pairs((teacher, known[0]), (student, known[1]), text, pairs_of(*known))


def sure(ids: list[int], vocabulary: int) -> torch.Tensor:
    """(tokens, vocabulary), logits of a model that holds just these tokens for likely."""
    return torch.zeros(len(ids), vocabulary, dtype=torch.float64).scatter_(1, torch.tensor(ids)[:, None], 40.0)


def test_a_student_learns_the_line_break_that_it_writes(gemma):
    teacher = AutoTokenizer.from_pretrained(MINI / "teacher")
    both = sides_of(teacher, gemma)
    given, ours = (ids_of(tokenizer, "a\nA") for tokenizer in (teacher, gemma))
    chunks = alignment.align([both.surfaces[0][i] for i in given], [both.surfaces[1][i] for i in ours])
    at, right, byte = 1, number(gemma, "\n"), number(gemma, "<0x0A>")
    assert chunks.one_to_one == [True] * 3 and ours[at] == right

    def loss(ids):
        logits = sure(ids, len(gemma)).requires_grad_()
        given_ids = torch.tensor(given)
        each = across(logits, torch.tensor(ours), sure(given, len(teacher)), given_ids, chunks, both.shared)
        (gradient,) = torch.autograd.grad(each[at], logits)
        return each[at].item(), gradient[at]

    assert loss(ours)[0] < 1e-6
    wrong, gradient = loss([ours[0], byte, ours[2]])
    assert wrong > 20
    assert gradient[right] == pytest.approx(-1, abs=1e-6) and gradient[byte] > 0.9
