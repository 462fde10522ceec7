"""A picture that is drawn anew when its control is moved."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from helpers.show.page import ORANGE, card


def live(
    control: widgets.ValueWidget, draw: Callable[[Any], Figure], refused: type[Exception] | tuple = ()
) -> widgets.VBox:
    """A control, and below it the figure that belongs to its value, drawn anew whenever it changes.

    Args:
        control: a widget with a value, such as a slider or a line of text.
        draw: makes a figure of a value.
        refused: what `draw` raises for a value that it cannot draw: it is said between the two, and the last figure
            stays. Any other error is said there too, and raised.

    Returns:
        A VBox of the control, what went wrong, and the picture.
    """
    message = widgets.HTML()
    picture = widgets.Image(format="png", layout={"max_width": "100%"})

    def redraw(change: dict | None = None) -> None:
        message.value = ""
        try:
            with BytesIO() as file:
                draw(control.value).savefig(file, format="png", dpi=100)
                picture.value = file.getvalue()
        except Exception as error:
            told = "refused" if isinstance(error, refused) else type(error).__name__
            message.value = card(ORANGE.mark(f"{told}: {error}", "padding:4px 8px;", "div"))
            if told != "refused":
                raise

    control.observe(redraw, "value")
    redraw()
    return widgets.VBox([control, message, picture])
