"""What a teacher holds inside, on disk beside its targets: the states of some layers at the learnt tokens."""

import torch


def pack(states: torch.Tensor) -> bytes:
    """States, (layers, tokens, width) of one text, as bytes, two to a number.

    In bfloat16: no state of a large model is too great for it.
    """
    return states.to(torch.bfloat16).contiguous().view(torch.int16).cpu().numpy().tobytes()


def unpack(packed: bytes, layers: int, tokens: int) -> torch.Tensor:
    """What `pack` was given, (layers, tokens, width) in float32, rounded once to bfloat16.

    Raises:
        ValueError: if the bytes cannot be so many numbers.
    """
    numbers = len(packed) // 2
    if not layers * tokens or len(packed) % 2 or numbers % (layers * tokens):
        raise ValueError(
            f"{len(packed):,} bytes of states for {layers} layers of {tokens:,} tokens: the cache is damaged"
        )
    return torch.frombuffer(bytearray(packed), dtype=torch.bfloat16).view(layers, tokens, -1).float()
