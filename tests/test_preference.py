"""Preference tuning: its loss by hand, its reference, what counts, what is left out, and how pairs are made."""

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from datasets import Dataset
from measure import steps
from test_training import Kill, equal, kept, tier, weights  # noqa: F401  (a fixture)
from test_unsloth import double  # noqa: F401  (a fixture)
from trl import DPOTrainer

from helpers import methods, models, training
from helpers.methods import preference
from helpers.methods.preference import PreferenceTrainer, messages, pairs
from helpers.traces import ANSWER

RIGHT = "<think>\n{0} + {1} = {2}.\n</think>\n\nIt is {2}."
WRONG = "<think>\n{0} - {1} is what?\n</think>\n\nThat is -1!"


def rows(n: int = 4) -> Dataset:
    """Pairs of answers of very different lengths."""
    found = []
    for i, row in enumerate(kept(n)):
        right, wrong = (form.format(i, i + 1, 2 * i + 1) for form in (RIGHT, WRONG))
        more = ".\n" + "That is so.\n" * 4 * i
        found.append({"question": row["question"], "chosen": right.replace(".\n", more, 1), "rejected": wrong})
    return Dataset.from_list(found)


@pytest.fixture(scope="module")
def start(tiny, tmp_path_factory):
    """The folder of an adapter that has learnt something, of each role."""
    folder = tmp_path_factory.mktemp("start")
    for role in ("student", "sibling"):
        model, _ = getattr(models, f"load_{role}")(tiny, four_bit=False)
        model = models.add_lora(model, replace(tiny.lora, r=4, alpha=8), 0)
        move(model)
        model.save_pretrained(folder / role)
    return folder


def trainer_for(tier, start, rows=rows(), role="student", four_bit=False, **how) -> PreferenceTrainer:  # noqa: B008, F811
    with steps.students(four_bit):
        return methods.Preference(tier, 0, rows, role, start=start / role, **how).trainer()


def batch_of(trainer) -> dict:
    return next(iter(trainer.get_train_dataloader()))


def move(model) -> None:
    """Another adapter, of those that are trained."""
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            weight.data += 0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name)))


def log_probabilities(model, tokenizer, question: str, answer: str) -> torch.Tensor:
    """Of an answer's tokens, [tokens]: one text by itself, without a helper of the project or of TRL."""
    user, said = {"role": "user", "content": question}, {"role": "assistant", "content": answer}
    prompt = tokenizer.apply_chat_template([user], add_generation_prompt=True, return_dict=False)
    whole = tokenizer.apply_chat_template([user, said], return_dict=False)
    assert whole[: len(prompt)] == prompt
    with torch.no_grad():
        logits = model(torch.tensor([whole])).logits[0].float()
    places = range(len(prompt), len(whole))
    return torch.stack([logits[t - 1].log_softmax(-1)[whole[t]] for t in places])


def by_hand(policy, reference, tokenizer, beta: float, nll: float) -> float:
    """The loss of all the pairs."""
    found = []
    for row in rows():
        (won, lost), (their_won, their_lost) = (
            [log_probabilities(model.eval(), tokenizer, row["question"], row[side]) for side in ("chosen", "rejected")]
            for model in (policy, reference)
        )
        margin = beta * (won.sum() - their_won.sum()) - beta * (lost.sum() - their_lost.sum())
        found.append(-math.log(1 / (1 + math.exp(-margin))) - nll * won.mean().item())
    return sum(found) / len(found)


@pytest.mark.parametrize(("beta", "nll"), [(0.1, 1.0), (0.5, 0.0), (0.05, 0.3)])
def test_the_loss_by_hand(tier, start, beta, nll):  # noqa: F811
    """Equation 7 of Rafailov et al. and the NLL of Pang et al., with the start, read anew, as the reference."""
    trainer = trainer_for(replace(tier, micro_batch=4), start, beta=beta, nll=nll)
    move(trainer.model)
    found = trainer.compute_loss(trainer.model, batch_of(trainer)).item()
    reference, tokenizer = models.load_student(tier, four_bit=False, adapter=start / "student")
    assert found == pytest.approx(by_hand(trainer.model, reference, tokenizer, beta, nll), rel=1e-4)
    if not nll:
        trl_s = DPOTrainer.compute_loss(trainer, trainer.model, batch_of(trainer))
        assert found == pytest.approx(trl_s.item(), rel=1e-4)
    bare, _ = models.load_student(tier, four_bit=False)
    assert found != pytest.approx(by_hand(trainer.model, bare, tokenizer, beta, nll), rel=1e-2), "which is not meant"


def test_in_blocks_of_tokens_loss_and_gradients_are_the_same(tier, start, monkeypatch):  # noqa: F811
    """A few tokens at a time, as of a vocabulary of 262,144."""
    trainer, found = trainer_for(replace(tier, micro_batch=4), start), []
    move(trainer.model)
    for most in (preference.LOGITS, 7 * len(trainer.processing_class)):
        monkeypatch.setattr(preference, "LOGITS", most)
        trainer.model.zero_grad()
        loss = trainer.compute_loss(trainer.model, batch_of(trainer))
        loss.backward()
        gradients = [one.grad.clone() for one in trainer.model.parameters() if one.requires_grad]
        found.append((loss.item(), torch.cat([one.flatten() for one in gradients])))
    (whole, wanted), (cut, gradient) = found
    assert cut == pytest.approx(whole, rel=1e-5)
    assert torch.allclose(gradient, wanted, atol=1e-5 * wanted.abs().max())


