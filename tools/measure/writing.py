"""A model writes long texts: watched at both ends, for the memory at the last token and the seconds of each."""

import time
from contextlib import contextmanager
from unittest import mock

import torch
from planner.minutes import PROMPT_TOKENS
from transformers import StoppingCriteria

from helpers import generation
from helpers.models import unsloth
from measure import texts

STRETCH = 64  # tokens that are written at each end of a text
READING = 512  # tokens of a long prompt that are read at a time
# Tokens: by the third Unsloth has let go of the prompt's own keys and values, by the sixth all is compiled.
CLEARED, BEGUN = 3, 6


def written(model, tokenizer, batch: int, new: int, card, whole: bool = False, **sampling) -> dict:
    """Writes at both ends of a text of `new` tokens behind a prompt: GB at the peak, and seconds a token."""
    card.clear()
    loaded, stretch = card.used(), new if whole else min(STRETCH, new // 2)
    places = {"first": PROMPT_TOKENS} if whole else {"first": PROMPT_TOKENS, "last": PROMPT_TOKENS + new - stretch}
    seconds, peaks = {}, []
    for end, before in places.items():
        watch = _Watch(card)
        with watch.on(model):
            generation.generate(
                model, tokenizer, texts.asked(tokenizer, batch, before), stretch, batch, progress=False, **sampling
            )
        seconds[end], _ = watch.seconds_a_token(), peaks.append(card.peak())
    mean = sum(seconds.values()) / len(seconds)
    peak = {name: max(peak[name] for peak in peaks) for name in peaks[0]}
    return {
        "batch": batch, "tokens": new, "every_token": whole, "loaded_gb": loaded, **peak,
        "tokens_a_second": batch / mean, "seconds_a_token": mean, **{f"at_the_{e}": s for e, s in seconds.items()},
        **types(model),
    }  # fmt: skip


class _Watch(StoppingCriteria):
    """Begins the peak and the clock some tokens behind the prompt: what its reading takes is not asked for.

    The card's memory is not capped before: a text that is written from its beginning never reads such a prompt.
    """

    def __init__(self, card):
        self.card, self.calls, self.times = card, 0, []

    def __call__(self, input_ids, scores, **_):
        self.calls += 1
        if self.calls == CLEARED:
            self.card.clear()
            self.card.capped(True)
        if self.calls == BEGUN:
            self.times.append(self.card.now())
        elif self.calls > BEGUN:
            self.times.append(time.perf_counter())
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)

    def seconds_a_token(self) -> float:
        return (self.card.now() - self.times[0]) / (len(self.times) - 1)

    @contextmanager
    def on(self, model):
        """Lets a model write on to the last token, watched; a long prompt is read in parts where that works."""
        real = model.generate

        def generate(*given, generation_config, **more):
            generation_config.min_new_tokens = generation_config.max_new_tokens  # no end before
            if not unsloth.loaded(model):
                generation_config.prefill_chunk_size = READING
            return real(*given, generation_config=generation_config, stopping_criteria=[self], **more)

        self.card.capped(False)
        try:
            with mock.patch.object(model, "generate", generate):
                yield
        finally:
            self.card.capped(True)


def types(model) -> dict[str, str]:
    """The dtypes of head and adapters, and how many linear layers are in 4 bits."""
    adapters = {called(weight.dtype) for name, weight in model.named_parameters() if "lora_" in name}
    packed = sum(getattr(weight, "quant_state", None) is not None for weight in model.parameters())
    return {
        "head_dtype": called(model.get_output_embeddings().weight.dtype), "adapters_dtype": ", ".join(sorted(adapters)),
        "layers_in_4_bits": packed,
    }  # fmt: skip


def called(dtype: torch.dtype) -> str:
    """Such as "bfloat16"."""
    return str(dtype).removeprefix("torch.")
