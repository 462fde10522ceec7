"""A divergence from hidden states and output heads that never holds the logits of all tokens.

At 262,144 logits a token, those of one long batch and what autograd keeps of them need more memory than the model. Here
they are made for some tokens at a time. The gradient with respect to the logits is known in closed form and taken right
away, and only that of the hidden states is kept: three matrix products for a chunk, the fewest there can be.
"""

import math
from dataclasses import dataclass

import torch

from helpers import losses

CHUNK = 128  # tokens whose logits are held at a time
BLOCK = 2**19  # logits that a CPU works on at a time within a chunk: few enough to stay in its cache


@dataclass(frozen=True)
class Head:
    """What makes logits of hidden states: softcap · tanh((hidden @ weight.T + bias) / softcap).

    weight: (vocabulary, width); bias: (vocabulary,) or None; softcap: None for none, as in Gemma 3.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None = None
    softcap: float | None = None

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, vocabulary), all at once, in float32. The product is taken in the weight's own dtype (`given`)."""
        return _capped(torch.nn.functional.linear(self.given(hidden), self.weight, self.bias), self.softcap)

    def given(self, hidden: torch.Tensor) -> torch.Tensor:
        """Hidden states in the head's dtype: in mixed precision accelerate makes float32 of what a model gives."""
        return hidden.to(self.weight.dtype)


def head_of(model, vocabulary: int | None = None) -> Head:
    """A model's output head, cut to its first `vocabulary` tokens.

    The first time the model is asked for the logits behind one token, and they are compared with the head's.
    Raises ValueError if the head has an adapter, is in 4 bits, or if the model does more with the logits, such as
    scaling them (Granite, Cohere, Falcon-H1): its weight alone would not give the model's logits.
    """
    layer = model.get_output_embeddings()
    if hasattr(layer, "base_layer"):
        raise ValueError(
            "the output layer has an adapter, and this loss reads the layer's weight alone, so it would neither hear "
            "nor train it: leave lm_head out of the adapter's targets"
        )
    if not layer.weight.is_floating_point():
        kind = layer.weight.dtype
        raise ValueError(f"the output layer's weight is {kind}, so it is quantized: load it with a whole lm_head")
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    bias = getattr(layer, "bias", None)
    if not getattr(layer, "gives_the_logits", False):
        layer.gives_the_logits = _compare(model, Head(layer.weight, bias, softcap))
    return Head(layer.weight[:vocabulary], None if bias is None else bias[:vocabulary], softcap)


def _compare(model, head: Head) -> bool:
    """True, or raises ValueError as `head_of` says. One token is read, in the middle of the vocabulary: no padding."""
    with torch.no_grad():
        ids = torch.full((1, 1), len(head.weight) // 2, device=head.weight.device)
        given = model(input_ids=ids, output_hidden_states=True, use_cache=False)
        ours, own = head.logits(given.hidden_states[-1][0, -1]), losses.wide(given.logits[0, -1])
    # Mixed precision rounds what the model gives to bfloat16, whatever the head is in.
    if not torch.allclose(ours, own, rtol=0, atol=0.02 * float(own.abs().max())):
        raise ValueError(
            f"{type(model).__name__} does more with its logits than its output layer and a softcap: the layer alone "
            f"gives {float(ours.norm() / own.norm()):.3g} times as large ones (see logits_scaling, logit_scale or "
            "lm_head_multiplier in its config). This loss would not be of its distributions: choose another model"
        )
    return True


def chunked_divergence(
    student_hidden: torch.Tensor, student: Head, teacher_hidden: torch.Tensor, teacher: Head, kind: str = "forward",
    temperature: float = 1.0, beta: float = 0.5, count: float | torch.Tensor | None = None,
    labels: torch.Tensor | None = None, alpha: float | torch.Tensor = 0.0, chunk: int = CHUNK,
) -> torch.Tensor:  # fmt: skip
    """`losses.divergence` of the logits that two heads make of hidden states: the same value and the same gradients.

    student_hidden, teacher_hidden: (tokens, width), each with its own width, already shifted (`losses.learnt`).
    labels, alpha: (tokens,) the tokens that really follow (`losses.targets`), and what share of the loss is their
        cross-entropy at temperature 1, for all tokens or for each; the rest is the divergence (`losses.mixed`).
    Gradients reach student_hidden, and the student's weight and bias where they are trained; the teacher gets none.
    Raises ValueError as `losses.each_divergence`, and if what belongs to the tokens is not of one length.
    """
    losses.check(len(student.weight), len(teacher.weight), kind, temperature, beta)
    lengths = [len(student_hidden), len(teacher_hidden), len(student_hidden) if labels is None else len(labels)]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"the student has hidden states for {lengths[0]:,} tokens, the teacher for {lengths[1]:,}, and there are "
            f"{lengths[2]:,} labels"
        )
    hard = None
    if labels is not None:
        losses.check_alpha(alpha)  # here and not block by block: on a GPU each look at a value waits for it
        dtype = losses.wide(student_hidden[:0]).dtype
        hard = labels, torch.as_tensor(alpha, dtype=dtype, device=labels.device).expand(len(labels))
    total = _Chunked.apply(
        student.given(student_hidden), student.weight, student.bias, teacher.given(teacher_hidden), teacher,
        student.softcap, (kind, temperature, beta), hard, chunk,
    )  # fmt: skip
    return losses.per_token(total, len(student_hidden), count)