@pytest.mark.parametrize("four_bit", [False, True], ids=["whole", "nf4"])
def test_policy_and_reference_begin_as_the_start(tier, start, four_bit):  # noqa: F811
    """In 4 bits TRL alone rounds the policy, and not the reference."""
    trainer = trainer_for(tier, start, four_bit=four_bit, nll=0.0)
    wanted = weights(start / "student")
    for role in ("default", "ref"):
        found = {name: one for name, one in trainer.model.named_parameters() if f".{role}." in name}
        found = {name.replace(f".{role}.", "."): one for name, one in found.items()}
        assert equal(found, wanted)
        assert {one.requires_grad for one in found.values()} == {role == "default"}
    batch = batch_of(trainer)
    assert trainer.compute_loss(trainer.model, batch).item() == pytest.approx(math.log(2), abs=1e-6)
    with torch.no_grad():
        policy, _ = trainer.log_probabilities(trainer.model, batch)
        trainer.model.set_adapter("ref")
        reference, _ = trainer.log_probabilities(trainer.model, batch)
    assert torch.equal(policy, reference) and len(policy) == 2 * tier.micro_batch, "each pair's margin is 0"


@pytest.mark.parametrize("role", ["student", "sibling"])
def test_of_a_pair_its_answers_count_with_their_ends(tier, start, role):  # noqa: F811
    """The sibling's prompt opens the reasoning itself."""
    trainer = trainer_for(replace(tier, micro_batch=4), start, role=role)
    batch = batch_of(trainer)
    learnt = [
        trainer.processing_class.decode(ids[mask == 1])
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    opened, end = ("", "<end_of_turn>\n") if role == "student" else ("<think>\n", "<|im_end|>\n")
    wanted = [[text.removeprefix(opened) + end for text in rows()[side]] for side in ("chosen", "rejected")]
    assert [sorted(learnt[:4]), sorted(learnt[4:])] == [sorted(each) for each in wanted]


def test_what_is_too_long_is_left_out_and_nothing_is_cut(tier, start, capsys):  # noqa: F811
    lengths = messages(tier, rows(), "student")["length"][:]
    assert len(set(lengths)) == 4 and not capsys.readouterr().out
    short = replace(tier, max_length=sorted(lengths)[1], micro_batch=4)
    trainer = trainer_for(short, start)
    told = f"2 of 4 pairs have an answer of more than {short.max_length} tokens, as the student counts, and "
    assert capsys.readouterr().out == f"{told}are left out\n"
    batch = batch_of(trainer)
    assert len(batch["input_ids"]) == 4 and batch["attention_mask"].sum(1).max() == short.max_length
    for ids in batch["input_ids"]:
        text = trainer.processing_class.decode(ids, skip_special_tokens=False)
        assert text.replace("<pad>", "").endswith("<end_of_turn>\n")
    with pytest.raises(ValueError, match=r"4 of 4 pairs have .* more than 9 tokens.*nothing is left to learn"):
        trainer_for(replace(tier, max_length=9), start)


def test_the_last_pair_of_an_epoch_weighs_as_the_others(tier):  # noqa: F811
    """Three pairs, two at a time: the mean of two means would count the third twice."""
    each = [
        steps.step("preference", replace(tier, epochs=1, batch_size=4, micro_batch=size), kept(3)) for size in (4, 2)
    ]
    whole, cut = (one.gradients for one in each)
    largest = max(gradient.abs().max() for gradient in whole.values())
    assert largest > 1e-4 and all(torch.allclose(cut[name], whole[name], atol=1e-4 * largest) for name in whole)
    assert each[0].loss == pytest.approx(each[1].loss, rel=1e-3)


def test_a_run_learns_to_prefer_and_goes_on_after_a_kill(tier, start):  # noqa: F811
    chosen = replace(tier, lora=replace(tier.lora, learning_rate=1e-2))
    trainer = trainer_for(chosen, start)
    trainer.add_callback(Kill(2))
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    killed, whole = (training.run(trainer_for(each, start)) for each in (chosen, replace(chosen, name="another")))
    assert killed.folder != whole.folder and killed.steps == whole.steps == 3
    last, begun = training.adapters(killed.folder)[-1], weights(start / "student")
    assert equal(weights(last), weights(training.adapters(whole.folder)[-1])) and not equal(weights(last), begun)
    assert equal(weights(last / "ref"), begun)
    (after, tokenizer), (before, _) = (
        models.load_student(tier, four_bit=False, adapter=each) for each in (last, start / "student")
    )
    log_2_at_first = by_hand(before, before, tokenizer, beta=0.1, nll=0.0)
    assert by_hand(after, before, tokenizer, beta=0.1, nll=0.0) < log_2_at_first == pytest.approx(math.log(2))


@pytest.mark.parametrize("role", ["student", "sibling"])
def test_it_runs_through_unsloth(tier, start, double, role):  # noqa: F811
    """On the stand-in, whose checkpoints and modes are changed by each validation, and here by each reference."""
    chosen = replace(tier, engine="unsloth", epochs=2, name=f"unsloth-{role}")
    run = methods.Preference(chosen, 0, rows(), role, start=start / role).run()
    made, begun = weights(training.adapters(run.folder)[-1]), weights(start / role)
    assert run.steps == len(run.validation) == 2 and made.keys() == begun.keys()
    assert all(one.isfinite().all() and not torch.equal(one, begun[name]) for name, one in made.items())


def test_the_folder_changes_with_the_start_the_pairs_and_the_loss(tier, start):  # noqa: F811
    def folder(tier=tier, rows=rows(), **how):  # noqa: B008
        return methods.Preference(tier, 0, rows, **{"start": start / "student", **how}).folder

    swapped = rows().rename_columns({"chosen": "rejected", "rejected": "chosen"})
    others = [
        folder(start=start / "sibling"), folder(beta=0.2), folder(nll=0.0), folder(rows=rows(3)), folder(rows=swapped),
        folder(replace(tier, epochs=4)),
    ]  # fmt: skip
    assert folder() == folder(start=str(start / "student")) and len({folder(), *others}) == 7


def test_what_cannot_be_done_is_refused(tier, start):  # noqa: F811
    def made(rows=rows(), **how):  # noqa: B008
        return methods.Preference(tier, 0, rows, **{"start": start / "student", **how})

    with pytest.raises(ValueError, match="no student called 'teacher'"):
        made(role="teacher")
    for how in ({"beta": 0.0}, {"nll": -1.0}, {"beta": math.nan}):
        with pytest.raises(ValueError, match=r"beta is .* and nll .*: the one has to be above 0, the other 0 or more"):
            made(**how)
    with pytest.raises(ValueError, match=r"the rows have no chosen, rejected: .*preference\.pairs"):
        made(kept(2))
    with pytest.raises(ValueError, match="the rows have no question, chosen, rejected"):
        made(None)
    with pytest.raises(FileNotFoundError, match=r"no adapter in .*nowhere: give a folder"):
        made(start=start / "nowhere")
    with pytest.raises(ValueError, match=r"has no adapter: load it with adapter='.*student', trainable=True"):
        made().trainer(models.load_student(tier))


# --- pairs ----------------------------------------------------------------------------------------


def answers(question: str, right: int, wrong: int, **others: int) -> list[dict]:
    """Rows of `traces.collect`, as far as pairs look at them."""
    verdicts = {"kept": right, "wrong answer": wrong, **{name.replace("_", " "): n for name, n in others.items()}}
    return [
        {"question": question, ANSWER: f"{question} {verdict} {i}", "verdict": verdict}
        for verdict, n in verdicts.items() for i in range(n)
    ]  # fmt: skip


def test_a_question_with_both_gives_pairs_and_no_other_does():
    given = answers("a", 2, 3) + answers("b", 3, 0, truncated=2) + answers("c", 0, 2) + answers("d", 1, 1, too_long=2)
    found = pairs(Dataset.from_list(given), 9, seed=0)
    assert found.column_names == ["question", "chosen", "rejected"]
    assert found["question"][:] == ["a"] * 6 + ["d"]
    for row in found:
        assert row["chosen"].startswith(f"{row['question']} kept ")
        assert row["rejected"].startswith(f"{row['question']} wrong answer ")


@pytest.mark.parametrize(("right", "wrong"), [(2, 2), (4, 6), (3, 1), (1, 5), (2, 3)])
def test_each_pair_comes_once_and_each_answer_as_often_as_the_others(right, wrong):
    given = answers("a", right, wrong)
    for most in range(1, right * wrong + 2):
        found = list(pairs(given, most, seed=1))
        assert len(found) == len({tuple(row.values()) for row in found}) == min(most, right * wrong)
        for side, many in (("chosen", right), ("rejected", wrong)):
            times = Counter(row[side] for row in found)
            assert max(times.values()) - min(times.values()) <= 1 and len(times) == min(many, len(found))


def test_the_lot_is_the_seed_s_and_the_question_s_own():
    given = answers("a", 9, 9)
    one = [pairs(given, 2, seed).to_list() for seed in (0, 0, 1)]
    assert one[0] == one[1] != one[2]
    assert pairs(answers("b", 9, 9) + given, 2, seed=0).to_list()[2:] == one[0]
    assert pairs(given + given, 2, seed=0).to_list() == one[0], "the same text twice is one answer"


def test_where_there_are_no_pairs_it_is_said():
    with pytest.raises(ValueError, match=r"none of the 3 questions has both.*: 1 have right ones, 1 wrong ones"):
        pairs(answers("a", 2, 0) + answers("b", 0, 1) + answers("c", 0, 0, truncated=1), 1, seed=0)
    with pytest.raises(ValueError, match="most is 0"):
        pairs(answers("a", 1, 1), 0, seed=0)
