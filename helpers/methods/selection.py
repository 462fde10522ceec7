"""Which blocks and which neurons of a model can go, by what they do while it reads, and not by where they stand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from datasets import Dataset

from helpers import losses, models
from helpers.losses import layer_maps
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import head_of
from helpers.tiers import Tier
from helpers.training import activations
from helpers.training.rows import Padded, of_traces

Batches = Sequence[dict[str, torch.Tensor]]


def batches(tier: Tier, tokenizer, rows: Dataset, at_a_time: int = 8) -> list[dict[str, torch.Tensor]]:
    """Traces as a model reads them: batches of input_ids, labels and attention_mask, each (texts, longest).

    What the teacher did not write has no label here: what its prompt holds already, and the line break that a template
    has behind the end of a turn.

    Args:
        tier: whose traces they are.
        tokenizer: of the model that is to read them.
        rows: kept traces; a few dozen, none of which is used for an exam.
        at_a_time: texts in a batch.
    """
    found, collate = of_traces(tier, tokenizer, rows, "sibling").to_list(), Padded(tokenizer.pad_token_id)
    opening = len(models.prompt_ids(models.load_tokenizer(tier, "teacher"), "")) - len(models.prompt_ids(tokenizer, ""))
    for row in found:
        row["labels"] = written(row["labels"], opening, tokenizer.eos_token_id)
    return [collate(found[i : i + at_a_time]) for i in range(0, len(found), at_a_time)]


def written(labels: Sequence[int], opening: int, end: int) -> list[int]:
    """Labels of what a teacher wrote alone: without `opening` tokens at the beginning, and without what is behind end.

    As `methods.logits.shares` has it, where a soft target has no part in those.
    """
    first = next(place for place, label in enumerate(labels) if label != losses.IGNORED) + opening
    last = labels.index(end) if end in labels else len(labels)
    return [label if first <= place <= last else losses.IGNORED for place, label in enumerate(labels)]


@torch.no_grad()
def influences(model: torch.nn.Module, read: Batches) -> list[float]:
    """How far each block turns what goes through it: 1 minus the cosine of its input and its output.

    The last block's output is taken before the final norm, which is no part of it.

    Args:
        model: a causal language model, in evaluation mode.
        read: as `batches` gives them.

    Returns:
        Of each block, the mean over the learnt tokens, from 0, which changes no direction, to 2.

    Source:
        Block Influence: Men et al. 2024, "ShortGPT" (arXiv 2403.03853). There over all tokens of a text.
    """
    turned, count = [0.0] * layer_maps.blocks(model), 0
    for batch in read:
        labels = batch["labels"].to(model.device)
        caught: dict[int, torch.Tensor] = {}

        def see(number: int, module, given, named, output, caught=caught, labels=labels) -> None:
            sides = (losses.learnt(one.float(), labels) for one in (_given(given, named), _stream(output)))
            caught[number] = 1 - F.cosine_similarity(*sides, dim=-1)

        with ExitStack() as hooks:
            for number, block in enumerate(model.base_model.layers):
                hook = block.register_forward_hook(lambda *told, number=number: see(number, *told), with_kwargs=True)
                hooks.callback(hook.remove)
            _read(model, batch)
        turned = [one + caught[number].sum().item() for number, one in enumerate(turned)]
        count += len(caught[0])
    return [one / count for one in turned]


@contextmanager
def without(model: torch.nn.Module, dropped: Sequence[int]) -> Iterator[torch.nn.Module]:
    """The model for a moment as if some of its blocks were not there: what they are given goes on as it is.

    They stay where they are: in Qwen 3 and Gemma 3 a block's place says what mask and what rotary embedding it gets,
    and one that was taken out of the list would shift those of all behind it.

    Args:
        model: a causal language model.
        dropped: numbers of blocks, from 1 on.

    Raises:
        ValueError: for a block that does not exist.
    """
    blocks = layer_maps.blocks(model)
    if strange := sorted(set(dropped) - set(range(1, blocks + 1))):
        raise ValueError(f"there is no block {strange[0]} to leave out: choose from 1 to {blocks}")
    with ExitStack() as hooks:
        for number in dropped:
            block = model.base_model.layers[number - 1]
            hooks.callback(block.register_forward_hook(_pass_on, with_kwargs=True).remove)
        yield model


@torch.no_grad()
def loss(model: torch.nn.Module, read: Batches, dropped: Sequence[int] = ()) -> float:
    """The mean loss of a learnt token, in nats, of the model without some of its blocks.

    The logits of some tokens at a time are held. Args and Raises as `without`; read: as `batches` gives them.
    """
    head, total, count = head_of(model), 0.0, 0
    some = max(1, LOGITS // len(head.weight))
    with without(model, dropped):
        for batch in read:
            labels = batch["labels"].to(model.device)
            given = {name: batch[name].to(model.device) for name in ("input_ids", "attention_mask")}
            states = losses.learnt(activations.read(model, given, "hidden", ())[0], labels)
            words = losses.targets(labels)
            for one, word in zip(states.split(some), words.split(some), strict=True):
                total += F.cross_entropy(head.logits(one), word, reduction="sum").item()
            count += len(words)
    return total / count


def least_missed(model: torch.nn.Module, read: Batches, keep: int) -> list[tuple[int, float]]:
    """The blocks that go one after another, each time the one without which the loss is lowest.

    What a block is worth depends on which others are there, so the rest is measured again after each that went.

    Args:
        model: a causal language model, in evaluation mode.
        read: as `batches` gives them.
        keep: how many blocks are to stay.

    Returns:
        (block, loss without it and those before it), in the order in which they go.

    Raises:
        ValueError: where so many cannot be kept.

    Source:
        Song et al. 2024, "SLEB" (arXiv 2402.09025).
    """
    return one_after_another(layer_maps.blocks(model), keep, lambda dropped: loss(model, read, dropped))


def one_after_another(blocks: int, keep: int, loss_of: Callable[[list[int]], float]) -> list[tuple[int, float]]:
    """The greedy search of `least_missed`, of any loss; Returns and Raises as there.

    Args:
        blocks: how many there are.
        keep: how many are to stay.
        loss_of: gives the loss without some blocks, by their numbers from 1 on.
    """
    _check(keep, blocks)
    gone: list[tuple[int, float]] = []
    while len(gone) < blocks - keep:
        before = [block for block, _ in gone]
        rest = [block for block in range(1, blocks + 1) if block not in before]
        gone.append(min(((block, loss_of([*before, block])) for block in rest), key=lambda one: one[1]))
    return gone


def highest(scores: Sequence[float], keep: int) -> tuple[int, ...]:
    """The blocks with the highest scores, by their numbers from 1 on and in their order; of equal ones the first.

    Raises:
        ValueError: where so many cannot be kept.
    """
    _check(keep, len(scores))
    best = sorted(range(len(scores)), key=lambda number: -scores[number])[:keep]
    return tuple(sorted(number + 1 for number in best))


@torch.no_grad()
def strengths(model: torch.nn.Module, read: Batches) -> list[torch.Tensor]:
    """How much each neuron of each block's MLP adds: the mean length of the vector that it gives to the sum.

    A neuron's vector is its activation times its column of `down_proj`, so this is the mean size of the one times the
    length of the other. (Gemma's norm behind the MLP comes later and scales all of them alike.)

    Args:
        model: a causal language model with `gate_proj`, `up_proj` and `down_proj`, in evaluation mode.
        read: as `batches` gives them; the mean is over the learnt tokens.

    Returns:
        For each block (neurons,), in float32.
    """
    downs = [block.mlp.down_proj for block in model.base_model.layers]
    sums, count = [torch.zeros(down.in_features, device=model.device) for down in downs], 0
    for batch in read:
        labels = batch["labels"].to(model.device)
        with ExitStack() as hooks:
            for total, down in zip(sums, downs, strict=True):
                hooks.callback(down.register_forward_pre_hook(partial(_add_up, total, labels)).remove)
            _read(model, batch)
        count += len(losses.targets(labels))
    return [total / count * down.weight.float().norm(dim=0) for total, down in zip(sums, downs, strict=True)]


def strongest(found: Sequence[torch.Tensor], width: int) -> list[list[int]]:
    """For each block the numbers of its `width` strongest neurons, in their order. found: as `strengths` gives it."""
    return [sorted(each.topk(width).indices.tolist()) for each in found]


def _check(keep: int, blocks: int) -> None:
    if not 1 <= keep <= blocks:
        raise ValueError(f"{keep} blocks of {blocks} cannot be kept: choose from 1 to {blocks}")


def _read(model, batch) -> None:
    given = {name: batch[name].to(model.device) for name in ("input_ids", "attention_mask")}
    model(**given, use_cache=False, logits_to_keep=1)


def _add_up(total: torch.Tensor, labels: torch.Tensor, module, given: tuple) -> None:
    """Adds the sizes of what a layer is given at the learnt tokens to a total for each of its inputs."""
    total += losses.learnt(given[0].float().abs(), labels).sum(0)


def _given(given: tuple, named: dict) -> torch.Tensor:
    """The stream that a block was given."""
    return given[0] if given else named["hidden_states"]


def _stream(output) -> torch.Tensor:
    """The stream that a block gave: some families give a tuple that begins with it."""
    return output[0] if isinstance(output, tuple) else output


def _pass_on(module, given, named, output):
    stream = _given(given, named)
    return (stream, *output[1:]) if isinstance(output, tuple) else stream
