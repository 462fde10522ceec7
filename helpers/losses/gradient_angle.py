"""How far the gradient of stored targets points away from that of the whole distribution, and what storing costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch.func import functional_call

from helpers import losses
from helpers.cache.encodings import Encoding
from helpers.losses.head import Head, head_of


@dataclass(frozen=True)
class Quality:
    """bytes: of packed targets for each learnt token; degrees: between their gradient and the full one, 0 to 180."""

    bytes: float
    degrees: float


def angles(
    student: torch.nn.Module, teacher: torch.nn.Module, rows: Sequence[Mapping], encodings: Sequence[Encoding],
    weights: Sequence[torch.Tensor], vocabulary: int | None = None, seed: int = 0, temperature: float = 1.0,
) -> dict[Encoding, Quality]:  # fmt: skip
    """For each encoding, what it costs and the angle between two gradients.

    Each distribution of the teacher is encoded to bytes and read back. The angle lies between two gradients over all
    learnt tokens of the rows, with respect to some of the student's weights: that of the loss on what was read
    (`losses.sparse`), and that of the forward KL. Nobody's gradients or weights are changed.

    Args:
        student: a causal language model.
        teacher: a causal language model.
        rows: with input_ids and labels, one sequence each.
        encodings: what is compared.
        weights: of the student's last layers, or all; the further they lie from the output, the longer it takes. Of a
            student that is trained, those of its adapter.
        vocabulary: as `head_of`.
        seed: of the draws.
        temperature: of both distributions, as in the training.

    Raises:
        ValueError: for a student whose head has a softcap, and as `head_of`.

    Source:
        Anshumann et al. 2025, section 4.2.
    """
    head, generator = head_of(student, vocabulary), torch.Generator().manual_seed(seed)
    head = replace(head, weight=losses.wide(head.weight.detach()))  # the sums are not taken in half precision
    if head.softcap is not None:
        raise ValueError("the angle is only worked out for an output head without a softcap")
    # The student with copies in the place of its weights, which share their memory: of these alone a gradient is asked.
    # What is frozen stays where it is: a copy of a weight in 4 bits is none.
    name_of = {id(weight): name for name, weight in student.named_parameters()}
    wanted = [name_of[id(weight)] for weight in weights]
    copies = {name: w.detach() for name, w in student.named_parameters() if w.requires_grad or name in wanted}
    asked = [copies[name].requires_grad_() for name in wanted]
    gradients, sizes, count = {}, dict.fromkeys(encodings, 0), 0
    for row in rows:
        ids, labels = (torch.tensor([row[key]], device=student.device) for key in ("input_ids", "labels"))
        given = {"input_ids": ids, "output_hidden_states": True, "logits_to_keep": 1, "use_cache": False}
        states = losses.learnt(functional_call(student, copies, kwargs=given).hidden_states[-1], labels)
        with torch.no_grad():
            theirs = losses.learnt(teacher(**given).hidden_states[-1], labels)
            both = head_of(teacher, vocabulary).logits(theirs), head.logits(states)
            p, q = ((logits / temperature).softmax(-1) for logits in both)
            toward = q @ head.weight
            pulls = {None: toward - p @ head.weight}  # of the forward KL
            for one in encodings:
                packed = one.encode(p, generator)
                sizes[one] += len(packed)
                stored = (torch.from_numpy(each).to(p.device) for each in one.decode(packed, *p.shape))
                pulls[one] = pull(one, *stored, q, toward, head)
        count += len(p)
        for one, found in pulls.items():
            found = torch.autograd.grad(states, asked, found.to(states.dtype), retain_graph=True)
            gradients[one] = gradients.get(one, 0) + torch.cat([each.flatten() for each in found]).double()
    full = gradients.pop(None)
    return {one: Quality(sizes[one] / count, _degrees(found, full)) for one, found in gradients.items()}


def pull(
    encoding: Encoding, ids: torch.Tensor, weights: torch.Tensor, q: torch.Tensor, toward: torch.Tensor, head: Head
) -> torch.Tensor:
    """The gradient of `stored_cross_entropy`, summed over the tokens, with respect to the hidden states.

    In closed form, because stored targets are few: the sum over the vocabulary is taken once for all encodings, where
    autograd would take it for each.

    Args:
        encoding: how the targets were kept.
        ids: (tokens, n), the targets.
        weights: (tokens, n), theirs.
        q: (tokens, vocabulary), the student's distribution.
        toward: (tokens, width), q @ head.weight.
        head: the student's.

    Returns:
        (tokens, width).
    """
    total = weights.sum(-1, keepdim=True)
    found = F.embedding_bag(ids, head.weight, per_sample_weights=weights, mode="sum")
    if not encoding.tail:
        return total * toward - found
    # Each token outside gets of the rest what the student itself would give it.
    kept = q.gather(1, ids)
    scale = (1 - total).clamp_min(0) / q.scatter(1, ids, 0).sum(-1, keepdim=True)
    outside = toward - F.embedding_bag(ids, head.weight, per_sample_weights=kept, mode="sum")
    return toward - found - scale * outside


def _degrees(one: torch.Tensor, other: torch.Tensor) -> float:
    cosine = (one @ other / (one.norm() * other.norm())).clamp(-1, 1).item()
    return math.degrees(math.acos(cosine))
