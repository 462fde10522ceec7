"""On-policy distillation across tokenizers: the student's text in both sides' tokens, cut where one cannot spell it."""

from itertools import pairwise

import pytest
import torch
from test_cross_tokenizer import both, messages, tier  # noqa: F401  (two are fixtures)
from test_on_policy import steps_of
from test_training import kept

from helpers import alignment, losses, methods, models
from helpers.alignment import Alignment
from helpers.losses.cross_tokenizer import across
from helpers.methods.cross_tokenizer import chunks_of, rows_of, shortened
from helpers.methods.on_policy_across import readable
from helpers.training.writing import Written

TEXT = "That is 3 × 24 = 72. 😀\n</think>\n\nTom has $72."


@pytest.fixture(scope="module")
def trainer(tiny, tmp_path_factory):
    """Of the mini tier's tokenizers, on tiny models that have as many tokens; nothing is trained."""
    with pytest.MonkeyPatch.context() as patch:
        from helpers import tiers

        patch.setattr(tiers, "ROOT", tmp_path_factory.mktemp("across"))
        return methods.OnPolicyAcross(tiny, 0, kept()).trainer()


TRACE = "<think>\nWell.\n</think>\n\nSeven."


def own(trainer, both, text: str, ended: bool, drop: int = 0, trace: str = TRACE) -> dict:  # noqa: F811
    """A row in which the student wrote a text behind its opening. drop: tokens that are not there at its end."""
    trainer.sides, trainer.mouth = both, both.student("<think>\n", add_special_tokens=False).input_ids
    (row,) = rows_of(messages(trace), both)
    ids = both.student(text, add_special_tokens=False).input_ids
    ids = ids[: len(ids) - drop]
    return trainer.own_row(row, Written((*ids, *([both.ends[1]] if ended else [])), ended))


def test_both_sides_read_what_the_student_wrote_each_behind_its_own_prompt(trainer, both):  # noqa: F811
    row = own(trainer, both, TEXT, ended=True)
    for tokenizer, end, side in ((both.student, both.ends[1], ""), (both.teacher, both.ends[0], "teacher_")):
        ids, labels = row[f"{side}ids" if side else "input_ids"], row[f"{side}labels"]
        learnt = [label for label in labels if label != losses.IGNORED]
        assert ids[-len(learnt) :] == learnt and learnt[-1] == end
        assert tokenizer.decode(learnt[:-1]) == f"<think>\n{TEXT}"
    prompt = models.prompt_ids(both.teacher, "How many?")
    assert row["teacher_ids"][: len(prompt)] == prompt, "`<think>` stands there once, and as the teacher knows it"
    assert row["given"] and chunks_of(row).ends[row["given"] - 1] == len("<think>\n")


def test_as_the_trace_would_be_read_if_it_said_the_same(trainer, both):  # noqa: F811
    """Where the student cuts its text as its tokenizer would, its row is that of a trace of these words."""
    (wanted,) = rows_of(messages(f"<think>\n{TEXT}"), both)
    found = own(trainer, both, TEXT, ended=True)
    assert {name: [*map(int, found[name])] if name != "given" else found[name] for name in wanted} == {
        name: [*map(int, wanted[name])] if name != "given" else wanted[name] for name in wanted
    }


def test_what_the_trace_said_plays_no_part(trainer, both):  # noqa: F811
    """Not even whether it thought: a short one has no `<think>`, which the teacher's prompt then ends with."""
    assert own(trainer, both, TEXT, ended=True, trace="Seven.") == own(trainer, both, TEXT, ended=True)


def test_an_answer_that_was_cut_off_has_no_end_to_learn(trainer, both):  # noqa: F811
    row = own(trainer, both, TEXT, ended=False)
    assert both.ends[1] not in [label for label in row["labels"] if label != losses.IGNORED]
    assert both.ends[0] not in [label for label in row["teacher_labels"] if label != losses.IGNORED]


def test_half_a_letter_is_left_out(trainer, both):  # noqa: F811
    """The emoji is four bytes, a token each, of which the last was cut off."""
    text = "Well 😀"
    assert len(both.student("😀", add_special_tokens=False).input_ids) >= 4
    row = own(trainer, both, text, ended=False, drop=1)
    learnt = [label for label in row["labels"] if label != losses.IGNORED]
    assert both.student.decode(learnt) == "<think>\nWell "


