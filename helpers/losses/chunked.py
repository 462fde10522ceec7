"""A divergence from hidden states and output heads that never holds the logits of all tokens.

At 262,144 logits a token, those of one long batch and what autograd keeps of them need more memory than the model. Here
they are made for some tokens at a time. The gradient with respect to the logits is known in closed form and taken right
away, and only that of the hidden states is kept: three matrix products for a chunk, the fewest there can be.
"""

import math
from dataclasses import dataclass, replace

import torch

from helpers import losses
from helpers.losses.head import Head

CHUNK = 128  # tokens whose logits are held at a time
BLOCK = 2**19  # logits that a CPU works on at a time within a chunk: few enough to stay in its cache


def chunked_divergence(
    student_hidden: torch.Tensor, student: Head, teacher_hidden: torch.Tensor, teacher: Head, kind: str = "forward",
    temperature: float = 1.0, beta: float = 0.5, count: float | torch.Tensor | None = None,
    labels: torch.Tensor | None = None, alpha: float | torch.Tensor = 0.0, chunk: int = CHUNK,
) -> torch.Tensor:  # fmt: skip
    """`losses.divergence` of the logits that two heads make of hidden states: the same value and the same gradients.

    Gradients reach student_hidden, and the student's weight and bias where they are trained; the teacher gets none.

    Args:
        student_hidden: (tokens, width), already shifted (`losses.learnt`).
        student: the head that makes logits of them.
        teacher_hidden: (tokens, width), with a width of its own.
        teacher: its head.
        kind: as `losses.each_divergence`.
        temperature: as there.
        beta: as there.
        count: as `losses.divergence`.
        labels: (tokens,), the tokens that really follow (`losses.targets`).
        alpha: what share of the loss is their cross-entropy at temperature 1, for all tokens or (tokens,); the rest is
            the divergence (`losses.mixed`).
        chunk: of so many tokens the logits are held at a time.

    Returns:
        A scalar, in nats a token.

    Raises:
        ValueError: as `losses.each_divergence`, and if what belongs to the tokens is not of one length.
    """
    losses.check(len(student.weight), len(teacher.weight), kind, temperature, beta)
    lengths = [len(student_hidden), len(teacher_hidden), len(student_hidden) if labels is None else len(labels)]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"the student has hidden states for {lengths[0]:,} tokens, the teacher for {lengths[1]:,}, and there are "
            f"{lengths[2]:,} labels"
        )
    against = Against(teacher.given(teacher_hidden), teacher, kind, temperature, beta, labels, alpha)
    return in_chunks(student_hidden, student, against, count, chunk)


def in_chunks(
    hidden: torch.Tensor, student: Head, against: "Against", count: float | torch.Tensor | None, chunk: int = CHUNK
) -> torch.Tensor:
    """What `against` makes of a student's logits, as a mean: a scalar. hidden, student, count: as above."""
    if against.labels is not None:
        losses.check_alpha(against.alpha)  # here and not block by block: on a GPU each look at a value waits for it
        dtype, labels = losses.wide(hidden[:0]).dtype, against.labels
        alpha = torch.as_tensor(against.alpha, dtype=dtype, device=labels.device).expand(len(labels))
        against = replace(against, alpha=alpha)
    given = student.given(hidden)
    total = _Chunked.apply(given, student.weight, student.bias, student.softcap, against, chunk)
    return losses.per_token(total, len(hidden), count)


@dataclass(frozen=True)
class Against:
    """What a student's logits are held against: its teacher's, and the labels where there are some."""

    hidden: torch.Tensor
    head: Head
    kind: str
    temperature: float
    beta: float
    labels: torch.Tensor | None
    alpha: torch.Tensor | float

    def space(self, size: tuple[int, int]) -> torch.Tensor:
        """Room for the teacher's logits of a chunk, used again for each."""
        return self.hidden.new_empty(size)

    def theirs(self, place: slice, space: torch.Tensor) -> torch.Tensor:
        """What the teacher's matrix and bias give for some tokens, written into `space`."""
        return product(self.hidden[place], self.head, space)

    def capped(self, theirs: torch.Tensor) -> torch.Tensor:
        """The teacher's logits, in float32 and under its softcap, of what `theirs` gave."""
        return self.head.capped(theirs)

    def losses_and_gradient(self, capped: torch.Tensor, theirs: torch.Tensor, place: slice) -> tuple:
        """Of some tokens the losses, and their gradient with respect to the student's logits under its softcap.

        capped: these logits; theirs: what `theirs` gave for them; place: which of all tokens they are.
        """
        values, gradient = soft(capped, self.capped(theirs), self.kind, self.temperature, self.beta)
        if self.labels is not None:
            hard_values, hard_gradient = cross_entropy(capped, self.labels[place])
            values = torch.lerp(values, hard_values, self.alpha[place])
            gradient = torch.lerp(gradient, hard_gradient, self.alpha[place, None])
        return values, gradient


