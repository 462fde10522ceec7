"""Pictures of layers show the figures that they are given, a drawing has all its words, and a map is typed."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.show import layers

VALUES = [[1.0, 0.2, 0.1], [0.3, 0.6, 0.4], [0.2, 0.5, 0.9]]  # a student and a teacher of two blocks each


def test_a_map_for_each_name_with_its_numbers_and_its_pairs():
    figure = layers.likeness({"before": VALUES, "after": VALUES[::-1]}, ((2, 1),))
    before, after, _ = figure.axes
    assert [text.get_text() for text in before.texts[:3]] == ["1.00", "0.20", "0.10"]
    assert before.get_title() == "before" and after.get_title() == "after"
    (frame,) = before.patches
    middle = frame.get_x() + 0.46, frame.get_y() + 0.46
    assert middle == pytest.approx((1, 2))  # the teacher's layer across, the student's down
    assert before.images[0].get_clim() == after.images[0].get_clim() == (0, 1)


def test_many_layers_have_no_numbers():
    figure = layers.likeness({"large": torch.rand(29, 37).tolist()})
    assert not figure.axes[0].texts and len(figure.axes[0].get_xticks()) < 12


def test_the_largest_of_each_row_is_marked():
    (axis, _) = layers.likeness({"one": VALUES}).axes
    marks = [(sum(line.get_xdata()) / 2, round(line.get_ydata()[0])) for line in axis.lines]
    assert marks == [(0, 0), (1, 1), (2, 2)]
    many = [[float(k == 2 * i) for k in range(24)] for i in range(12)]
    (axis, _) = layers.likeness({"large": many}).axes
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines] == [(2 * i, i) for i in range(12)]


@pytest.mark.parametrize("depths", [(3, 4), (18, 36)])
def test_the_drawing_has_both_models_and_both_losses_and_nothing_lies_outside(depths):
    figure = layers.hints(*depths)
    figure.canvas.draw()
    (axis,) = figure.axes
    said = [text.get_text() for text in axis.texts]
    words = ("student", "teacher", "loss on features", "loss on logits (notebook 5)", "final norm")
    assert {*words, *(f"block {number}" for number in depths)} <= set(said)
    for text in axis.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()


def test_arrows_have_a_panel_for_each_token_and_equal_axes():
    figure = layers.arrows([[2, 1], [0, 1]], [[2, 0], [0, 2]])
    assert [axis.get_title() for axis in figure.axes] == ["token 1", "token 2"]
    for axis, ours, theirs in zip(figure.axes, ([2, 1], [0, 1]), ([2, 0], [0, 2]), strict=True):
        assert axis.get_aspect() == 1 and axis.get_xlim() == axis.get_ylim()
        assert [[one.U[0], one.V[0]] for one in axis.collections] == [theirs, ours]


def test_a_ladder_has_a_line_for_each_pair_and_their_likeness():
    (axis,) = layers.ladder(((1, 1), (2, 2)), VALUES).axes
    assert len(axis.lines) == 2 and axis.get_title() == "CKA of the pairs: 0.75 on average"
    assert {"0.60", "0.90", "student's layer 2", "teacher's embeddings"} <= {text.get_text() for text in axis.texts}
    before = plt.get_fignums()
    with pytest.raises(ValueError, match="layer 3 of the teacher, which has the layers 0, 1, 2 "):
        layers.ladder(((1, 3),), VALUES)
    assert plt.get_fignums() == before


def test_a_map_is_typed():
    assert layers.typed("1-1 2-3, 3-4") == ((1, 1), (2, 3), (3, 4)) and layers.typed("") == ()
    assert layers.typed(layers.written(((1, 2), (3, 4)))) == ((1, 2), (3, 4))
    for wrong in ("1", "1-", "a-b", "1--2"):
        with pytest.raises(ValueError, match="is no pair of layers"):
            layers.typed(wrong)


def test_directions_are_bars_about_zero():
    found = {"hint": {"at the start": 0.4, "at the end": -0.1}, "attention": {"at the start": 0.0, "at the end": 0.2}}
    (axis,) = layers.directions(found).axes
    widths = [[bar.get_width() for bar in group] for group in axis.containers]
    assert widths == [[0.4, 0.0], [-0.1, 0.2]]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["hint", "attention"]


def test_chance_is_a_band_about_zero():
    (axis,) = layers.directions({"hint": {"before": 0.4}}, chance=0.01).axes
    band = axis.patches[-1]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-0.01, 0.01))
