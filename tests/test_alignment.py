"""Two tokenizations of one text: every byte in exactly one chunk of each side, whatever the text."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from helpers import alignment
from helpers.tiers import ROOT

MINI = ROOT / "data" / "mini"
ODD = [
    "Sarah has 62 crayons left.", "<think>\nOkay. 3 × 24 = 72.\n</think>\n\nDone.", "Émile's café", "e\u0301",
    "😀 👩‍👩‍👧", "中文 and العربية", "1234567", " ", "\n\n\t\r\n", "   three spaces", "▁ is no letter here",
]  # fmt: skip


@pytest.fixture(scope="module")
def mini():
    """Tokenizer and surfaces of the teacher and of the student."""
    tokenizers = {role: AutoTokenizer.from_pretrained(MINI / role) for role in ("teacher", "student")}
    return {role: (tokenizer, alignment.surfaces(tokenizer)) for role, tokenizer in tokenizers.items()}


def spelled(mini, role: str, text: str) -> list[bytes]:
    tokenizer, surfaces = mini[role]
    return [surfaces[token] for token in tokenizer(text, add_special_tokens=False).input_ids]


def check(found: alignment.Alignment, teacher: list[bytes], student: list[bytes]) -> None:
    """Chunk by chunk: both sides spell the same bytes, nothing is left out or used twice, no chunk could be cut."""
    whole = b"".join(teacher)
    begin, spelled_again = 0, b""
    for i, end in enumerate(found.ends):
        left = teacher[found.teacher[i] : found.teacher[i + 1]]
        right = student[found.student[i] : found.student[i + 1]]
        assert b"".join(left) == b"".join(right) == whole[begin:end] != b""
        inner = [{len(b"".join(side[:k])) for k in range(1, len(side))} for side in (left, right)]
        assert not (inner[0] & inner[1]) - {0, end - begin}
        begin, spelled_again = end, spelled_again + whole[begin:end]
    assert spelled_again == whole
    assert (found.teacher[-1], found.student[-1]) == (len(teacher), len(student))
    assert found.teacher[0] == found.student[0] == 0


def check_pairs(teacher: tuple, student: tuple, text: str, pairs: set[tuple[int, int]]) -> None:
    """Where both write one token, these two are a pair of the shared vocabulary. Each side: (tokenizer, surfaces)."""
    ids = [tokenizer(text, add_special_tokens=False).input_ids for tokenizer, _ in (teacher, student)]
    spelled = ([surfaces[i] for i in each] for each, (_, surfaces) in zip(ids, (teacher, student), strict=True))
    chunks = alignment.align(*spelled)
    met = zip(chunks.teacher, chunks.student, chunks.one_to_one, strict=False)
    assert {(ids[0][a], ids[1][b]) for a, b, one in met if one} <= pairs


def pairs_of(teacher: list[bytes], student: list[bytes]) -> set[tuple[int, int]]:
    found = alignment.shared_vocabulary(teacher, student)
    return set(zip(found.teacher, found.student, strict=True))


# --- surfaces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("role", ["teacher", "student"])
def test_surfaces_spell_the_text(mini, role, text):
    text = alignment.normalised(text)
    assert b"".join(spelled(mini, role, text)) == text.encode()


def test_both_ways_of_writing_a_token_are_read(mini):
    (teacher, left), (student, right) = mini["teacher"], mini["student"]
    assert left[teacher.get_vocab()["Ġthe"]] == right[student.get_vocab()["▁the"]] == b" the"
    assert right[student.get_vocab()["<0xE2>"]] == b"\xe2"
    assert left[teacher.convert_tokens_to_ids("<|im_end|>")] == b"<|im_end|>"


def test_runs_of_spaces_that_were_added_are_spaces(mini):
    """Gemma's tokenizer holds `▁▁` among the added tokens, which are else written as they are."""
    tokenizer, _ = mini["student"]
    added = SimpleNamespace(content="▁▁", special=False)
    special = SimpleNamespace(content="<end▁of▁turn>", special=True)
    other = SimpleNamespace(
        backend_tokenizer=tokenizer.backend_tokenizer,
        added_tokens_decoder={0: added, 1: special},
        get_vocab=lambda: {"▁▁": 0, "<end▁of▁turn>": 1, "▁a": 3},
    )
    assert alignment.surfaces(other) == [b"  ", "<end▁of▁turn>".encode(), b"", b" a"]


def test_a_byte_level_token_in_plain_letters_is_what_its_decoder_makes_of_it():
    """Command R's vocabulary has emoji among the tokens that are written byte by byte."""
    backend = Tokenizer(BPE({"Ġa": 0, "🧱": 1, "ðŁ": 2}, []))
    backend.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=backend)
    assert alignment.surfaces(made) == [b" a", "🧱".encode(), b"\xf0\x9f"]
    assert made.decode([0, 1]) == " a🧱"


