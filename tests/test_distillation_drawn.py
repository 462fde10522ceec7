"""helpers/show/distillation.py: the drawing has all that goes from teacher to student, and nothing lies outside it."""

from helpers import show
from helpers.show.distillation import SKETCHED
from helpers.show.repeats import COLOURS


def test_the_drawing_names_both_targets_and_says_that_it_is_one():
    figure = show.distillation()
    page, bars = figure.axes
    said = " ".join(text.get_text() for text in page.texts)
    for word in ("question", "teacher", "student after", "hard targets", "soft targets", "loss", "not measured"):
        assert word in said
    assert [bar.get_height() for bar in bars.patches] == list(SKETCHED.values())
    assert abs(sum(SKETCHED.values()) - 1) < 1e-9
    edges = {text.get_bbox_patch().get_edgecolor()[:3] for text in page.texts if text.get_bbox_patch()}
    assert len(edges) == 4 and len({COLOURS[role] for role in ("teacher", "before", "after")}) == 3


def test_all_words_lie_within_the_drawing():
    figure = show.distillation()
    figure.canvas.draw()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
