"""Graphics cards as data, and what is assumed of the software on them: published figures, before any measurement."""

from dataclasses import dataclass, replace

GB = 1e9

# Assumptions, each with where it comes from. They are the planner's own; change one, and every plan follows.
RUNTIME = 0.6 * GB  # CUDA's context, kernels and cuBLAS's workspaces
FRAGMENTATION = 0.05  # of all tensors: what PyTorch's allocator holds and cannot use
# Seconds that a layer's kernels wait to be started, for each pass. Qwen's own speed table (Transformers, batch 1, H20)
# gives 17.1 ms for 28 layers and 21.8 ms for 36: 0.61 and 0.60 ms. Fused kernels are faster, a slow CPU is slower.
LAUNCH = (0.35e-3, 0.9e-3)
BANDWIDTH = (0.8, 0.4)  # share of a card's bandwidth that writing token by token reaches, at best and at worst
COMPUTE = (0.45, 0.15)  # share of a card's arithmetic that training reaches


@dataclass(frozen=True)
class Card:
    """A graphics card.

    memory: bytes that PyTorch finds on it, a little less than it is sold with. flops: operations a second on dense
    matrices of numbers of so many `bytes`: bfloat16, added up in 32 bits, or float32 where a card has none of that;
    there `helpers.models` takes float32, because Gemma 3 overflows in float16. bandwidth: bytes a second.
    """

    name: str
    sold_gb: int
    memory: float
    flops: float
    bandwidth: float
    bytes: int = 2

    @property
    def room(self) -> float:
        """Bytes for tensors."""
        return (self.memory - RUNTIME) / (1 + FRAGMENTATION)


def whole(tensors: float) -> float:
    """Bytes of a card that so many bytes of tensors need, with what the runtime takes and what cannot be used."""
    return tensors * (1 + FRAGMENTATION) + RUNTIME


# From NVIDIA's data sheets and architecture papers. Memory: what PyTorch has been seen to report where that is known
# (T4 14.7 GiB, L4 22.2 GiB), else the size on the box.
CARDS = {
    card.name: card
    for card in (
        Card("T4", 16, 14.74 * 2**30, 8.1e12, 320e9, bytes=4),
        Card("L4", 24, 22.16 * 2**30, 121e12, 300e9),
        Card("RTX 3090", 24, 24 * GB, 71e12, 936e9),
        Card("RTX 4090", 24, 24 * GB, 165e12, 1_008e9),
        Card("A6000", 48, 48 * GB, 155e12, 768e9),
        Card("L40S", 48, 44.4 * 2**30, 362e12, 864e9),
        Card("A100", 80, 79.1 * 2**30, 312e12, 2_039e9),
        Card("H100", 80, 79.1 * 2**30, 989e12, 3_350e9),
        Card("H200", 141, 139.7 * 2**30, 989e12, 4_800e9),
    )
}


def card_of(name: str) -> Card:
    """A card by its name, or by the memory that it is sold with, such as "24": then the one with the least.

    Raises:
        ValueError: for any other.
    """
    found = [card for card in CARDS.values() if name in (card.name, str(card.sold_gb))]
    if not found:
        sizes = sorted({card.sold_gb for card in CARDS.values()})
        raise ValueError(f"no card called {name!r}; choose from {', '.join(CARDS)}, or a size: {sizes}")
    return min(found, key=lambda card: card.memory)


def here() -> Card | None:
    """This machine's card with the memory that PyTorch finds on it, None where there is none.

    Its speed is that of the published card whose name it bears, else an L4's.
    """
    import torch  # two seconds, and only here

    if not torch.cuda.is_available():
        return None
    found = torch.cuda.get_device_properties(0)
    like = [card for name, card in CARDS.items() if name in found.name]
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return replace(
        max(like, key=lambda card: len(card.name), default=CARDS["L4"]),
        name=found.name, memory=found.total_memory, bytes=2 if native else 4,
    )  # fmt: skip
