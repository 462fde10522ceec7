"""What runs where: models, data and settings of the mini, small and full tier, as plain data."""

import os
from dataclasses import dataclass
from pathlib import Path

from helpers.tiers import from_file, student_override
from helpers.tiers.naming import ROOT
from helpers.tiers.own import own
from helpers.tiers.seeds import check_seed
from helpers.tiers.specs import Budget, DataSpec, EndpointSpec, Lora, OwnData, Sampling, endpoint

__all__ = [
    "ROOT", "TIERS", "Budget", "DataSpec", "EndpointSpec", "Lora", "ModelSpec", "OwnData", "Sampling", "Tier",
    "check_seed", "endpoint", "own", "resolve", "resolved",
]  # fmt: skip


@dataclass(frozen=True)
class ModelSpec:
    """A repository on the Hugging Face Hub with its commit, or a folder from the project's root on, without one.

    So a model cannot change under a result.
    """

    name: str
    revision: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is a folder."""
        return self.revision is None

    @property
    def source(self) -> str:
        """What `from_pretrained` is given: the repository's name, or the folder's full path."""
        return str(ROOT / self.name) if self.local else self.name


@dataclass(frozen=True)
class Tier:
    """One size of the whole series.

    sibling: a student that shares the teacher's tokenizer, or None.
    engine: "unsloth" loads through Unsloth where there is a CUDA GPU; "transformers" never does.
    max_new_tokens: room for a teacher's trace; answer_tokens: for a student's answer.
    max_length: tokens of the longest sequence to train on. traces: how many problems the teacher works.
    batch_size: sequences to an optimizer step, micro_batch of them at a time.
    generate_batch: traces of the teacher at a time; answer_batch: answers of a student.
    long_share: of the traces that are taught, how many are whole, the others short (`traces.mix`); None: all whole.
    """

    name: str
    teacher: ModelSpec | EndpointSpec
    student: ModelSpec
    sibling: ModelSpec | None
    data: DataSpec
    engine: str
    sampling: Sampling
    lora: Lora
    max_new_tokens: int
    answer_tokens: int
    max_length: int
    traces: int
    batch_size: int
    micro_batch: int
    generate_batch: int
    answer_batch: int
    epochs: int
    budget: Budget
    long_share: float | None = None

    @property
    def artifacts(self) -> Path:
        """The folder for what runs on this tier make."""
        return ROOT / "artifacts" / self.name


GSM8K = DataSpec("openai/gsm8k", "main", "740312add88f781978c0658806c59bc2815b9866")
QWEN3_0_6B = ModelSpec("Qwen/Qwen3-0.6B", "c1899de289a04d12100db370d81485cdf75e47ca")
# The settings that Qwen's model cards give for thinking. Greedy decoding makes these models loop.
QWEN3_THINKING = Sampling(temperature=0.6, top_p=0.95, top_k=20)
ONE_TO_FOUR = 0.2  # long to short: helped students of up to 3 billion weights (Li et al. 2025, arXiv 2502.12143)

TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            name="mini", teacher=ModelSpec("data/mini/teacher"), student=ModelSpec("data/mini/student"),
            sibling=ModelSpec("data/mini/sibling"), data=DataSpec("helpers.problems"), engine="transformers",
            sampling=Sampling(temperature=1.0),
            lora=Lora(r=32, alpha=64, learning_rate=8e-3),  # narrow layers, few steps: far above the usual 2e-4
            max_new_tokens=200, answer_tokens=200, max_length=512,
            traces=1_600, epochs=4, batch_size=12, micro_batch=12, generate_batch=48, answer_batch=192,
            budget=Budget(minutes=50, memory_gb=3, state="measured on two cores"),
        ),
        Tier(
            name="small", teacher=QWEN3_0_6B,
            student=ModelSpec("google/gemma-3-270m-it", "ac82b4e820549b854eebf28ce6dedaf9fdfa17b3"),
            # The family has nothing smaller than this teacher: the same size, before it learned to think.
            sibling=ModelSpec("Qwen/Qwen3-0.6B-Base", "da87bfb608c14b7cf20ba1ce41287e8de496c0cd"),
            data=GSM8K, engine="unsloth", sampling=QWEN3_THINKING, lora=Lora(r=32, alpha=64, learning_rate=2e-4),
            max_new_tokens=4_096, answer_tokens=1_024, max_length=2_048,
            traces=1_000, epochs=4, batch_size=32, micro_batch=4, generate_batch=8, answer_batch=16,
            budget=Budget(minutes=300, memory_gb=12), long_share=ONE_TO_FOUR,
        ),
        Tier(
            name="full", teacher=ModelSpec("Qwen/Qwen3-4B-Thinking-2507", "768f209d9ea81521153ed38c47d515654e938aea"),
            student=ModelSpec("google/gemma-3-1b-it", "dcc83ea841ab6100d6b47a070329e1ba4cf78752"),
            sibling=QWEN3_0_6B, data=GSM8K, engine="unsloth", sampling=QWEN3_THINKING,
            lora=Lora(r=32, alpha=64, learning_rate=2e-4),
            # A trace that is cut off teaches the student never to stop, so the budget is far above what GSM8K needs.
            max_new_tokens=8_192, answer_tokens=2_048, max_length=4_096,
            traces=2_000, epochs=4, batch_size=32, micro_batch=2, generate_batch=8, answer_batch=16,
            budget=Budget(minutes=900, memory_gb=21), long_share=ONE_TO_FOUR,
        ),
    )
}
_resolved: Tier | None = None


def resolve(tier: str | Tier = "auto", seed: int = 0) -> Tier:
    """The tier to run on.

    DISTILL_TIER in the environment goes before a name, and may be the path of a JSON file (`from_file`);
    DISTILL_STUDENT (`student_override`) names another student.

    Args:
        tier: a name, or "auto" for what the hardware allows: the largest whose planned memory a CUDA GPU
            has, mini where there is none. A Tier comes back as it is.
        seed: of what is to run; it is only looked at.

    Raises:
        ValueError: for an unknown name, saying who gave it, a student that is not there, and a seed that is none.
    """
    global _resolved
    check_seed(seed)
    if isinstance(tier, Tier):
        _resolved = tier
        return tier
    forced = os.environ.get("DISTILL_TIER")
    name, giver = (forced, "DISTILL_TIER") if forced else (tier, "the argument `tier`")
    if name == "auto":
        import torch  # two seconds: only where the hardware is asked

        card = torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else 0
        fitting = [one.name for one in TIERS.values() if card >= one.budget.memory_gb * 1e9]
        name = fitting[-1] if fitting else "mini"
    if forced and name.endswith(".json"):
        _resolved = from_file.of_file(Path(name), TIERS)
        return _resolved
    if name not in TIERS:
        raise ValueError(f"{giver} is {name!r}, and there is no such tier; choose from auto, {', '.join(TIERS)}")
    _resolved = student_override.chosen(TIERS[name])
    return _resolved


def resolved() -> Tier | None:
    """The tier that was resolved last in this process."""
    return _resolved
