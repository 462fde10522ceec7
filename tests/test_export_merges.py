"""Three ways to put an adapter into base weights, beside the student that was trained: what each has lost."""

import bitsandbytes.functional as F
import pytest
import torch
from safetensors.torch import load_file
from taken_home import taught  # noqa: F401  (a fixture)

from helpers import export, models, problems, training
from helpers.export import alike
from helpers.export.merging import merge
from helpers.models.adapters import updates

WAYS = {"whole": {}, "rounded": {"rounded": True}, "again": {"rounded": True, "again": True}}


@pytest.fixture(scope="module")
def method(taught):  # noqa: F811
    return taught("student")


@pytest.fixture(scope="module")
def homes(method):
    return {name: export.merged(method, **how) for name, how in WAYS.items()}


@pytest.fixture(scope="module")
def found(method, homes):
    forms = {**homes, "again, f32": export.gguf(method, "f32", **WAYS["again"])}
    return export.with_trained(method, forms, homes["whole"], problems.draw("test", 4, 5))


def test_on_the_rounded_base_nothing_is_lost_and_on_others_something_is(found):
    assert list(found) == ["trained", *WAYS, "again, f32"] and found["trained"].same == 4
    assert found["rounded"].alike and found["rounded"].mean < 1e-6 and found["rounded"].same == 4
    for name in ("whole", "again"):
        assert not found[name].alike and found[name].mean > 1e-4


def test_a_form_of_a_merge_is_as_far_as_the_merge_itself(found):
    assert found["again, f32"].mean == pytest.approx(found["again"].mean, rel=1e-2)


def test_rounded_again_is_what_rounding_the_sum_gives(method, homes):
    """By bitsandbytes itself, layer by layer, from the base in 4 bits and the update."""
    model, _ = models.load_student(method.tier, adapter=training.adapters(method.folder)[-1])
    written, sums = load_file(homes["again"] / "model.safetensors"), load_file(homes["rounded"] / "model.safetensors")
    seen = set()
    for layer, update in updates(model, "default"):
        name = f"{layer.removeprefix('base_model.model.')}.weight"
        seen.add(name)
        base = model.get_submodule(layer).base_layer.weight
        summed = F.dequantize_4bit(base.data, base.quant_state).float() + update
        assert torch.allclose(summed, sums[name].float(), atol=1e-5)
        again = F.dequantize_4bit(*F.quantize_4bit(summed, quant_type="nf4", compress_statistics=True))
        assert torch.allclose(again.float(), written[name].float(), atol=1e-5)
    assert len(seen) > 10
    for name in set(written) - seen:
        assert torch.equal(written[name], sums[name]), name


def test_each_lies_apart_and_says_what_it_is(method, homes):
    assert len(set(homes.values())) == 3
    said = {name: (home / "README.md").read_text().replace("\n", " ") for name, home in homes.items()}
    assert "rounded to 4 bits once more" in said["again"]
    assert "once more" not in said["rounded"] and "once more" not in said["whole"]
    with pytest.raises(ValueError, match="needs rounded=True"):
        merge(export.pupil_of(method), rounded=False, again=True)
    with pytest.raises(ValueError, match="no questions to compare"):
        export.with_trained(method, homes, homes["whole"], [])


def test_where_no_token_is_likely_none_is_off(method, homes, monkeypatch):
    monkeypatch.setattr(alike, "LIKELY", 1.1)
    found = export.with_trained(method, {"whole": homes["whole"]}, homes["whole"], problems.draw("test", 1, 5))
    assert found["whole"].furthest == 0 < found["whole"].mean
