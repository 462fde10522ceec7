"""The pictures of weights in few bits: each weight goes to its level, and each layer has its two errors."""

import pytest

from helpers.quantization import Errors
from helpers.show import quantization


def test_each_weight_is_joined_to_its_level():
    figure = quantization.levels([0.1, 0.4, 0.9], {"2 levels": [0.0, 0.0, 1.0]})
    (axis,) = figure.axes
    joins = [line.get_xdata() for line in axis.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert [list(map(float, one)) for one in joins] == [[0.1, 0.0], [0.4, 0.0], [0.9, 1.0]]
    marks = [line for line in axis.lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in marks] == [[0.0, 1.0]]
    assert [one.get_text() for one in axis.get_yticklabels()] == ["the weights", "2 levels"]
    with pytest.raises(ValueError):
        quantization.levels([0.1, 0.2], {"a": [0.0]})


def test_both_errors_of_each_layer_are_drawn_under_its_short_name():
    layers = {"model.layers.0.self_attn.q_proj": Errors(0.1, 0.2), "model.layers.1.mlp.up_proj": Errors(0.3, 0.4)}
    figure = quantization.broken({"3 bits": layers, "2 bits": layers})
    weight, output = figure.axes
    assert [list(line.get_ydata()) for line in weight.lines] == [[0.1, 0.3]] * 2
    assert [list(line.get_ydata()) for line in output.lines] == [[0.2, 0.4]] * 2
    assert [one.get_text() for one in output.get_xticklabels()] == ["0 q", "1 up"]
    with pytest.raises(ValueError, match="6 curves"):
        quantization.broken({name: {} for name in "abcdef"})
