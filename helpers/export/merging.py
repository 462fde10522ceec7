"""From an adapter to a model that needs none: base plus update, with what it has to be asked and stopped with."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

from helpers import disk, models
from helpers.export.pupil import Pupil, shown
from helpers.generation.with_transformers import end_tokens, generation_config
from helpers.models import hub_errors
from helpers.models.kinds import Model, Tokenizer
from helpers.models.loading import load
from helpers.provenance import no_bars

ADAPTER = "adapter_model.safetensors", "adapter_config.json"


def merge(pupil: Pupil, rounded: bool) -> tuple[Model, Tokenizer]:
    """The student as one model in float32 on the CPU, and its tokenizer.

    A training in 4 bits taught the adapter beside weights that were rounded to 4 bits. Added to the base's own weights,
    the update meets weights that it never saw: they differ by that rounding.

    Args:
        pupil: base and adapter.
        rounded: whether the base's weights are rounded to 4 bits first, as they were in training, and then held in as
            many bits as the others: the merged model is then the one that was examined.

    Raises:
        OSError: as `models.load_student`.
        ValueError: where the update is not finite.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    method, spec = pupil.method, pupil.base
    tokenizer = models.load_tokenizer(method.tier, method.role)  # first: it says what is missing, and prepares the tier
    hub_errors.check_files(pupil.adapter)
    if rounded:
        model, _ = load(replace(method.tier, engine="transformers"), spec, four_bit=True)
        # It would say into which numbers, in red, though that is what it is told.
        logging.getLogger("transformers.integrations.bitsandbytes").setLevel(logging.ERROR)
        model = model.dequantize(torch.float32)
    else:
        with no_bars():
            model = AutoModelForCausalLM.from_pretrained(
                spec.source, revision=spec.revision, dtype=torch.float32, use_safetensors=True
            )
    model = PeftModel.from_pretrained(model.to("cpu", torch.float32), pupil.adapter)
    try:
        return model.merge_and_unload(safe_merge=True).eval(), tokenizer
    except ValueError as error:  # it looks for weights that are not finite
        raise ValueError(
            f"{disk.shown(pupil.adapter)} cannot be merged: {error}; choose another of "
            "`training.adapters(method.folder)`"
        ) from error


def save_merged(pupil: Pupil, rounded: bool, folder: Path) -> None:
    """Writes a merged model: weights in the base's own form, settings, tokenizer, chat template, how it writes.

    It stops where the student learnt to stop, and writes as it was examined: greedily, as long as the tier allows.
    """
    import torch

    model, tokenizer = merge(pupil, rounded)
    ends = end_tokens(model, tokenizer)
    room = pupil.method.tier.answer_tokens
    model.generation_config = generation_config(tokenizer, ends, room, temperature=0.0, top_p=1.0, top_k=0)
    model.config.eos_token_id = ends if len(ends) > 1 else ends[0]
    with no_bars():
        model.to(_own_form(pupil) or torch.bfloat16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def save_adapter(pupil: Pupil, folder: Path) -> None:
    """Writes the adapter alone, its base called as others call it, and the tokenizer that it was taught with."""
    for name in ADAPTER:
        shutil.copyfile(pupil.adapter / name, folder / name)
    settings = json.loads((folder / ADAPTER[1]).read_text(encoding="utf-8"))
    settings |= {"base_model_name_or_path": shown(pupil.base), "revision": pupil.base.revision}
    (folder / ADAPTER[1]).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    models.load_tokenizer(pupil.method.tier, pupil.method.role).save_pretrained(folder)


def _own_form(pupil: Pupil):
    """The kind of numbers in which the base was published; None where its settings do not say."""
    return models.text_config(pupil.base).dtype