def test_readable_goes_as_far_as_a_text_does():
    surfaces = [b"a", b"\xc3", b"\xa9", b"e", "\u0301".encode(), b""]
    assert readable([0, 1, 2, 0], surfaces) == ([0, 1, 2, 0], "aéa")
    assert readable([0, 1, 0], surfaces) == ([0], "a")  # half a letter, and what stands behind it
    assert readable([0, 3, 4], surfaces) == ([0, 3], "ae")  # the teacher's tokenizer would write é
    assert readable([0, 9, 0], surfaces) == ([0], "a")  # no token
    assert readable([1], surfaces) == readable([], surfaces) == ([], "")


def test_a_row_is_shortened_on_both_sides_at_once(both):  # noqa: F811
    (row,) = rows_of(messages(f"<think>\n{TEXT}"), both)
    for most in (0, 5, 17, 10**6):
        part = shortened(row, most)
        chunks = chunks_of(part)
        ours, theirs = ([i for i in part[name] if i != losses.IGNORED] for name in ("labels", "teacher_labels"))
        assert len(ours) == chunks.student[-1] <= most and len(theirs) == chunks.teacher[-1]
        texts = [
            tokenizer.decode(ids, skip_special_tokens=True)
            for tokenizer, ids in ((both.student, ours), (both.teacher, theirs))
        ]
        assert texts[0] == texts[1]
        assert len(part["input_ids"]) == len(part["labels"]) and len(part["teacher_ids"]) == len(part["teacher_labels"])
    assert part["labels"] == row["labels"] and chunks_of(shortened(row, 0)) == Alignment((0,), (0,), ())


@pytest.mark.parametrize("how", [{}, {"first": 0.5}, {"lam": 0.5, "alpha": 0.25}], ids=str)
def test_the_loss_is_that_across_all_logits_and_of_own_words_none_is_hard(tier, how):  # noqa: F811
    trainer = methods.OnPolicyAcross(tier, 0, kept(), **how).trainer()
    for batch in steps_of(trainer, 2):
        alpha = 0 if batch["own"] else how.get("alpha", 0)
        with torch.no_grad():
            found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
            sides = []
            for model, given in ((trainer.model, batch), (trainer.teacher, batch["teacher"])):
                logits = model(**{name: given[name] for name in ("input_ids", "attention_mask")}).logits
                sides += [losses.learnt(logits, given["labels"]), losses.targets(given["labels"])]
            soft = across(*sides, batch["chunks"], trainer.sides.shared)
            words = torch.nn.functional.cross_entropy(*sides[:2], reduction="none")
        cuts = batch["chunks"].student
        hard = torch.stack([words[a:b].sum() for a, b in pairwise(cuts)])
        share = torch.where(batch["given"], 1.0, alpha)
        assert found == pytest.approx((((1 - share) * soft + share * hard).sum() / len(words)).item(), rel=1e-4)


def test_a_student_that_writes_nothing_readable_learns_nothing(tier, monkeypatch):  # noqa: F811
    """A whole step of it: no loss, no gradient, and no fault."""
    monkeypatch.setattr(models, "opens_reasoning", lambda tokenizer: False)
    trainer = methods.OnPolicyAcross(tier, 0, kept()).trainer()
    assert trainer.mouth == []
    broken = alignment.surfaces(trainer.processing_class).index(b"\xff")
    monkeypatch.setattr("helpers.training.writing.write", lambda model, tokenizer, prompts, *_: [
        Written((broken,), False) for _ in prompts
    ])  # fmt: skip
    (batch,) = steps_of(trainer)
    _, count = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 1, trainer.args.device)
    loss = trainer.compute_loss(trainer.model, batch, num_items_in_batch=count)
    loss.backward()
    assert loss.item() == 0 and not any(
        weight.grad is not None and weight.grad.any() for weight in trainer.model.parameters()
    )


@pytest.mark.parametrize("how", [{"direction": "reverse"}, {"control": 0.1}, {"temperature": 2.0}])
def test_what_there_is_not_across_tokenizers_is_refused(tier, how):  # noqa: F811
    with pytest.raises(ValueError, match="across tokenizers there is the forward divergence"):
        methods.OnPolicyAcross(tier, 0, kept(), **how)
