"""Pictures for the notebooks: the route, tokens, answers side by side, charts, and a box to ask the models in."""

from helpers.show.alignment_plot import spans, typed
from helpers.show.answer_columns import answers
from helpers.show.ask_box import Ask, ask
from helpers.show.charts import canvas, colour, histogram, lines, losses, shares, whiskers
from helpers.show.distillation import distillation
from helpers.show.distributions import distribution, surprise, targets, temperature
from helpers.show.layers import arrows, by_hand, directions, hints, ladder, likeness
from helpers.show.series_route import route
from helpers.show.token_plot import heat, tokens

__all__ = [
    "Ask", "answers", "arrows", "ask", "by_hand", "canvas", "colour", "directions", "distillation", "distribution",
    "heat", "hints", "histogram", "ladder", "likeness", "lines", "losses", "route", "shares", "spans", "surprise",
    "targets", "temperature", "tokens", "typed", "whiskers",
]  # fmt: skip
