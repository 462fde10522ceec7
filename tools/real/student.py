"""SmolLM2 from its file as a folder that `models.load_student` reads, and so in 4 bits as every other student."""

import os
import shutil
from pathlib import Path

from helpers.models import smollm2

# What its chats end a turn with. transformers 5.17.0 reads another token, `<|im_start|>`, from the file.
END = "<|im_end|>"
# In its vocabulary and in none of its chats. The file names the end of a turn, which padding would hide from the loss.
PAD = "<|endoftext|>"


def make(folder: Path) -> Path:
    """The folder, with weights in float32 (540 MB), tokenizer and settings; made where it is missing, never half.

    Raises as `smollm2.load`.
    """
    if (folder / "config.json").is_file():
        return folder
    model, tokenizer = smollm2.load()
    # Its weights are plain float32 by now, but transformers still takes it for a GGUF file and would not write it.
    model.hf_quantizer.remove_quantization_config(model)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    save(model, tokenizer, part)
    os.replace(part, folder)
    return folder


def save(model, tokenizer, folder: Path) -> None:
    """Stores both: the end of a turn as the end, a padding token of its own, and no token for the beginning.

    SmolLM2 names `<|im_start|>` as the beginning of a text. It begins every turn, so a chat has several.
    Raises ValueError if the model's own settings name another end.
    """
    tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token = END, PAD, None
    for settings in (model.config, model.generation_config):
        if settings.eos_token_id != tokenizer.eos_token_id:
            raise ValueError(
                f"the model ends with token {settings.eos_token_id}, and {END} is {tokenizer.eos_token_id}"
            )
        settings.pad_token_id, settings.bos_token_id = tokenizer.pad_token_id, None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