class _Chunked(torch.autograd.Function):
    """The sum over the tokens. The gradients are taken in the forward pass and scaled in the backward pass."""

    @staticmethod
    def forward(ctx, hidden, weight, bias, softcap, against, chunk):
        student = Head(weight, bias, softcap)
        d_hidden, d_weight, d_bias = (
            torch.zeros_like(given) if given is not None and wanted else None
            for given, wanted in zip((hidden, weight, bias), ctx.needs_input_grad, strict=False)
        )
        size = (min(chunk, len(hidden)), len(weight))
        our_space, their_space = hidden.new_empty(size), against.space(size)  # the same ones for each chunk
        total = torch.zeros((), dtype=losses.wide(hidden[:0]).dtype, device=hidden.device)
        rows = chunk if hidden.is_cuda else max(1, BLOCK // len(weight))
        for begin in range(0, len(hidden), chunk):
            states = hidden[begin : begin + chunk]
            logits = product(states, student, our_space)
            theirs = against.theirs(slice(begin, begin + chunk), their_space)
            gradient = logits  # which takes the logits' place, block by block
            for a in range(0, len(states), rows):
                block = slice(a, min(a + rows, len(states)))
                capped = student.capped(logits[block])
                place = slice(begin + block.start, begin + block.stop)
                values, found = against.losses_and_gradient(capped, theirs[block], place)
                if softcap is not None:
                    found = found * (1 - (capped / softcap) ** 2)
                total += values.sum()
                gradient[block] = found
            if d_hidden is not None:
                torch.mm(gradient, weight, out=d_hidden[begin : begin + chunk])
            if d_weight is not None:
                d_weight.addmm_(gradient.t(), states)
            if d_bias is not None:
                d_bias += gradient.sum(0)
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        return total

    @staticmethod
    def backward(ctx, upstream):
        scaled = [None if g is None else g * upstream.to(g.dtype) for g in ctx.saved_tensors]
        return *scaled, None, None, None


def soft(
    student: torch.Tensor, teacher: torch.Tensor, kind: str, temperature: float, beta: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The divergence of each row of logits, times T², and its gradient with respect to the student's logits.

    With p the teacher's distribution, q the student's and both at temperature T, the gradient of the divergence with
    respect to the student's logits divided by T is
        forward   q - p
        reverse   q (log q/p - KL(q ‖ p))
        jsd       (1-β) q (log q/m - KL(q ‖ m)), m = β p + (1-β) q
    """
    log_q, log_p = (student / temperature).log_softmax(-1), (teacher / temperature).log_softmax(-1)
    q = log_q.exp()
    if kind == "forward":
        p = log_p.exp()
        values, gradient = (p * _gap(log_p, log_q)).sum(-1), q - p
    elif kind == "reverse":
        ratio = _gap(log_q, log_p)
        values = (q * ratio).sum(-1)
        gradient = q * (ratio - values[:, None])
    else:
        log_m = torch.logaddexp(log_p + math.log(beta), log_q + math.log1p(-beta))
        ratio = _gap(log_q, log_m)
        each = (q * ratio).sum(-1)
        values = beta * (log_p.exp() * _gap(log_p, log_m)).sum(-1) + (1 - beta) * each
        gradient = (1 - beta) * q * (ratio - each[:, None])
    return temperature**2 * values, temperature * gradient


def _gap(one, other):
    """one - other, and 0 for a token that `one` rules out: its probability is 0, and 0 log 0 is 0."""
    return (one - other).masked_fill_(torch.isneginf(one), 0.0)


def cross_entropy(student: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The cross-entropy of each row of logits with its label, and its gradient with respect to the logits."""
    log_q = student.log_softmax(-1)
    values = -log_q.gather(1, labels[:, None])[:, 0]
    gradient = log_q.exp()
    gradient[torch.arange(len(labels), device=labels.device), labels] -= 1
    return values, gradient


def product(hidden: torch.Tensor, head: Head, space: torch.Tensor) -> torch.Tensor:
    """The logits before the softcap, written into the first rows of `space`."""
    into = torch.mm(hidden, head.weight.t(), out=space[: len(hidden)])
    return into if head.bias is None else into.add_(head.bias)
