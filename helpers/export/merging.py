"""What is taken home, the base and the adapter of a finished training; and both as one model that needs no adapter."""

import json
import logging
import shutil
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from helpers import disk, models, provenance, training
from helpers.generation.with_transformers import end_tokens, generation_config
from helpers.models import hub_errors
from helpers.models.kinds import Model, Tokenizer
from helpers.models.loading import load
from helpers.provenance import no_bars
from helpers.tiers import ModelSpec
from helpers.training.checkpoints import is_whole
from helpers.training.method import Method

ADAPTER = "adapter_model.safetensors", "adapter_config.json"


@dataclass(frozen=True)
class Pupil:
    """A student after its lessons, as it is taken home.

    Attributes:
        method: the distillation that taught it.
        run: how its training went.
        adapter: the folder of the checkpoint whose adapter it has.
        base: the model that the adapter belongs to.
    """

    method: Method
    run: training.Run
    adapter: Path
    base: ModelSpec

    @property
    def record(self) -> dict:
        """What makes it what it is, without a path of this computer."""
        return {
            "base": shown(self.base), "base_revision": provenance.revision(self.base),
            "run": self.method.folder.name, "checkpoint": self.adapter.name,
            "adapter": provenance.digest(self.adapter / ADAPTER[0]),
        }  # fmt: skip


def pupil_of(method: Method, adapter: Path | str | None = None) -> Pupil:
    """The student of a finished training.

    Args:
        method: the distillation.
        adapter: the checkpoint, one of `training.adapters(method.folder)`; the last one if None.

    Raises:
        FileNotFoundError: where the training is not finished or has no adapter.
        ValueError: for a checkpoint that is not whole.
    """
    run = training.read(method.folder)
    chosen = Path(adapter) if adapter is not None else training.adapters(method.folder)[-1]
    if not is_whole(chosen):
        raise ValueError(f"{chosen} is no whole checkpoint: choose one of `training.adapters(method.folder)`")
    return Pupil(method, run, chosen, getattr(method.tier, method.role))


def shown(spec: ModelSpec) -> str:
    """A model's name as others may read it: the Hub's, or a folder's from the project's root on, or its last part."""
    return disk.shown(spec.source) if spec.local else spec.name


def merge(pupil: Pupil, rounded: bool, again: bool = False) -> tuple[Model, Tokenizer]:
    """The student as one model in float32 on the CPU, and its tokenizer.

    A training in 4 bits taught the adapter beside weights that were rounded to 4 bits. Added to the base's own weights,
    the update meets weights that it never saw: they differ by that rounding.

    Args:
        pupil: base and adapter.
        rounded: whether the base's weights are rounded to 4 bits first, as they were in training, and then held in as
            many bits as the others: the merged model is then the one that was examined.
        again: whether the sum is rounded to 4 bits once more, as in a student that is to run in 4 bits without an
            adapter. That is what PEFT's own merge of a model in 4 bits does. What the update has changed by less than
            half a step of the 4 bits is lost. Only with `rounded`.

    Raises:
        OSError: as `models.load_student`.
        ValueError: where the update is not finite, and for `again` without `rounded`.
    """
    if again and not rounded:
        raise ValueError("again=True rounds for a second time: it needs rounded=True")
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    method, spec = pupil.method, pupil.base
    tokenizer = models.load_tokenizer(method.tier, method.role)  # first: it says what is missing, and prepares the tier
    hub_errors.check_files(pupil.adapter)
    if rounded:
        model, _ = load(replace(method.tier, engine="transformers"), spec, four_bit=True)
        model = _whole(model) if not again else model
    else:
        with no_bars():
            model = AutoModelForCausalLM.from_pretrained(
                spec.source, revision=spec.revision, dtype=torch.float32, use_safetensors=True
            )
    model = PeftModel.from_pretrained(model if again else model.to("cpu", torch.float32), pupil.adapter)
    try:
        with warnings.catch_warnings():  # PEFT says of `again` what its docstring says here
            warnings.filterwarnings("ignore", message="Merge lora module to 4-bit linear")
            merged = model.merge_and_unload(safe_merge=True)
        return (_whole(merged).to("cpu", torch.float32) if again else merged).eval(), tokenizer
    except ValueError as error:  # it looks for weights that are not finite
        raise ValueError(
            f"{disk.shown(pupil.adapter)} cannot be merged: {error}; choose another of "
            "`training.adapters(method.folder)`"
        ) from error


def _whole(model: Model) -> Model:
    """A model in 4 bits with the same weights in float32."""
    import torch

    # It would say into which numbers, in red, though that is what it is told.
    logging.getLogger("transformers.integrations.bitsandbytes").setLevel(logging.ERROR)
    return model.dequantize(torch.float32)


def save_merged(pupil: Pupil, rounded: bool, folder: Path, again: bool = False) -> None:
    """Writes a merged model: weights in the base's own form, settings, tokenizer, chat template, how it writes.

    It stops where the student learnt to stop, and writes as it was examined: greedily, as long as the tier allows.
    """
    import torch

    model, tokenizer = merge(pupil, rounded, again)
    ends = end_tokens(model, tokenizer)
    room = pupil.method.tier.answer_tokens
    model.generation_config = generation_config(tokenizer, ends, room, temperature=0.0, top_p=1.0, top_k=0)
    model.generation_config.bos_token_id = tokenizer.bos_token_id  # else whoever trains it further is warned of that
    model.config.eos_token_id = ends if len(ends) > 1 else ends[0]
    with no_bars():
        model.to(models.text_config(pupil.base).dtype or torch.bfloat16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def save_adapter(pupil: Pupil, folder: Path) -> None:
    """Writes the adapter alone, its base called as others call it, and the tokenizer that it was taught with."""
    for name in ADAPTER:
        shutil.copyfile(pupil.adapter / name, folder / name)
    settings = json.loads((folder / ADAPTER[1]).read_text(encoding="utf-8"))
    settings |= {"base_model_name_or_path": shown(pupil.base), "revision": pupil.base.revision}
    (folder / ADAPTER[1]).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    models.load_tokenizer(pupil.method.tier, pupil.method.role).save_pretrained(folder)
