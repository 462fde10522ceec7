"""The two kinds of tokenizer: any text comes back, digits stand alone, chats have the real families' form."""

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2.exceptions import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from data.making.demonstrations import demonstration
from data.making.tokenizers import VOCABULARY, gemma_kind, qwen_kind
from helpers.problems import draw

NAMES = ("teacher", "sibling", "student")
SPECIAL = {
    "teacher": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    "sibling": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    "student": ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
}
MESSAGES = [
    {"role": "user", "content": "Ben has 7 jars. How many?"},
    {"role": "assistant", "content": "There are 7 jars."},
    {"role": "user", "content": "And plums?\n\n* None."},
    {"role": "assistant", "content": "3 × 24 = 72.\n</think>\n\nThere are 72."},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "?"},
]


@pytest.fixture(scope="session")
def kinds() -> dict[str, PreTrainedTokenizerFast]:
    rng = random.Random(0)
    problems = draw("train", 340, seed=0, impossible=True)
    corpus = [problem.question for problem in problems] + [demonstration(problem, rng) for problem in problems]
    corpus += ["<think>\n"] * 5  # as the real corpus has them
    return {
        "teacher": qwen_kind(corpus, thinks=True),
        "sibling": qwen_kind(corpus, thinks=False),
        "student": gemma_kind(corpus),
    }