def test_sentencepiece_is_known_by_its_decoder_alone():
    """Llama's tokenizers, as they are loaded today, have no normalizer that would tell of `▁`."""
    backend = Tokenizer(BPE({"▁a": 0, "<0xE2>": 1, "b": 2}, [], byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    assert alignment.surfaces(PreTrainedTokenizerFast(tokenizer_object=backend)) == [b" a", b"\xe2", b"b"]


def test_a_tokenizer_of_another_kind_is_refused():
    backend = SimpleNamespace(to_str=lambda: '{"decoder": {"type": "WordPiece"}, "normalizer": null}')
    with pytest.raises(ValueError, match="neither byte-level BPE nor SentencePiece"):
        alignment.surfaces(SimpleNamespace(backend_tokenizer=backend, added_tokens_decoder={}, get_vocab=dict))


# --- chunks -------------------------------------------------------------------------------------


def test_by_hand():
    found = alignment.align([b"<think>", b"\n", b"cat", b"s"], [b"<", b"think", b">", b"\nc", b"ats"])
    assert found.teacher == (0, 1, 4) and found.student == (0, 3, 5)
    assert found.ends == (7, 12) and found.one_to_one == [False, False]
    assert alignment.align([b"a", b"b"], [b"a", b"b"]).one_to_one == [True, True]


def test_texts_are_joined_and_taken_apart_again():
    texts = [
        ([b"<think>", b"\n", b"cat", b"s"], [b"<", b"think", b">", b"\nc", b"ats"]), ([b"a"], [b"a"]), ([], []),
        ([b"ab", b"c"], [b"a", b"bc"]),
    ]  # fmt: skip
    alone = [alignment.align(*sides) for sides in texts]
    whole = alignment.joined(alone)
    assert whole.teacher == (0, 1, 4, 5, 7) and whole.student == (0, 3, 5, 6, 8) and whole.ends == (7, 12, 13, 16)
    begin = 0
    for one in alone:
        assert whole.part(begin, begin + len(one)) == one
        begin += len(one)
    check(whole.part(1, 3), [b"\n", b"cat", b"s", b"a"], [b"\nc", b"ats", b"a"])
    assert alignment.joined([]) == alignment.align([], [])


def test_tokens_without_bytes_belong_somewhere():
    found = alignment.align([b"", b"a", b"", b"b", b""], [b"a", b"b"])
    assert found.teacher == (0, 2, 5) and found.student == (0, 1, 2) and len(found) == 2


def test_nothing_has_no_chunks():
    assert len(alignment.align([], [])) == 0


@pytest.mark.parametrize(
    ("student", "at"), [([b"ab", b"d"], 2), ([b"ab"], 2), ([b"abc", b"d"], 3)], ids=["other", "shorter", "longer"]
)
def test_different_texts_are_refused_where_they_part(student, at):
    with pytest.raises(ValueError, match=f"different texts from byte {at} on"):
        alignment.align([b"a", b"bc"], student)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_aligned(mini, text):
    text = alignment.normalised(text)
    teacher, student = (spelled(mini, role, text) for role in ("teacher", "student"))
    check(alignment.align(teacher, student), teacher, student)


# U+E000 to U+E002 are how the mini student's tokenizer writes the letter `▁`, which no real one can.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ue000\ue001\ue002"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_aligned(mini, text):
    text = alignment.normalised(text)
    teacher, student = (spelled(mini, role, text) for role in ("teacher", "student"))
    assert b"".join(teacher) == text.encode()
    check(alignment.align(teacher, student), teacher, student)
    check_pairs(mini["teacher"], mini["student"], text, pairs_of(mini["teacher"][1], mini["student"][1]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_any_two_ways_of_cutting_bytes_are_aligned(whole, left, right):
    def cut(places):
        edges = [0, *sorted(place for place in places if 0 < place < len(whole)), len(whole)]
        return [whole[a:b] for a, b in pairwise(edges) if b > a]

    teacher, student = cut(left), cut(right)
    check(alignment.align(teacher, student), teacher, student)


# --- vocabularies -------------------------------------------------------------------------------


def test_shared_vocabulary_by_hand():
    found = alignment.shared_vocabulary([b"a", b" the", b"", b"only"], [b"", b"x", b" the", b"a"])
    assert (found.teacher, found.student) == ((0, 1), (3, 2)) and found.coverage == pytest.approx(2 / 3)


def test_compared_by_surface_far_more_is_shared_than_by_spelling(mini):
    (teacher, left), (student, right) = mini["teacher"], mini["student"]
    found = alignment.shared_vocabulary(left, right)
    assert all(left[a] == right[b] for a, b in zip(found.teacher, found.student, strict=True))
    assert len(set(found.teacher)) == len(set(found.student)) == len(found.teacher)
    spelled_alike = len(set(teacher.get_vocab()) & set(student.get_vocab()))
    assert found.coverage > 0.85 and len(found.teacher) > 2 * spelled_alike
