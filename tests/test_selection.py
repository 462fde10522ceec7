"""Which blocks and neurons can go: measures by hand, an idle block and an idle neuron, and what padding must not do."""

import pytest
import torch
from real_steps import rows
from test_logit_trainer import tier  # noqa: F401  (a fixture)
from transformers import LlamaConfig, LlamaForCausalLM

from helpers import losses, models
from helpers.methods import choosing, pruning, selection

# A Qwen 3, a Gemma 3 whose two blocks look back differently far, and a Llama, of whose family SmolLM2 is.
FAMILIES = ("qwen3", "gemma3", "llama")


def model_of(family: str, tier):  # noqa: F811
    """(model, tokenizer) of a family, two blocks and tiny."""
    if family == "gemma3":
        return models.load_student(tier, four_bit=False)
    model, tokenizer = models.load_teacher(tier)
    if family == "llama":
        shape = {name: getattr(model.config, name) for name in (
            "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "head_dim", "initializer_range", "pad_token_id", "eos_token_id",
        )}  # fmt: skip
        torch.manual_seed(0)
        model = LlamaForCausalLM(LlamaConfig(**shape, bos_token_id=None, tie_word_embeddings=True)).eval()
        model.get_input_embeddings().weight.data *= 0.1
    return model, tokenizer


@pytest.fixture(params=FAMILIES)
def both(request, tier):  # noqa: F811
    """(model, its batches), of each family."""
    model, tokenizer = model_of(request.param, tier)
    return model, selection.batches(tier, tokenizer, rows(), at_a_time=3)


def idle(model, number: int) -> None:
    """A block that adds nothing to the stream."""
    with torch.no_grad():
        block = model.base_model.layers[number - 1]
        block.self_attn.o_proj.weight.zero_(), block.mlp.down_proj.weight.zero_()


def texts(read):
    """Each text by itself and without padding: (ids, places whose next token is learnt)."""
    for batch in read:
        for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
            labels = labels[mask == 1]
            yield ids[mask == 1], [t for t in range(len(labels) - 1) if labels[t + 1] != losses.IGNORED]


def test_the_batches_hold_every_text_once(both):
    _, read = both
    assert [len(batch["labels"]) for batch in read] == [3, 1]
    assert (read[0]["attention_mask"] == 0).any() and len(list(texts(read))) == 4


def test_influence_by_hand(both):
    model, read = both
    found = selection.influences(model, read)
    norm, model.model.norm = model.model.norm, torch.nn.Identity()  # else the last state is the norm's
    each = [[], []]
    with torch.no_grad():
        for ids, places in texts(read):
            states = model(ids[None], output_hidden_states=True).hidden_states
            for number, block in enumerate(each):
                one, other = states[number][0, places], states[number + 1][0, places]
                block.append(1 - torch.cosine_similarity(one, other, dim=-1))
    model.model.norm = norm
    assert found == pytest.approx([torch.cat(block).mean().item() for block in each], rel=1e-4)
    assert all(0.01 < one < 2 for one in found)


def test_an_idle_block_turns_nothing_and_is_not_missed(both):
    model, read = both
    idle(model, 2)
    assert selection.influences(model, read)[1] == pytest.approx(0, abs=1e-5)
    assert selection.highest(selection.influences(model, read), 1) == (1,)
    assert selection.loss(model, read, [2]) == pytest.approx(selection.loss(model, read), rel=1e-5)


def test_the_loss_is_by_hand_and_a_block_left_out_is_one_cut_out(both):
    """Of the Gemma a block looks back as far as it did where it stood."""
    model, read = both
    for dropped, rest in (((), (1, 2)), ((1,), (2,)), ((2,), (1,))):
        cut, total, count = pruning.student_of(model, rest).eval(), 0.0, 0
        with torch.no_grad():
            for ids, places in texts(read):
                logs = cut(ids[None]).logits[0].float().log_softmax(-1)
                total -= sum(logs[t, ids[t + 1]].item() for t in places)
                count += len(places)
        assert selection.loss(model, read, dropped) == pytest.approx(total / count, rel=1e-4), dropped
    losses_ = [selection.loss(model, read, one) for one in ((), (1,), (2,))]
    assert len({round(one, 4) for one in losses_}) == 3  # and whole again behind each


