"""Whether the forms of one student say the same: read back, asked the same, and compared with the merged one."""

import math
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from helpers import models, questions
from helpers.evaluation import Table
from helpers.export.alike import Likeness, alike
from helpers.export.merging import Pupil, pupil_of
from helpers.models.kinds import Model
from helpers.models.loading import load
from helpers.provenance import no_bars
from helpers.training.method import Method

# How far a log probability of a form may lie from the merged model's, in nats. Forms that hold all digits differ by the
# order of sums alone, the others by what was rounded. Of the mini student, the furthest in 40 answers was 0.00005 in 32
# bits, 0.015 in f16, 0.06 in bf16 and 0.27 in q8_0; with a base in 4 bits it was 4. Of an adapter: what the merged
# model was rounded to when it was written.
TOLERANCE = {"f32": 1e-3, "float32": 1e-3, "f16": 0.05, "float16": 0.05, "bf16": 0.2, "bfloat16": 0.2, "q8_0": 0.5}


def compared(
    method: Method, home: Path, forms: Mapping[str, Path], problems: Sequence | None = None,
    checkpoint: Path | str | None = None,
) -> dict[str, Likeness]:  # fmt: skip
    """Asks each form of a student the same questions, greedily, in float32 on the CPU.

    The GGUF files are read by transformers, and their words by the merged model's tokenizer: transformers takes Gemma's
    words in a GGUF file for another kind (Unigram) than they are. llama.cpp reads them as they are.

    Args:
        method: the distillation.
        home: what `export.merged` gave, which the others are compared with.
        forms: by name, what `export.adapter` and `export.gguf` gave.
        problems: with `.question` and `.answer`, a few dozen do; 20 of the tier's validation problems if None.
        checkpoint: as `pupil_of`.

    Returns:
        By name, "merged" first.

    Raises:
        ValueError: without problems, and for a GGUF file whose head says otherwise than the merged model's settings.
        FileNotFoundError: as `pupil_of`.
    """
    pupil = pupil_of(method, checkpoint)
    return _asked(method, pupil, {"merged": partial(read, home, pupil, home)}, forms, home, problems)


def with_trained(
    method: Method, forms: Mapping[str, Path], home: Path, problems: Sequence | None = None,
    checkpoint: Path | str | None = None,
) -> dict[str, Likeness]:  # fmt: skip
    """As `compared`, with the student that was trained as the first: base in 4 bits, and its adapter beside it.

    That says what a merge has lost, where `compared` says what a form of a merged model has lost of that. On a GPU the
    student that was trained computes in bfloat16 and the forms on the CPU in float32, so no divergence is quite 0.

    Args:
        method: as there, and so problems and checkpoint.
        forms: by name, what `export.merged` and `export.gguf` gave, of any merge.
        home: one that `export.merged` gave, for the settings of the GGUF files.

    Returns:
        By name, "trained" first.

    Raises:
        ValueError: as `compared`.
        FileNotFoundError: as `pupil_of`.
    """
    pupil, tier = pupil_of(method, checkpoint), replace(method.tier, engine="transformers")
    trained = {"trained": lambda: load(tier, pupil.base, four_bit=True, adapter=pupil.adapter)[0]}
    return _asked(method, pupil, trained, forms, home, problems)


def _asked(method, pupil, first, forms, home, problems):
    """first: the name of what the forms are held against, and what loads it."""
    from transformers import AutoConfig

    if problems is None:
        problems = questions.draw(method.tier, "validation", 20, seed=0, fewer=True)
    written = str(AutoConfig.from_pretrained(home).dtype).removeprefix("torch.")
    allowed = {name: TOLERANCE[path.stem.rpartition("-")[2] if path.is_file() else written]
               for name, path in forms.items()}  # fmt: skip
    loads = first | {name: partial(read, path, pupil, home) for name, path in forms.items()}
    (name,), tokenizer = first, models.load_tokenizer(method.tier, method.role)
    return alike(method.tier, tokenizer, name, loads, allowed, problems)


def table(found: Mapping[str, Likeness]) -> Table:
    """What `compared` found, a row a form."""
    head = ("form", "right answers", "same answers", "furthest (nats)", "mean KL (nats)", "alike")
    rows = [
        (name, one.accuracy, f"{one.same} of {one.accuracy.n}", f"{one.furthest:.2g}", f"{one.mean:.2g}",
         "yes" if one.alike else f"no, above {one.allowed:g}")
        for name, one in found.items()
    ]  # fmt: skip
    return Table(head, rows)


def read(path: Path, pupil: Pupil, home: Path) -> Model:
    """One form as a model in float32 on the CPU, in evaluation mode.

    Args:
        path: a merged model's folder, an adapter's, or a GGUF file.
        pupil: whose form it is; an adapter is laid on its base.
        home: the merged model, whose settings complete a GGUF file's: such a file does not say all that transformers
            wants to know, such as the head's width of Qwen 3.

    Raises:
        ValueError: as `compared`.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM

    with no_bars(), _quiet():
        if path.is_file():
            config = AutoConfig.from_pretrained(home)
            _same_head(path, config)
            model = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, config=config, dtype=torch.float32
            )
        elif (path / "adapter_config.json").is_file():
            spec = pupil.base
            base = AutoModelForCausalLM.from_pretrained(spec.source, revision=spec.revision, dtype=torch.float32)
            model = PeftModel.from_pretrained(base, path)
        else:
            model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    return model.eval()


def _same_head(path: Path, config) -> None:
    """Looks whether what a GGUF file says of the model is what the merged model's settings say."""
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    told, ropes = load_gguf_checkpoint(path)["config"], config.rope_parameters
    wanted = {**config.to_dict(), "rope_theta": ropes.get("full_attention", ropes)["rope_theta"]}
    pairs = [(name, one, wanted[name]) for name, one in told.items() if wanted.get(name) is not None]
    other = [
        f"{name} {one!r} for {two!r}" for name, one, two in pairs
        if not (math.isclose(one, two, rel_tol=1e-6) if isinstance(one, float) else one == two)
    ]  # fmt: skip
    if other:
        raise ValueError(f"{path.name} says otherwise than the merged model: {'; '.join(other)}. Export it again")


@contextmanager
def _quiet():
    """Without the bar that reading a GGUF file draws, which nothing else turns off."""
    from transformers import modeling_gguf_pytorch_utils as reading

    shown, reading.tqdm = reading.tqdm, lambda tensors, **_: tensors
    try:
        yield
    finally:
        reading.tqdm = shown
