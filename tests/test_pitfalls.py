"""The mistakes that distillation code is known for, put back one by one: a test must see each of them.

The tests themselves stand in the files of what they test. Here the mistake is made, and the same test has to fail.
"""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import test_alignment
import test_cache_draws
import test_cross_tokenizer
import test_loading
import test_lora
import test_losses
import test_models
import test_training
import torch
from test_alignment import mini  # noqa: F401
from test_cross_tokenizer import both  # noqa: F401  (fixtures)
from test_training import tier  # noqa: F401

from helpers import alignment, losses, models, training
from helpers.losses.head import Head
from helpers.models import loading, lora

RIGHT = SimpleNamespace(each=losses.each_divergence, settings=training.settings, teacher=models.load_teacher)


def fails(test: Callable, *given) -> None:
    """Asserts that a test fails, by an assertion or by an error that does not come."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(*given)


def test_padded_vocabularies_left_as_they_are(monkeypatch):
    monkeypatch.setattr(losses, "common_vocabulary", lambda teacher, student, *sizes: min(sizes))
    fails(test_losses.test_padded_vocabularies_are_cut_to_the_real_one)
    fails(test_losses.test_other_tokenizers_are_refused_with_both_sizes_and_the_way_out)


def test_a_mean_over_the_vocabulary(monkeypatch):
    monkeypatch.setattr(losses, "each_divergence", lambda q, p, *more: RIGHT.each(q, p, *more) / q.shape[-1])
    fails(test_losses.test_the_vocabulary_is_summed_over_and_the_tokens_are_not)
    fails(test_losses.test_three_tokens_by_hand)


def test_a_sum_over_the_tokens(monkeypatch):
    """What `batchmean` makes of (batch, length, vocabulary): the loss grows with the length."""
    monkeypatch.setattr(losses, "per_token", lambda total, tokens, count=None: total / (1 if count is None else count))
    fails(test_losses.test_the_vocabulary_is_summed_over_and_the_tokens_are_not)


@pytest.mark.parametrize("shift", [0, 2])
def test_no_shift_and_two_shifts(monkeypatch, shift):
    def learnt(values, labels):
        padded = torch.nn.functional.pad(labels, (0, 2), value=losses.IGNORED)[:, shift:][:, : labels.shape[1]]
        return values[padded != losses.IGNORED]

    monkeypatch.setattr(losses, "learnt", learnt)
    fails(test_losses.test_the_shift_happens_once)


def test_a_loss_on_the_prompt(monkeypatch, tier):  # noqa: F811
    changed = {"completion_only_loss": False}
    monkeypatch.setattr(training, "settings", lambda *given, **more: RIGHT.settings(*given, **more | changed))
    fails(test_training.test_the_answer_is_learnt_with_its_end_and_the_prompt_is_not, tier)


@pytest.mark.parametrize("kind", ["forward", "reverse", "jsd"])
def test_a_temperature_without_its_square(monkeypatch, kind):
    def each(q, p, kind="forward", temperature=1.0, beta=0.5):
        return RIGHT.each(q, p, kind, temperature, beta) / temperature**2

    monkeypatch.setattr(losses, "each_divergence", each)
    fails(test_losses.test_the_gradient_keeps_its_size_over_temperatures, kind)


def test_a_temperature_that_the_loss_ignores(monkeypatch):
    monkeypatch.setattr(losses, "each_divergence", lambda q, p, kind, T, beta: T**2 * RIGHT.each(q, p, kind))
    fails(test_losses.test_the_gradient_keeps_its_size_over_temperatures, "forward")


def test_padding_with_the_end(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr(loading, "_padded_on_the_left", lambda tokenizer, spec: tokenizer)
    fails(test_loading.test_padding_with_the_end_token_is_refused, tiny, tmp_path)


def test_ends_of_a_turn_that_do_not_meet(both):  # noqa: F811
    from helpers.methods.cross_tokenizer import Sides

    plain = tuple(alignment.surfaces(tokenizer) for tokenizer in (both.teacher, both.student))
    unpaired = Sides(both.teacher, both.student, both.ends, plain, alignment.shared_vocabulary(*plain))
    with pytest.raises(ValueError, match="different texts"):
        test_cross_tokenizer.test_the_ends_of_a_turn_are_one_chunk_and_a_shared_token(unpaired)


def test_a_second_bos(monkeypatch, tiny):
    monkeypatch.setattr(models, "prompt_ids", lambda tokenizer, question: [
        *filter(None, [tokenizer.bos_token_id]), *tokenizer(models.chat_prompt(tokenizer, question)).input_ids
    ])  # fmt: skip
    fails(test_models.test_the_ids_are_the_prompt_and_have_one_bos, tiny)
    fails(test_models.test_a_template_with_two_bos_or_none_is_refused, "<bos><bos>{{ messages[0].content }}", 2)


def test_tokens_compared_as_they_are_written(monkeypatch, mini):  # noqa: F811
    spelled = {
        role: (tokenizer, [token.encode() for token in tokenizer.convert_ids_to_tokens(range(len(surfaces)))])
        for role, (tokenizer, surfaces) in mini.items()
    }
    fails(test_alignment.test_compared_by_surface_far_more_is_shared_than_by_spelling, spelled)


def test_tokens_compared_by_position(monkeypatch):
    def by_position(teacher, student):
        places = tuple(range(min(len(teacher), len(student)) + 1))
        return alignment.Alignment(places, places, places[1:])

    monkeypatch.setattr(alignment, "align", by_position)
    fails(test_alignment.test_by_hand)


def test_bare_top_k_for_draws(monkeypatch):
    def top(shares, n, generator):
        return shares.topk(n).indices.sort().values

    monkeypatch.setattr(test_cache_draws, "draw", top)
    fails(test_cache_draws.test_the_mean_over_seeds_is_the_distribution)
    fails(test_cache_draws.test_the_mean_gradient_is_the_full_one_and_that_of_bare_top_k_is_not)


def test_a_teacher_in_four_bits(monkeypatch, tiny):
    monkeypatch.setattr(models, "load_teacher", lambda chosen: RIGHT.teacher(chosen, four_bit=True))
    fails(test_loading.test_the_teacher_is_whole_unless_asked, tiny)


def test_an_adapter_on_the_head(monkeypatch, tiny):
    monkeypatch.setattr(lora, "lora_targets", lambda model, wanted: ["q_proj"])
    fails(test_lora.test_the_output_layer_gets_no_adapter, tiny, "lm_head")
    monkeypatch.setattr(test_losses, "head_of", lambda model: Head(model.get_output_embeddings().weight))
    fails(test_losses.test_a_head_with_an_adapter_is_refused)
    fails(test_losses.test_a_head_in_four_bits_is_refused)


def test_a_mean_of_means(monkeypatch):
    monkeypatch.setattr(losses, "per_token", lambda total, tokens, count=None: total / max(tokens, 1))
    fails(test_losses.test_gradients_of_uneven_batches_add_up_to_those_of_all)