class _Chunked(torch.autograd.Function):
    """The sum over the tokens. The gradients are taken in the forward pass and scaled in the backward pass."""

    @staticmethod
    def forward(ctx, hidden, weight, bias, teacher_hidden, teacher, softcap, form, hard, chunk):
        wanted = [value is not None and ctx.needs_input_grad[i] for i, value in enumerate((hidden, weight, bias))]
        grads = [torch.zeros_like(v) if want else None for v, want in zip((hidden, weight, bias), wanted, strict=True)]
        size = (min(chunk, len(hidden)), len(weight))
        ours, theirs = hidden.new_empty(size), teacher_hidden.new_empty(size)
        total = torch.zeros((), dtype=losses.wide(hidden[:0]).dtype, device=hidden.device)
        for begin in range(0, len(hidden), chunk):
            states, other = hidden[begin : begin + chunk], teacher_hidden[begin : begin + chunk]
            s = _logits(states, weight, bias, ours[: len(states)])
            t = _logits(other, teacher.weight, teacher.bias, theirs[: len(states)])
            rows = chunk if hidden.is_cuda else max(1, BLOCK // len(weight))
            for a in range(0, len(states), rows):
                capped = _capped(s[a : a + rows], softcap)
                values, gradient = soft(capped, _capped(t[a : a + rows], teacher.softcap), *form)
                if hard is not None:
                    labels, alpha = (each[begin + a : begin + a + len(values)] for each in hard)
                    hard_values, hard_gradient = cross_entropy(capped, labels)
                    values = torch.lerp(values, hard_values, alpha)
                    gradient = torch.lerp(gradient, hard_gradient, alpha[:, None])
                if softcap is not None:
                    gradient = gradient * (1 - (capped / softcap) ** 2)
                total += values.sum()
                s[a : a + rows] = gradient  # the logits are not needed any more
            if grads[0] is not None:
                torch.mm(s, weight, out=grads[0][begin : begin + chunk])
            if grads[1] is not None:
                grads[1].addmm_(s.t(), states)
            if grads[2] is not None:
                grads[2] += s.sum(0)
        ctx.save_for_backward(*grads)
        return total

    @staticmethod
    def backward(ctx, upstream):
        scaled = [None if g is None else g * upstream.to(g.dtype) for g in ctx.saved_tensors]
        return *scaled, None, None, None, None, None, None


def soft(student, teacher, kind, temperature, beta):
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


def cross_entropy(student, labels):
    """The cross-entropy of each row of logits with its label, and its gradient with respect to the logits."""
    log_q = student.log_softmax(-1)
    values = -log_q.gather(1, labels[:, None])[:, 0]
    gradient = log_q.exp()
    gradient[torch.arange(len(labels), device=labels.device), labels] -= 1
    return values, gradient


def _logits(hidden, weight, bias, into):
    torch.mm(hidden, weight.t(), out=into)
    return into if bias is None else into.add_(bias)


def _capped(logits, softcap):
    logits = losses.wide(logits)
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)
