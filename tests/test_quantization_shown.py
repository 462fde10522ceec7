"""The pictures of weights in few bits: each weight goes to its level, and each layer has its two errors."""

import pytest

from helpers.evaluation import Estimate
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


def test_what_came_back_stands_beside_what_another_measure_says():
    found = {"words": {"KL": Estimate(-0.2, -0.3, -0.1, 9), "perplexity": Estimate(2.4, 0.9, 4.0, 9)},
             "itself": {"KL": Estimate(0.6, 0.5, 0.7, 9), "perplexity": None}}  # fmt: skip
    (axis,) = quantization.back(found).axes
    marks = [line for line in axis.lines if line.get_marker() not in ("None", "") and len(line.get_xdata())]
    assert [(float(one.get_xdata()[0]), one.get_marker()) for one in marks] == [(-0.2, "o"), (0.6, "o"), (1.5, ">")]
    spans = [[float(x) for x in line.get_xdata()] for line in axis.lines
             if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]  # fmt: skip
    assert spans == [[-0.3, -0.1], [0.5, 0.7], [0.9, 1.5]]
    assert [one.get_text() for one in axis.get_yticklabels()] == ["words", "itself"]
    with pytest.raises(ValueError, match="6 measures"):
        quantization.back({"a": dict.fromkeys("abcdef")})
