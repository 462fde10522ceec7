"""Two tokenizations one above the other, and the box to type a text in."""

import pytest
from test_show import Reader
from transformers import AutoTokenizer

from helpers import alignment, show
from helpers.show.alignment_plot import TEXT, spell
from helpers.tiers import ROOT

LEFT, RIGHT = [b"a", b" <b>\n", b"\xe2\x82\xac"], [b"a", b" ", b"<b>", b"\n", b"\xe2", b"\x82\xac"]


@pytest.fixture(scope="module")
def tokenizers():
    return [AutoTokenizer.from_pretrained(ROOT / "data" / "mini" / role) for role in ("teacher", "student")]


def test_every_chunk_is_a_column():
    picture = show.spans(LEFT, RIGHT)
    body = picture.data.split("margin-top", 1)[1]
    assert body.count("inline-block") == 3 and body.count("<br>") == 3
    assert "teacher above: 3 tokens" in picture.data and "student below: 6 tokens" in picture.data
    assert "one token on both sides: 1" in picture.data and "several tokens: 2" in picture.data
    assert "<b>" not in picture.data and "&lt;b&gt;" in picture.data
    assert repr(picture).splitlines()[-2:] == [r"␣<b>⏎ = ␣|<b>|⏎", r"€ = \xe2|\x82\xac"]


def test_the_html_is_well_formed():
    assert "<b>⏎" in Reader(show.spans(LEFT, RIGHT).data).text
    assert "$␣x\\y" in Reader(show.spans([b"$ x\\y"], [b"$ x\\y"]).data).text


def test_different_texts_are_refused():
    with pytest.raises(ValueError, match="different texts"):
        show.spans([b"a"], [b"b"])


def test_the_box_draws_what_is_typed(tokenizers):
    box, picture = show.typed(*tokenizers).children
    assert box.value == TEXT and "inline-block" in picture.value
    for text in ("Seven.", "", "e\u0301 ▁ 😀 <|im_end|>"):
        box.value = text
        clean = alignment.normalised(text)
        sides = [spell(tokenizer, alignment.surfaces(tokenizer), clean) for tokenizer in tokenizers]
        assert picture.value == show.spans(*sides).data


def test_a_text_that_one_side_cannot_spell_is_said(tokenizers):
    box, picture = show.typed(*tokenizers).children
    box.value = "\ue000"  # how the mini student's tokenizer writes the letter `▁`
    assert "spell different texts" in picture.value and "inline-block" not in picture.value
    box.value = "Seven."
    assert "inline-block" in picture.value


def test_two_boxes_share_nothing(tokenizers):
    one, other = show.typed(*tokenizers), show.typed(*tokenizers)
    one.children[0].value = "Seven."
    assert other.children[0].value == TEXT and other.children[1].value != one.children[1].value
