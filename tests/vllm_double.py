"""A stand-in for vLLM with the surface that its documentation gives, to bind our calls against without a GPU.

LLM, SamplingParams and what `generate` gives back have the names and defaults that vLLM documents (docs.vllm.ai: "LLM",
"Sampling Parameters", "Engine Arguments"; as in its repository at 10fdb8f and 00388f6), those that this project uses.
Another name is a TypeError, as it is there. What is written comes from one of our own models.
"""

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace

import torch


@dataclass(kw_only=True)
class SamplingParams:
    """The settings of one answer."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int | None = 16
    detokenize: bool = True

    def __post_init__(self):
        """The ranges that are documented."""
        assert self.temperature >= 0 and 0 < self.top_p <= 1 and self.top_k >= -1
        assert self.max_tokens is None or self.max_tokens >= 1


@dataclass
class Made:
    """What was asked of the double."""

    settings: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)


def install(monkeypatch, writer, made: Made, cuts_the_end: bool = False) -> None:
    """Puts the double where `import vllm` finds it.

    writer: (prompt ids, SamplingParams) -> (token ids without their end, finish_reason, the end token or None).
    cuts_the_end: whether the token that stopped an answer is left out of its row.
    """

    class LLM:
        def __init__(
            self, model, *, dtype="auto", revision=None, tokenizer_revision=None, gpu_memory_utilization=0.9,
            max_model_len=None, generation_config="auto",
        ):  # fmt: skip
            made.settings = {name: value for name, value in locals().items() if name not in ("self", "made")}

        def generate(self, prompts, sampling_params=None, *, use_tqdm=True):
            assert len(prompts) == len(sampling_params), "a list of settings is paired one by one with the prompts"
            made.calls.append((prompts, sampling_params, use_tqdm))
            found = []
            for number, (prompt, sampling) in enumerate(zip(prompts, sampling_params, strict=True)):
                ids, reason, end = writer(prompt["prompt_token_ids"], sampling)
                row = ids if end is None or cuts_the_end else [*ids, end]
                one = SimpleNamespace(index=0, text="", token_ids=tuple(row), finish_reason=reason, stop_reason=end)
                found.append(SimpleNamespace(request_id=str(number), outputs=[one], finished=True))
            return found

    module = ModuleType("vllm")
    module.LLM, module.SamplingParams = LLM, SamplingParams
    monkeypatch.setitem(sys.modules, "vllm", module)


def greedy(model):
    """A writer: the likeliest tokens of a model, one answer at a time, as vLLM at temperature 0."""

    def write(prompt, sampling):
        row, written = list(prompt), []
        with torch.no_grad():
            while len(written) < sampling.max_tokens:
                token = int(model(torch.tensor([row])).logits[0, -1].argmax())
                if token in sampling.stop_token_ids:
                    return written, "stop", token
                row.append(token)
                written.append(token)
        return written, "length", None

    return write