def test_one_goes_after_another_and_the_rest_is_measured_anew(both):
    model = pruning.student_of(both[0], (1, 2, 1, 2)).eval()
    with torch.no_grad():
        for number, block in enumerate(model.base_model.layers, 1):
            block.mlp.down_proj.weight.mul_(0.3 * number)
    read, gone, losses_ = both[1], [], []
    for _ in range(2):
        tried = {}
        for block in {1, 2, 3, 4} - set(gone):
            rest = [one for one in range(1, 5) if one not in (*gone, block)]
            tried[block] = selection.loss(pruning.student_of(model, rest).eval(), read)
        gone.append(min(tried, key=tried.get))
        losses_.append(tried[gone[-1]])
    found = selection.least_missed(model, read, 2)
    assert [block for block, _ in found] == gone and [each for _, each in found] == pytest.approx(losses_, rel=1e-4)
    assert selection.least_missed(model, read, 4) == []


def test_a_neuron_is_as_strong_as_the_vector_that_it_adds(both):
    model, read = both
    mlp = model.base_model.layers[1].mlp
    with torch.no_grad():
        mlp.down_proj.weight[:, 5] = 0
    seen, hook = [], mlp.down_proj.register_forward_hook(lambda module, given, output: seen.append(given[0][0]))
    total, count = 0, 0
    with torch.no_grad():
        for ids, places in texts(read):
            model(ids[None])
            added = seen.pop()[places][:, None, :] * mlp.down_proj.weight  # (tokens, width, neurons)
            total, count = total + added.norm(dim=1).sum(0), count + len(places)
    hook.remove()
    first, second = selection.strengths(model, read)
    assert torch.allclose(second, total / count, rtol=1e-4) and second[5] == 0 and (first > 0).all()
    kept_ = selection.strongest([first, second], 127)
    assert len(kept_[0]) == 127 and kept_[1] == [one for one in range(128) if one != 5]


def test_the_highest_in_their_order():
    assert selection.highest([0.5, 0.1, 0.4, 0.9], 2) == (1, 4) and selection.highest([1, 1, 1], 2) == (1, 2)
    for keep in (0, 5):
        with pytest.raises(ValueError, match=f"{keep} blocks of 4 cannot be kept: choose from 1 to 4"):
            selection.highest([0.5, 0.1, 0.4, 0.9], keep)


def test_a_block_that_is_not_there_cannot_be_left_out(both):
    with pytest.raises(ValueError, match="there is no block 3 to leave out: choose from 1 to 2"):
        selection.loss(*both, [1, 3])
    with pytest.raises(ValueError, match="0 blocks of 2 cannot be kept"):
        selection.least_missed(*both, 0)


def test_the_exercise_on_a_table_is_the_same_search(both):
    model, read = both
    losses_ = {dropped: selection.loss(model, read, dropped) for dropped in ((1,), (2,))}
    assert choosing.goes(losses_, 2, 1) == [block for block, _ in selection.least_missed(model, read, 1)]
    # Alone 1 and 2 are missed least, but each stands in for the other: together they are missed most.
    table = {(1,): 1.0, (2,): 1.1, (3,): 1.2, (1, 2): 5.0, (1, 3): 2.5, (2, 3): 2.0}
    assert choosing.goes(table, 3, 2) == [1, 3] and choosing.goes(table, 3, 0) == []
    found = [slip(table, 3, 2) for slip in choosing.GOES_SLIPS]
    assert [1, 3] not in found and len({tuple(one) for one in found}) == len(found)