@pytest.fixture(params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture
def tokenizer(name, kinds) -> PreTrainedTokenizerFast:
    return kinds[name]


def ids_of(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


def pieces(tokenizer, text: str) -> list[str]:
    return tokenizer.convert_ids_to_tokens(ids_of(tokenizer, text))


# --- text ---------------------------------------------------------------------------------------

# Characters that one kind or the other uses for itself, and those that tokenizers like to lose.
HARD = st.sampled_from(
    "▁Ġ\ue000\ue001\ue002\ufffd\ufeff\u200d\u0301é日本😀👩\U000f0000 \u00a0\u2028\n\r\t\x00\x1f\x7f<>0x17²"
)
TEXT = st.text(st.one_of(HARD, st.characters(exclude_categories=["Cs"])), max_size=30)
MARKS = ("<0xE2>", "<0x96><0x81>", "<unk>", "<think>", "</think>", "<bos>", "<|im_end|>", "  ", "▁▁", " a")
WHOLE = st.lists(st.sampled_from(MARKS)).map("".join)


@settings(deadline=None, derandomize=True, max_examples=400)
@given(text=st.one_of(TEXT, WHOLE, st.tuples(TEXT, WHOLE, TEXT).map("".join)))
@example("  two spaces, ▁ and ▁▁, trailing  ")
@example("\ue000 \ue000\ue001 \ue000\ue002 \ue000▁ ▁\ue001")
@example("e\u0301 é \u1112\u1161\u11ab 한 ﬁ Å \u212b")  # what a normalizer would change
@example("👩\u200d👩\u200d👧 日本語 العربية")
@example("\r\n\n\n \t\x00\x01\x0b\x85\u2028")
@example("<0x41><0xFF> <unk> <bos> <think>")
def test_any_text_comes_back(kinds, text):
    for name in ("teacher", "student"):
        assert kinds[name].decode(ids_of(kinds[name], text)) == text, name
        assert all(0 <= i < len(kinds[name]) for i in ids_of(kinds[name], text))


def test_a_vocabulary_is_small_and_whole(name, tokenizer):
    assert 300 <= len(tokenizer) <= VOCABULARY <= 2000
    assert sorted(tokenizer.get_vocab().values()) == [*range(len(tokenizer))]


def test_digits_stand_alone(tokenizer):
    text = "7 boxes of 24 and $1234567890."
    assert [piece for piece in pieces(tokenizer, text) if re.search(r"\d", piece)] == list("7241234567890")
    longer = [token for token in tokenizer.get_vocab() if re.search("[0-9]", token) and len(token) > 1]
    assert [token for token in longer if not re.fullmatch(r"<0x[0-9A-F]{2}>", token)] == []
    assert set("0123456789") <= set(tokenizer.get_vocab())


def test_words_of_the_corpus_are_few_tokens(tokenizer):
    assert len(pieces(tokenizer, "How many crayons does Sarah have left?")) <= 12


def test_a_space_belongs_to_its_word(kinds):
    assert {"Ġthe", "Ġhas", "Ġmany"} <= set(pieces(kinds["teacher"], "How many has the box"))
    assert {"▁the", "▁has", "▁many"} <= set(pieces(kinds["student"], "How many has the box"))


def test_unknown_characters_become_bytes(kinds):
    assert pieces(kinds["student"], "日") == ["<0xE6>", "<0x97>", "<0xA5>"]
    assert pieces(kinds["teacher"], "日") == list("æĹ¥")
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= set(kinds["student"].get_vocab())
    assert not [token for token in kinds["teacher"].get_vocab() if token.startswith("<0x")]


def test_think_is_one_token_for_qwen_and_several_for_gemma(kinds):
    for mark in ("<think>", "</think>"):
        for name in ("teacher", "sibling"):
            assert pieces(kinds[name], f"a{mark}\nb").count(mark) == 1
        assert mark not in kinds["student"].get_vocab()
        assert 1 < len(pieces(kinds["student"], mark)) <= 4
    # A mark is text, which decoding for a reader must keep.
    for tokenizer in kinds.values():
        said = ids_of(tokenizer, f"<think>\n1</think>{tokenizer.eos_token}")
        assert tokenizer.decode(said, skip_special_tokens=True) == "<think>\n1</think>"


def test_ends(name, tokenizer):
    assert tokenizer.eos_token == {"student": "<end_of_turn>"}.get(name, "<|im_end|>")
    assert tokenizer.pad_token == {"student": "<pad>"}.get(name, "<|endoftext|>")
    assert tokenizer.bos_token == {"student": "<bos>"}.get(name)
    assert len({tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id}) == 3
    for token in SPECIAL[name]:
        assert pieces(tokenizer, f"a{token} b").count(token) == 1
        assert tokenizer.decode(ids_of(tokenizer, f"a{token} b"), skip_special_tokens=True) == "a b"


def test_a_batch_is_padded_on_the_left(tokenizer):
    batch = tokenizer(["1", "1 2 3"], padding=True, add_special_tokens=False)
    assert batch.input_ids[0][0] == tokenizer.pad_token_id
    assert batch.attention_mask[0] == [0] * (len(batch.input_ids[1]) - 1) + [1]


def test_a_saved_tokenizer_is_the_same(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "  Café ▁ \ue000 日本 <think>\n12 e\u0301 "
    assert ids_of(loaded, text) == ids_of(tokenizer, text)
    assert loaded(text).input_ids == tokenizer(text).input_ids
    assert loaded.decode(ids_of(loaded, text)) == text
    assert loaded.get_vocab() == tokenizer.get_vocab()
    assert (loaded.eos_token, loaded.pad_token, loaded.bos_token) == (
        tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token,
    )  # fmt: skip
    assert loaded.padding_side == "left"
    assert chat(loaded, MESSAGES) == chat(tokenizer, MESSAGES)


# --- chats --------------------------------------------------------------------------------------


def chat(tokenizer, messages, prompt: bool = False) -> str:
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)


def chat_ids(tokenizer, messages, prompt: bool = False) -> list[int]:
    return tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, return_dict=True)["input_ids"]


def test_the_form_of_a_chat(kinds):
    for name in ("teacher", "sibling"):
        assert chat(kinds[name], MESSAGES[:2]) == (
            "<|im_start|>user\nBen has 7 jars. How many?<|im_end|>\n"
            "<|im_start|>assistant\nThere are 7 jars.<|im_end|>\n"
        )
        system = {"role": "system", "content": "Be brief."}
        assert chat(kinds[name], [system, *MESSAGES]) == (
            "<|im_start|>system\nBe brief.<|im_end|>\n" + chat(kinds[name], MESSAGES)
        )
    assert chat(kinds["student"], MESSAGES[:2]) == (
        "<bos><start_of_turn>user\nBen has 7 jars. How many?<end_of_turn>\n"
        "<start_of_turn>model\nThere are 7 jars.<end_of_turn>\n"
    )


def test_gemma_trims_what_is_said(kinds):
    spaced = [{**message, "content": f" \n{message['content']}\n "} for message in MESSAGES]
    assert chat(kinds["student"], spaced) == chat(kinds["student"], MESSAGES)


OPENS = {
    "teacher": "<|im_start|>assistant\n<think>\n",
    "sibling": "<|im_start|>assistant\n",
    "student": "<start_of_turn>model\n",
}


@pytest.mark.parametrize("turns", [1, 3, 5])
def test_a_prompt_opens_the_answer(name, tokenizer, turns):
    assert chat(tokenizer, MESSAGES[:turns], prompt=True) == chat(tokenizer, MESSAGES[:turns]) + OPENS[name]


@pytest.mark.parametrize("turns", [1, 3, 5])
def test_what_is_generated_is_what_the_chat_goes_on_with(name, tokenizer, turns):
    """Prompt, answer and end of turn, token by token, are the beginning of the longer chat."""
    answer = MESSAGES[turns]["content"]
    said = [*MESSAGES[:turns], {"role": "assistant", "content": ("<think>\n" if name == "teacher" else "") + answer}]
    written = chat_ids(tokenizer, MESSAGES[:turns], prompt=True) + ids_of(tokenizer, answer + tokenizer.eos_token)
    whole = chat_ids(tokenizer, said)
    assert whole[: len(written)] == written
    assert tokenizer.decode(whole[len(written) :]) == "\n"


def test_earlier_turns_stay_as_they_were(tokenizer):
    whole = chat_ids(tokenizer, MESSAGES)
    for turns in range(1, len(MESSAGES)):
        shorter = chat_ids(tokenizer, MESSAGES[:turns])
        assert whole[: len(shorter)] == shorter
        assert chat(tokenizer, MESSAGES).startswith(chat(tokenizer, MESSAGES[:turns]))


def test_a_chat_rendered_and_then_tokenized_is_the_same(tokenizer):
    assert ids_of(tokenizer, chat(tokenizer, MESSAGES)) == chat_ids(tokenizer, MESSAGES)


@pytest.mark.parametrize("text", ["How many?", "", "<bos>", "  two spaces"])
def test_gemma_adds_a_beginning_of_its_own_accord_and_qwen_does_not(name, tokenizer, text):
    own = [tokenizer.bos_token_id] if name == "student" else []
    assert tokenizer(text).input_ids == own + ids_of(tokenizer, text)


@pytest.mark.parametrize("turns", [1, 2, 6])
def test_gemma_has_one_beginning(kinds, turns):
    student = kinds["student"]
    for prompt in (False, True):
        ids = chat_ids(student, MESSAGES[:turns], prompt)
        assert ids[0] == student.bos_token_id and ids.count(student.bos_token_id) == 1
        assert ids_of(student, chat(student, MESSAGES[:turns], prompt)) == ids
        assert student(chat(student, MESSAGES[:turns], prompt)).input_ids == [student.bos_token_id, *ids]


def test_gemma_refuses_a_system_role(kinds):
    with pytest.raises(TemplateError, match="no system role"):
        chat(kinds["student"], [{"role": "system", "content": "Be brief."}, *MESSAGES])


@pytest.mark.parametrize("turns", [2, 4, 6])
def test_the_mask_marks_each_answer_and_its_end(tokenizer, turns):
    found = tokenizer.apply_chat_template(MESSAGES[:turns], return_assistant_tokens_mask=True, return_dict=True)
    marked, run = [], []
    for token, mark in zip(found["input_ids"], found["assistant_masks"], strict=True):
        if mark:
            run.append(token)
        elif run:
            marked.append(run)
            run = []
    marked += [run] if run else []
    assert marked == [ids_of(tokenizer, message["content"] + tokenizer.eos_token) for message in MESSAGES[1:turns:2]]


def test_the_mask_is_empty_without_an_answer(tokenizer):
    found = tokenizer.apply_chat_template(
        MESSAGES[:1], add_generation_prompt=True, return_assistant_tokens_mask=True, return_dict=True
    )
    assert not any(found["assistant_masks"])
