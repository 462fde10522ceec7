"""Pictures of layers show the figures that they are given, and a map is typed."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.show import layers

VALUES = [[1.0, 0.2, 0.1], [0.3, 0.6, 0.4], [0.2, 0.5, 0.9]]  # a student and a teacher of two blocks each


class Words:
    """A tokenizer whose token i is the i-th letter."""

    def decode(self, ids):
        return "abcdefgh$"[ids[0]]


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


def test_where_tokens_look():
    weights = torch.tensor([[0.1, 0.2, 0.0, 0.0], [0.0, 0.1, 0.4, 0.0]])
    figure = layers.looks(Words(), [0, 1, 8, 3], slice(1, 3), {"teacher": weights, "student": weights})
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", r"\$"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["a", "b", r"\$", "d"]
    assert first.images[0].get_array().max() == 1 and first.images[0].get_array()[0, 0] == pytest.approx(0.5)


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
