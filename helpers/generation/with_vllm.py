"""A teacher in vLLM: hundreds of answers at once, read as those of transformers are."""

from collections.abc import Iterable, Iterator, Sequence

from helpers import memory, models, provenance
from helpers.generation.with_transformers import Answer, answer_of, check_asked, end_tokens
from helpers.models.kinds import Tokenizer
from helpers.tiers import Tier

FORCED = "DISTILL_ENGINE"  # the environment variable that names an engine
AHEAD = 256  # questions that vLLM is given at a time, or a few more, so that what is there can be stored
PROMPT = 1024  # room for a prompt, in tokens
FREE = 0.9  # the part that vLLM takes of what is free on the card


class Vllm:
    """A `generation.Writer`: the tier's teacher in vLLM, in bfloat16 and not in 4 bits, on what is free of the card.

    Raises:
        ImportError: where vLLM is installed and cannot be imported, else what vLLM raises.
    """

    name = "vllm"

    def __init__(self, tier: Tier):
        try:
            from vllm import LLM
        except Exception as error:
            raise ImportError(
                "vLLM is installed and cannot be imported, mostly because it was built for another torch: mend it, "
                f"remove it with `pip uninstall vllm`, or do without it, {FORCED}=transformers"
            ) from error
        import torch
        from transformers import AutoConfig, GenerationConfig  # not at the top: see helpers.models.loading

        source, revision = tier.teacher.source, tier.teacher.revision
        self.generation_config = GenerationConfig.from_pretrained(source, revision=revision)  # names an answer's ends
        self.config = AutoConfig.from_pretrained(source, revision=revision)
        free, total = torch.cuda.mem_get_info()
        self.llm = LLM(
            model=source,
            revision=revision,
            tokenizer_revision=revision,
            dtype="bfloat16",
            max_model_len=PROMPT + tier.max_new_tokens,
            gpu_memory_utilization=round(FREE * free / total, 2),
            generation_config="vllm",  # nothing is taken from the model's folder: all of it is given below
        )

    def answers(self, tokenizer: Tokenizer, tasks: Iterable[tuple[Sequence[str], dict]]) -> Iterator[list[Answer]]:
        """As `Writer.answers`. Tasks are put together, up to AHEAD questions, each with a seed of its own."""
        ends = end_tokens(self, tokenizer)
        for group in _groups(tasks):
            prompts, sampling = [], []
            for asked, how in group:
                check_asked(asked, **how)
                for place, question in enumerate(asked):
                    prompts.append({"prompt_token_ids": models.prompt_ids(tokenizer, question)})
                    sampling.append(_sampling(ends, place, **how))
            written = iter(self.llm.generate(prompts, sampling, use_tqdm=group[0][1].get("progress", True)))
            for asked, _ in group:
                opened = bool(asked) and models.opens_reasoning(tokenizer, asked[0])
                yield [_read(next(written).outputs[0], ends, tokenizer, opened) for _ in asked]

    def parameters(self):
        """The weights' shapes without the weights, for `models.parameter_count`: vLLM keeps the weights to itself."""
        import torch
        from transformers import AutoModelForCausalLM

        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(self.config).parameters()

    def close(self) -> None:
        """Gives the card back; the model can no longer be asked."""
        self.llm = None
        memory.give_back()


def _groups(tasks: Iterable[tuple[Sequence[str], dict]]) -> Iterator[list[tuple[Sequence[str], dict]]]:
    """The tasks in their order, with AHEAD questions at a time or a few more."""
    group = []
    for task in tasks:
        group.append(task)
        if sum(len(asked) for asked, _ in group) >= AHEAD:
            yield group
            group = []
    if group:
        yield group


def _sampling(ends, place, max_new_tokens, temperature=0.0, top_p=1.0, top_k=0, seed=0, batch_size=None, progress=None):
    """vLLM's settings for one answer: those of `generation.generate`, of which batch_size and progress mean nothing."""
    from vllm import SamplingParams

    sampled = temperature > 0
    return SamplingParams(
        temperature=temperature,
        top_p=top_p if sampled else 1.0,
        top_k=top_k if sampled and top_k else -1,  # all tokens
        seed=_derived(seed, place),
        max_tokens=max_new_tokens,
        stop_token_ids=ends,
        detokenize=False,  # the tokens are read here, as transformers' are
    )


def _read(completion, ends: list[int], tokenizer, opened: bool) -> Answer:
    """vLLM says why it stopped, and may or may not leave the token that stopped it in the row."""
    ids = list(completion.token_ids)
    if completion.finish_reason == "stop" and not set(ids) & set(ends):
        ids.append(ends[0])
    return answer_of(ids, ends, tokenizer, opened)


def _derived(seed: int, place: int) -> int:
    """A seed for each place: the same question twice in a batch gets two answers."""
    return provenance.seed_of("answer", seed, place)
