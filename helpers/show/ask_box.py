"""A box to ask the models in: a question, a button, and every model's answer as it is written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import ipywidgets as widgets
import torch

# The settings and the reading of `generation.generate`, so that the box answers as the scores were taken.
from helpers.generation.with_transformers import Answer, answer_of, end_tokens, generation_config
from helpers.models import answering, opens_reasoning, prompt_ids
from helpers.show.answer_columns import column
from helpers.show.page import BLUE, FLOW, ORANGE, Ink, card
from helpers.tiers import Tier

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

QUESTION = "Mia has 12 shells and finds 7 more. Then she gives 4 of them to Ben. How many shells does Mia have now?"


class Ask(widgets.VBox):
    """A box with a question to edit, a button, and a column for every model, which answers token by token.

    An error while they answer is shown in the box and raised. `show.answers(box.question.value, box.given)` makes a
    still of it.

    Args:
        models: a name and its (model, tokenizer). They answer greedily, one after the other, in at most
            tier.answer_tokens tokens.
        tier: how long an answer may be.
        question: what stands in the box at first.

    Attributes:
        question: the text area.
        button: `button.click()` asks, and raises what goes wrong.
        answers: a name and the HTML widget of its answer.
        message: an HTML widget for what else there is to say.
        given: a name and its Answer, once it is whole.
    """

    def __init__(self, models: Mapping[str, tuple], tier: Tier, question: str = QUESTION):
        super().__init__()
        wide = {"width": "100%"}
        self.question = widgets.Textarea(value=question, rows=4, layout=wide)
        self.button = Button(self._ask, description="Ask", button_style="primary")
        self.message = widgets.HTML()
        self.answers = {name: widgets.HTML(layout={"flex": "1 1 180px"}) for name in models}
        self.given: dict[str, Answer] = {}
        self._models, self._most = dict(models), tier.answer_tokens
        columns = widgets.HBox(list(self.answers.values()), layout={"flex_flow": "row wrap"})
        self.children = (self.question, self.button, self.message, columns)

    def _ask(self) -> None:
        question = self.question.value.strip()
        self.given = {}
        for name, place in self.answers.items():
            place.value = column(name, "", note="waits") if question else ""
        if not question:
            self._say("There is no question yet. Write one above, then ask.", BLUE)
            return
        self._say("")
        self.button.disabled = True
        try:
            for name, (model, tokenizer) in self._models.items():
                self._let_answer(name, model, tokenizer, question)
        except BaseException as error:  # also when the reader stops the kernel in the middle
            self._say(f"{type(error).__name__}: {error}", ORANGE)
            raise
        finally:
            self.button.disabled = False

    def _let_answer(self, name: str, model: torch.nn.Module, tokenizer: "Tokenizer", question: str) -> None:
        place = self.answers[name]

        def show_so_far(answer: Answer) -> None:
            # A letter of which only the first bytes are there yet is decoded as U+FFFD.
            so_far = replace(answer, text=answer.text.rstrip("\ufffd"))
            place.value = column(name, so_far, note=f"{answer.tokens:,} tokens, writing …")

        self.given[name] = answer_streaming(model, tokenizer, question, self._most, show_so_far)
        place.value = column(name, self.given[name])

    def _say(self, text: str, ink: Ink = BLUE) -> None:
        self.message.value = card(ink.mark(text, f"{FLOW}padding:4px 8px;", "div")) if text else ""


ask = Ask  # as a notebook calls it


class Button(widgets.Button):
    """A button that lets an error of its action through; that of ipywidgets swallows it outside a notebook."""

    def __init__(self, action: Callable[[], None], **settings: object):
        super().__init__(**settings)
        self._action = action

    def click(self) -> None:
        """What a click in the notebook calls."""
        self._action()


def answer_streaming(
    model: torch.nn.Module,
    tokenizer: "Tokenizer",
    question: str,
    max_new_tokens: int,
    show: Callable[[Answer], None],
) -> Answer:
    """The greedy answer to one question, the same as `generation.generate` gives; `show` gets it after every token."""
    prompt = prompt_ids(tokenizer, question)
    opened = opens_reasoning(tokenizer, question)
    ends = end_tokens(model, tokenizer)
    ids = torch.tensor([prompt], device=model.device)
    with answering(model):
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            generation_config=generation_config(tokenizer, ends, max_new_tokens, 0.0, 1.0, 0),
            streamer=_Streamer(lambda written: show(answer_of(written, ends, tokenizer, opened))),
        )
    return answer_of(output[0, len(prompt) :].tolist(), ends, tokenizer, opened)


class _Streamer:
    """What transformers calls with the prompt and then with every token: shows all ids that were written so far."""

    def __init__(self, show: Callable[[list[int]], None]):
        self.show, self.written = show, None

    def put(self, value: torch.Tensor) -> None:
        if self.written is None:
            self.written = []  # it was the prompt
            return
        self.written += value.flatten().tolist()
        self.show(self.written)

    def end(self) -> None:
        pass
