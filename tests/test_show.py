"""helpers.show: pictures that say what they are given, text that stays text, and a box whose models really answer."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch, Rectangle
from tiny_models import QUESTIONS, tokenizer_of

from helpers import generation, models, problems, show
from helpers.evaluation import wilson
from helpers.generation.with_transformers import Answer
from helpers.show import charts, page, series_route, token_plot
from helpers.show.answer_columns import parts
from helpers.show.ask_box import answer_streaming

NASTY = "**Bold** <b>tag</b> & it costs $4 or $7 \\(x^2\\)\n\n  How   many? </div><script>x()</script>"
OPEN_TAGS = {"br"}  # these have no end


class Reader(HTMLParser):
    """The text that HTML shows, its elements, and whether they are nested as they should be."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.open, self.elements = "", [], []
        self.feed(html)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "br":
            self.text += "\n"
        if tag not in OPEN_TAGS:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.text += data
        classes = " ".join(attributes.get("class", "") for _, attributes in self.open)
        assert "mathjax_ignore" in classes and "tex2jax_ignore" in classes
        assert data in ("$", "\\") or not set("$\\") & set(data), "a page without our classes would look for formulas"


# --- what all HTML shares -----------------------------------------------------------------------


def brightness(colour: str) -> float:
    """Relative luminance, as WCAG 2.1 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ink", page.INKS)
def test_text_can_be_read_on_its_background(ink):
    light, dark = sorted((brightness(ink.background), brightness(ink.text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # what WCAG 2.1 asks for (AA)


def every_html(tiny) -> dict[str, str]:
    box = show.ask({NASTY: models.load_teacher(tiny)}, tiny, NASTY)
    box.button.click()
    given = {NASTY: NASTY, "b": Answer(f"{NASTY}</think>{NASTY}", 3, True, True)}
    return {
        "answers": show.answers(NASTY, given, (4,)).data,
        "ask": box.answers[NASTY].value,
    }


def test_no_text_becomes_a_tag_or_a_formula(tiny):
    for name, html in every_html(tiny).items():
        reader = Reader(html)
        assert {tag for tag, _ in reader.elements} <= {"div", "span", "b", "u", "i", "br"}, name
        assert "<script>x()</script>" in reader.text.replace("⏎\n", ""), name
    assert NASTY in Reader(every_html(tiny)["answers"]).text


def test_a_text_colour_never_comes_without_a_background(tiny):
    for html in every_html(tiny).values():
        reader = Reader(html)
        styles = [attributes.get("style", "") for _, attributes in reader.elements]
        coloured = [style for style in styles if re.search(r"(^|;)color:", style)]
        assert coloured and all("background:" in style for style in coloured)
        assert styles[0] in coloured, "all the rest lies on this one"


# --- tokens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["How many crayons?\nSarah has $62.", NASTY, "word " * 60])
def test_every_token_lies_on_its_colour(tiny, text):
    _, tokenizer = models.load_teacher(tiny)
    ids = tokenizer(text).input_ids
    learnt = [i % 3 == 0 for i in range(len(ids))]
    figure = show.tokens(tokenizer, ids, learnt)
    drawn(figure)
    (axis,) = figure.axes
    boxes = [patch for patch in axis.patches if patch.get_width()]
    assert len(boxes) == sum(len(pieces) for _, pieces in token_plot._groups(tokenizer, ids, learnt))
    letters = "".join(one.get_text() for one in axis.texts).replace(r"\$", "$")
    assert letters == text.replace("\n", "⏎")
    assert all(box.get_x() >= 0 and box.get_x() + box.get_width() <= axis.get_xlim()[1] for box in boxes)
    colours = {box.get_facecolor() for box in boxes}
    assert colours == {to_rgba(ink.background) for ink in (page.BLUE, page.GREY)}
    said = [one.get_text() for one in figure.legends[0].get_texts()]
    assert said == [f"in the loss: {sum(learnt)}", f"not in the loss: {len(ids) - sum(learnt)}"]


@pytest.mark.parametrize(("text", "lost", "wanted"), [
    ("a−é\N{SLICE OF PIZZA}b", 0, [*"a−é\N{SLICE OF PIZZA}b"]), ("ab−", 1, ["a", "b", "\ufffd"]),
])  # fmt: skip
def test_a_letter_of_several_tokens_is_shown_whole_and_half_a_letter_is_not_lost(tiny, text, lost, wanted):
    _, tokenizer = models.load_teacher(tiny)
    ids = tokenizer(text).input_ids
    assert len(ids) > len(text)
    ids = ids[: len(ids) - lost]
    (axis,) = show.tokens(tokenizer, ids, [True] * len(ids)).axes
    assert [one.get_text() for one in axis.texts] == wanted
    assert len([patch for patch in axis.patches if patch.get_width()]) == len(wanted)


def test_a_mark_is_needed_for_each_token(tiny):
    _, tokenizer = models.load_teacher(tiny)
    with pytest.raises(ValueError, match="3 tokens and 2 marks"):
        show.tokens(tokenizer, [1, 2, 3], [True, False])


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<think>\nThree.\n</think>\n\nIt is 3.", ("Three.", "It is 3.")),
        ("Three.\n</think>\n\nIt is 3.", ("Three.", "It is 3.")),
        ("It is 3.", ("", "It is 3.")),
        ("<think>\nAnd so on and", ("And so on and", "")),
        ("<think>\nOnly thought.\n</think>\n", ("Only thought.", "")),
        ("", ("", "")),
        (Answer("Three.\n</think>\nIt is 3.", 9, True, opened=True), ("Three.", "It is 3.")),
        (Answer("And so on", 9, False, opened=True), ("And so on", "")),
        (Answer("It is 3.", 9, True), ("", "It is 3.")),
    ],
)
def test_reasoning_and_answer_are_told_apart(text, wanted):
    assert parts(text) == wanted


GIVEN = {
    "right": "<think>\n3 × 24 = 72\n</think>\n\nIt is 72.",
    "wrong": "It is 71.",
    "doubts": "There is a mistake in the problem.",
}


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        ((72,), {"right": "✓ right", "wrong": "✗ wrong", "doubts": "✗ wrong: says it cannot be true"}),
        ((), {"right": "✗ wrong", "wrong": "✗ wrong", "doubts": "✓ right: says it cannot be true"}),
        (72, {"right": "✓ right", "wrong": "✗ wrong", "doubts": "✗ wrong: says it cannot be true"}),
    ],
)
def test_verdicts_are_in_words(gold, words):
    picture = show.answers("How many?", GIVEN, gold)
    shown, fallback = Reader(picture.data).text, repr(picture)
    for name, word in words.items():
        assert re.search(rf"{name} {re.escape(word)}(reasoning|answer)", shown)
        assert f"\n{name}: {word}\n" in fallback
    assert ("Gold: it cannot be true" if gold == () else "Gold: 72") in fallback


@pytest.mark.parametrize(
    ("stop", "verdict"),
    [
        ("school", "✓ right: says it cannot be true, and why"),
        ("library", "✗ it cannot be true, but the reason is false"),
    ],
)
def test_a_right_verdict_for_a_false_reason_is_not_right(stop, verdict):
    said = {"one": f"It is not possible: the {stop} bus and the train station bus would carry 105, not 70."}
    question = problems.SEED_QUESTIONS["buses"][0]
    for picture in (
        show.answers(question, said, ()),
        show.answers("?", said, (), facts=["the school bus and the train station bus would carry 105, not 70"]),
    ):
        assert f"one {verdict}answer" in Reader(picture.data).text and f"\none: {verdict}\n" in repr(picture)


def test_nothing_is_right_or_wrong_without_gold():
    picture = show.answers("How many?", {"one": GIVEN["right"], "two": GIVEN["doubts"]})
    for text in (Reader(picture.data).text, repr(picture)):
        assert not re.search(r"[✓✗]|right|wrong|Gold", text)


@pytest.mark.parametrize(
    ("kind", "gold", "right", "told"),
    [("text", ("Paris",), "Answer: Paris", "Paris"), ("choice", ("B", "Rome", "Paris"), "(B)", "B) Paris")],
)
def test_other_kinds_of_answers_are_shown_right_and_wrong(kind, gold, right, told):
    picture = show.answers("Where?", {"one": right, "two": "There is a mistake in the problem."}, gold, kind=kind)
    for text in (Reader(picture.data).text, repr(picture)):
        assert "✓ right" in text and "✗ wrong" in text and told in text and "it cannot be true" not in text


def test_the_answer_is_bold_and_the_reasoning_grey():
    html = show.answers("How many?", {"right": GIVEN["right"]}, (72,)).data
    assert "<b>It is 72.</b>" in html and "<b>3 ×" not in html
    assert re.search(rf'color:{page.FAINT.text};[^<]*<i>reasoning</i><br>3 × 24 = 72</div>', html)


def test_an_answer_that_never_came_is_said_to_be_missing():
    picture = show.answers("How many?", {"a": "<think>\nAnd so on"})
    assert Reader(picture.data).text.endswith("reasoning\nAnd so onanswer\n(none)")
    assert repr(picture).endswith("reasoning: And so on\n  answer: (none)")


def test_an_answer_tells_its_length_and_its_end():
    said = {"a": Answer("It is 3.", 1234, True), "b": Answer("It is", 1, False), "c": "It is 3."}
    picture = show.answers("How many?", said)
    assert "a 1,234 tokens, ended by itself" in Reader(picture.data).text
    assert "b 1 token, cut off" in Reader(picture.data).text
    assert repr(picture) == (
        "Question: How many?\n\na (1,234 tokens, ended by itself)\n  answer: It is 3.\n\n"
        "b (1 token, cut off)\n  answer: It is\n\nc\n  answer: It is 3."
    )


# --- charts -------------------------------------------------------------------------------------

SHARES = {"teacher": wilson(930, 1000), "student for $4, not $5": wilson(0, 50), "all": wilson(20, 20)}
RUN = SimpleNamespace(loss=[(10, 2.0), (20, 1.0), (30, 0.5)], validation=[(1, wilson(20, 100)), (2, wilson(100, 100))])


def drawn(figure):
    """Lays a figure out; one that is closed has no canvas of its own that would."""
    FigureCanvasAgg(figure).draw()
    return figure


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(plt.Text) if text.get_text()]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: show.shares(SHARES, "Costs $4 and $5"),
        lambda: show.shares({"one": wilson(1, 2)}, "One"),
        lambda: show.losses(RUN),
        lambda: show.losses(RUN, wilson(1, 10), [(0, 2.5), (30, 0.7)]),
        lambda: show.losses(SimpleNamespace(loss=[], validation=[])),
        lambda: show.histogram([40, 50, 60], 55, "tokens for $4 or $5"),
        lambda: show.lines({"one": [0, 1]}, "step", "rate"),
        lambda: show.route(3),
    ],
)
def test_a_figure_is_closed_small_white_and_labelled(draw):
    figure = draw()
    drawn(figure)
    assert not plt.get_fignums(), "pyplot would show it a second time"
    assert figure.get_figwidth() == 7 and figure.get_figheight() <= 4
    assert figure.get_facecolor() == (1, 1, 1, 1)
    for axis in figure.axes:
        assert not axis.axison or axis.get_xlabel()
    ink = figure.get_tightbbox()  # inches
    assert ink.x0 >= 0 and ink.y0 >= 0, "what lies beyond the edge is cut off"
    assert ink.x1 <= figure.get_figwidth() and ink.y1 <= figure.get_figheight()


def test_shares_have_bars_whiskers_and_values():
    figure = show.shares(SHARES, "Right $4 or $5", "share right")
    (axis,) = figure.axes
    bars = [patch.get_width() for patch in axis.patches if isinstance(patch, Rectangle)]
    assert bars == [share.value for share in SHARES.values()]
    (whiskers,) = [lines for lines in axis.collections if len(lines.get_segments()) == len(SHARES)]
    for (start, end), share in zip(whiskers.get_segments(), SHARES.values(), strict=True):
        assert (start[0], end[0]) == pytest.approx((share.low, share.high))
    shown = words(figure)
    assert all(f"{share}\n{share.hits:,} of {share.n:,}" in shown for share in SHARES.values())
    assert [label.get_text() for label in axis.get_yticklabels()] == [name.replace("$", r"\$") for name in SHARES]
    assert axis.yaxis_inverted(), "the first is on top"
    assert axis.get_xlim() == (0, 1)


def test_losses_have_two_panels():
    figure = show.losses(RUN)
    left, right = figure.axes
    assert left.lines[0].get_xydata().tolist() == [[10, 2.0], [20, 1.0], [30, 0.5]]
    assert left.get_ylim()[0] == 0
    assert right.lines[0].get_xydata().tolist() == [[1, 0.2], [2, 1.0]]
    (whiskers,) = right.collections
    low_high = [(start[1], end[1]) for start, end in whiskers.get_segments()]
    assert low_high == [pytest.approx((score.low, score.high)) for _, score in RUN.validation]
    assert "100.0%" in words(figure)
    assert right.get_position().x0 > left.get_position().x1, "beside each other, each with its own axes"


def test_lines_are_named_and_differ_in_more_than_colour():
    figure = show.lines({"one": [0, 1, 0.5], "two": [1, 1]}, "step", "rate")
    (axes,), (legend,) = drawn(figure).axes, figure.legends
    assert [list(line.get_ydata()) for line in axes.lines] == [[0, 1, 0.5], [1, 1]]
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1, "no curve runs through the names"
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "rate")
    (axes,) = show.lines({"one": [0, 1]}, "T", "length", [1.0, 8.0]).axes
    assert list(axes.lines[0].get_xdata()) == [1.0, 8.0]


def test_each_curve_needs_dashes_of_its_own():
    names = ("a", "b", "c", "d", "e")
    assert len(show.lines({name: [0, 1] for name in names[:4]}, "x", "y").legends[0].get_texts()) == 4
    with pytest.raises(ValueError, match="5 curves: a picture takes up to 4"):
        show.lines({name: [0, 1] for name in names}, "x", "y")


def test_losses_begin_before_the_training_and_show_what_is_unseen():
    before, unseen = wilson(1, 10), [(0, 2.5), (30, 0.7)]
    left, right = show.losses(RUN, before, unseen).axes
    assert left.lines[1].get_xydata().tolist() == [list(point) for point in unseen]
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["learnt", "unseen"]
    assert right.lines[0].get_xydata().tolist() == [[0, before.value], [1, 0.2], [2, 1.0]]
    assert right.get_xlim()[0] < 0, "its whiskers are seen"


def test_a_run_without_figures_says_so():
    assert words(show.losses(SimpleNamespace(loss=[], validation=[]))).count("nothing was recorded") == 2
    assert "nothing was recorded" in words(show.shares({}))


def test_histogram_counts_what_reaches_the_limit():
    figure = show.histogram([10, 20, 30, 40, 40], limit=40, xlabel="tokens of a trace")
    (axis,) = figure.axes
    assert sum(patch.get_height() for patch in axis.patches) == 5
    assert axis.get_xlabel() == "tokens of a trace"
    assert "limit 40: 2 of 5 at it or above" in words(figure)
    assert not [text for text in words(show.histogram([1, 2], xlabel="x")) if "limit" in text]


@pytest.mark.parametrize("values", [[3], [5, 5, 5], list(range(7)), list(range(1000)), [1, 64, 200]])
def test_bins_hold_equally_many_whole_numbers(values):
    (axis,) = show.histogram(values).axes
    widths = {patch.get_width() for patch in axis.patches}
    (width,) = widths
    assert width == int(width) and (axis.patches[0].get_x() + 0.5) == min(values)
    assert sum(patch.get_height() for patch in axis.patches) == len(values)
    assert len(axis.patches) <= charts.MOST_BINS


def test_fractions_get_as_many_bins_as_asked():
    values = torch.rand(100, generator=torch.Generator().manual_seed(0)).tolist()
    assert len(show.histogram(values).axes[0].patches) == 9  # 2 × 100^(1/3) = 9.3
    assert len(show.histogram(values, bins=50).axes[0].patches) == 50


def test_a_histogram_needs_values():
    with pytest.raises(ValueError, match="no values"):
        show.histogram([])


# --- the route ----------------------------------------------------------------------------------


def boxes(figure) -> dict[str, FancyBboxPatch]:
    return {patch.get_label(): patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)}


@pytest.fixture
def two_there(tmp_path, monkeypatch):
    for name in ("00_start_here", "03_token_distillation"):
        (tmp_path / f"{name}.ipynb").touch()
    monkeypatch.setattr(series_route, "FOLDER", tmp_path)
    return {"00_start_here", "03_token_distillation"}


def test_the_route_shows_which_notebooks_are_there(two_there):
    found = boxes(show.route())
    assert len(found) == 18 and list(found) == sorted(found)
    assert {name for name, patch in found.items() if patch.get_linestyle() in ("-", "solid")} == two_there


def test_every_notebook_that_is_there_is_on_the_route():
    assert {path.stem for path in series_route.FOLDER.glob("*.ipynb")} <= set(series_route.ROUTE)


@pytest.mark.parametrize("here", [3, "03", "03_token_distillation"])
def test_the_reader_is_marked(two_there, here):
    figure = show.route(here)
    thick = [name for name, patch in boxes(figure).items() if patch.get_linewidth() == 3]
    assert thick == ["03_token_distillation"]
    assert words(figure).count("▲ you are here") == 1
    assert not [text for text in words(show.route()) if "you are here" in text]


@pytest.mark.parametrize("here", [18, "18", 99, "token", ""])
def test_an_unknown_place_is_refused(here):
    with pytest.raises(ValueError, match="no notebook"):
        show.route(here)


def test_titles_fit_into_their_boxes():
    figure = show.route("11")
    drawn(figure)
    titles = [text for text in figure.axes[0].texts if re.match(r"\d\d ", text.get_text())]
    assert len(titles) == 18
    for text, patch in zip(titles, boxes(figure).values(), strict=True):
        inner, outer = text.get_window_extent(), patch.get_window_extent()
        assert outer.x0 < inner.x0 and inner.x1 < outer.x1 and outer.y0 < inner.y0 and inner.y1 < outer.y1


# --- asking -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(tiny):
    return {"teacher": models.load_teacher(tiny), "student": models.load_student(tiny, four_bit=False)}


@pytest.fixture
def box(loaded, tiny):
    return show.ask(loaded, tiny, QUESTIONS[1])


def shown(box) -> dict[str, str]:
    return {name: Reader(widget.value).text for name, widget in box.answers.items()}


def test_the_box_holds_question_button_and_a_column_for_each_model(box):
    assert box.question.value == QUESTIONS[1]
    assert list(box.answers) == ["teacher", "student"]
    assert box.children[:3] == (box.question, box.button, box.message)
    assert box.children[3].children == tuple(box.answers.values())
    assert not box.button.disabled and not box.given


def test_a_click_answers_as_evaluate_does(box, loaded, tiny):
    box.question.value = f"  {QUESTIONS[3]}\n"
    box.button.click()
    for name, (model, tokenizer) in loaded.items():
        (wanted,) = generation.generate(model, tokenizer, [QUESTIONS[3]], tiny.answer_tokens, progress=False)
        assert box.given[name] == wanted
        assert Reader(box.answers[name].value).text == Reader(
            show.answers("", {name: wanted}).data.partition("margin-top:8px;\">")[2].removesuffix("</div></div>")
        ).text
    assert "12 tokens, cut off" in shown(box)["teacher"]


def test_a_click_of_the_reader_does_the_same(box):
    box.button._handle_button_msg(box.button, {"event": "click"}, [])
    assert set(box.given) == {"teacher", "student"}


def test_each_token_is_shown_when_it_is_written(box):
    calls = []
    box.answers["teacher"].observe(lambda change: calls.append((change["new"], box.button.disabled)), "value")
    box.button.click()
    notes = [re.match(r"teacher (waits|\d+ tokens, (?:writing …|cut off))", Reader(html).text)[1] for html, _ in calls]
    assert notes == ["waits", *[f"{n} tokens, writing …" for n in range(1, 13)], "12 tokens, cut off"]
    assert all(disabled for _, disabled in calls[1:]), "a second click meanwhile would start it all again"
    assert not box.button.disabled


def test_what_is_shown_grows_and_leaves_the_prompt_out(loaded, tiny):
    for model, tokenizer in loaded.values():
        seen = []
        answer = answer_streaming(model, tokenizer, QUESTIONS[1], 12, seen.append)
        assert [one.tokens for one in seen] == list(range(1, 13))
        assert seen[-1] == answer
        whole = answer.text.rstrip("\ufffd")
        assert all(whole.startswith(one.text.rstrip("\ufffd")) for one in seen)
        assert {one.opened for one in seen} == {"<think>" in tokenizer.get_vocab()}


def test_an_answer_that_ends_is_said_to_have_ended(box, loaded, tiny, monkeypatch):
    model, tokenizer = loaded["student"]
    ids = model.generate(torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])]), max_new_tokens=12, do_sample=False)
    written = ids[0, len(models.prompt_ids(tokenizer, QUESTIONS[1])) :].tolist()
    end = next(token for i, token in enumerate(written) if i and token not in written[:i])
    monkeypatch.setattr(model.generation_config, "eos_token_id", end)
    box.button.click()
    number = written.index(end) + 1
    assert f"{number} tokens, ended by itself" in shown(box)["student"]
    assert box.given["student"].tokens == number < 12


def test_reasoning_that_the_prompt_opened_is_shown_as_reasoning(box):
    box.button.click()
    texts = shown(box)
    assert "reasoning\n" in texts["teacher"] and texts["teacher"].endswith("answer\n(none)")
    assert "reasoning" not in texts["student"]


@pytest.mark.parametrize("question", ["", " \n"])
def test_an_empty_question_is_met_kindly(box, loaded, question, monkeypatch):
    box.button.click()
    for model, _ in loaded.values():
        monkeypatch.setattr(model, "generate", lambda **_: pytest.fail("there is nothing to answer"))
    box.question.value = question
    box.button.click()
    assert "There is no question yet" in Reader(box.message.value).text
    assert not box.given and not any(shown(box).values()), "the old answers are gone"
    monkeypatch.undo()
    box.question.value = QUESTIONS[0]
    box.button.click()
    assert box.message.value == "" and len(box.given) == 2


@pytest.mark.parametrize("error", [RuntimeError("no <memory> left"), KeyboardInterrupt()])
def test_an_error_is_shown_and_raised(box, loaded, error, monkeypatch):
    def fail(**_):
        raise error

    monkeypatch.setattr(loaded["student"][0], "generate", fail)
    with pytest.raises(type(error)):
        box.button.click()
    assert Reader(box.message.value).text == f"{type(error).__name__}: {error}"
    assert not box.button.disabled
    assert list(box.given) == ["teacher"]


def test_boxes_share_nothing(loaded, tiny):
    one, two = (show.ask(loaded, tiny, question) for question in QUESTIONS[:2])
    one.button.click()
    assert one.given and not two.given and not any(widget.value for widget in two.answers.values())
    assert two.question.value == QUESTIONS[1]


def test_the_model_is_left_as_it_was(box, loaded):
    model, _ = loaded["teacher"]
    model.train()
    try:
        box.button.click()
        assert model.training
        trained = box.given["teacher"]
    finally:
        model.eval()
    box.button.click()
    assert box.given["teacher"] == trained


def test_an_unfinished_letter_is_not_shown(loaded, tiny):
    """A tokenizer of bytes, and a model that writes an é: its first byte alone is no letter."""
    tokenizer = tokenizer_of(["<pad>", "<eos>"], [], "{{ messages[0].content }}", eos_token="<eos>", pad_token="<pad>")
    ids = tokenizer("é").input_ids
    assert len(ids) == 2

    class Writes:
        device, training = torch.device("cpu"), False
        generation_config = SimpleNamespace(eos_token_id=None)
        eval = train = lambda *_: None
        modules = lambda *_: iter(())  # noqa: E731

        def generate(self, input_ids, streamer, **_):
            streamer.put(input_ids)
            for token in ids:
                streamer.put(torch.tensor([token]))
            return torch.cat([input_ids, torch.tensor([ids])], dim=1)

    box = show.ask({"bytes": (Writes(), tokenizer)}, replace(tiny, answer_tokens=2), "Why?")
    states = []
    box.answers["bytes"].observe(lambda change: states.append(Reader(change["new"]).text), "value")
    box.button.click()
    assert states[1].endswith("answer\n…") and states[2].endswith("answer\né")
    assert not [state for state in states if "\ufffd" in state]
