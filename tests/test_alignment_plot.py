"""Two tokenizations one above the other, and the box to type a text in."""

import pytest
from test_live import png
from transformers import AutoTokenizer

from helpers import alignment, show
from helpers.show.alignment_plot import LETTERS, TEXT, spell, visible
from helpers.tiers import ROOT

LEFT, RIGHT = [b"a", b" <b>\n", b"\xe2\x82\xac"], [b"a", b" ", b"<b>", b"\n", b"\xe2", b"\x82\xac"]


@pytest.fixture(scope="module")
def tokenizers():
    return [AutoTokenizer.from_pretrained(ROOT / "data" / "mini" / role) for role in ("teacher", "student")]


def texts(figure) -> list[str]:
    return [one.get_text() for one in figure.axes[0].texts]


def legend(figure) -> list[str]:
    return [one.get_text() for one in figure.legends[0].texts]


def test_every_token_has_its_box_and_every_meeting_its_line():
    figure = show.spans(LEFT, RIGHT)
    shown = texts(figure)
    assert shown[:9] == ["a", "a", "␣<b>⏎", "␣", "<b>", "⏎", r"\u20ac", r"\xe2", r"\x82\xac"]
    assert shown[9:] == ["teacher", "student"] and len(figure.axes[0].lines) == 3
    assert figure.axes[0].get_title() == "3 tokens above, 6 below, 3 chunks"
    assert legend(figure) == ["one token on both sides: 1", "several tokens: 2"]


def test_meetings_are_counted_in_bytes_if_asked():
    assert texts(show.spans(LEFT, RIGHT, counted=True))[2] == "1"
    assert {"1", "6", "9"} <= set(texts(show.spans(LEFT, RIGHT, counted=True)))
    assert not {"1", "6", "9"} & set(texts(show.spans(LEFT, RIGHT)))
    assert "bytes" in texts(show.spans(LEFT, RIGHT, counted=True)) and "bytes" not in texts(show.spans(LEFT, RIGHT))


@pytest.mark.parametrize("text", [b"a", b"a few", b"some letters more, but still one line"])
def test_one_line_takes_the_whole_width(text):
    (axis,) = show.spans([text], [text]).axes
    left, right = axis.get_xlim()
    assert axis.lines[-1].get_xdata()[0] == pytest.approx(right, abs=0.02 * (right - left))


def test_long_texts_go_on_in_the_next_line_and_keep_a_chunk_together():
    side = [b" word"] * 40
    figure = show.spans(side, [b" wo", b"rd"] * 40)
    assert texts(figure).count("teacher") == -(-40 // int(LETTERS / 5.6))
    ends = {line.get_xdata()[0] for line in figure.axes[0].lines}
    assert max(ends) <= LETTERS


def test_no_letter_is_shown_that_a_font_may_lack(recwarn):
    assert visible("né 中\x00\t".encode()) == r"né␣\u4e2d\x00⇥" and visible(b"") == "·"
    png(show.spans([TEXT.encode(), "中 😀 $x\\y$ العربية".encode()], [TEXT.encode(), "中 😀 $x\\y$ العربية".encode()]))
    assert not [one for one in recwarn if "Glyph" in str(one.message)]


def test_an_empty_text_is_drawn():
    assert legend(show.spans([], [])) == ["one token on both sides: 0", "several tokens: 0"]


def test_different_texts_are_refused():
    with pytest.raises(ValueError, match="different texts"):
        show.spans([b"a"], [b"b"])


def test_the_box_draws_what_is_typed(tokenizers):
    box, message, picture = show.typed(*tokenizers).children
    assert box.value == TEXT
    for text in ("Seven.", "", "e\u0301 ▁ 😀 <|im_end|>"):
        box.value = text
        clean = alignment.normalised(text)
        sides = [spell(tokenizer, alignment.surfaces(tokenizer), clean) for tokenizer in tokenizers]
        assert bytes(picture.value) == png(show.spans(*sides)) and message.value == ""


def test_a_text_that_one_side_cannot_spell_is_said(tokenizers):
    box, message, picture = show.typed(*tokenizers).children
    before = bytes(picture.value)
    box.value = "\ue000"  # how the mini student's tokenizer writes the letter `▁`
    assert "spell different texts" in message.value and bytes(picture.value) == before
    box.value = "Seven."
    assert message.value == "" and bytes(picture.value) != before


def test_two_boxes_share_nothing(tokenizers):
    one, other = show.typed(*tokenizers), show.typed(*tokenizers)
    one.children[0].value = "Seven."
    assert other.children[0].value == TEXT and other.children[2].value != one.children[2].value
