"""Distillation across tokenizers: its rows, its loss by hand, what the teacher did not write, gradients in parts."""

from dataclasses import replace

import pytest
import torch
from datasets import Dataset
from test_logit_trainer import (
    gradients_are_the_same_however_a_step_is_cut,
    in_few_steps,
    trains_towards_the_teacher_and_leaves_it_alone,
)
from test_training import kept
from transformers import AutoTokenizer

from helpers import alignment, losses, methods, models, tiers, traces
from helpers.losses.cross_tokenizer import across as divergence
from helpers.methods.cross_tokenizer import END, BothSides, chunks_of, end_of_turn, rows_of, sides_of
from helpers.methods.cross_tokenizer import _opening as opening
from helpers.tiers import ROOT
from helpers.training import method

MINI = ROOT / "data" / "mini"
ANSWER = "<think>\nThat is 3 × 24 = 72.\n</think>\n\nTom's e\u0301clairs cost $72."


def messages(*answers: str) -> list[dict]:
    return [
        {
            "prompt": [{"role": "user", "content": "How many?"}],
            "completion": [{"role": "assistant", "content": answer}],
        }
        for answer in answers
    ]


@pytest.fixture(scope="module")
def both():
    """A byte-level teacher and a SentencePiece-style student, as Qwen and Gemma are."""
    return sides_of(*(AutoTokenizer.from_pretrained(MINI / role) for role in ("teacher", "student")))


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.setattr(method, "VALIDATION", 2)
    return replace(tiny, epochs=2, batch_size=4, micro_batch=4, lora=replace(tiny.lora, r=4, alpha=8))


def trainer_for(tier, rows=None, **how):
    student, tokenizer = models.load_student(tier)
    teacher, teacher_tokenizer = models.load_teacher(tier)
    made = methods.CrossTokenizer(tier, 0, rows or kept(), **how)
    return made.trainer((student, tokenizer), (teacher, teacher_tokenizer))


def batch_of(trainer) -> dict:
    return next(iter(trainer.get_train_dataloader()))


def loss_of(trainer, batch: dict):
    return trainer.compute_loss(trainer.model.eval(), batch)


# --- rows ---------------------------------------------------------------------------------------


def test_both_sides_read_the_same_answer(both):
    (row,) = rows_of(messages(ANSWER), both)
    text = alignment.normalised(ANSWER)
    for tokenizer, end, ids, labels in (
        (both.student, both.ends[1], row["input_ids"], row["labels"]),
        (both.teacher, both.ends[0], row["teacher_ids"], row["teacher_labels"]),
    ):
        answer = [token for token in labels if token != losses.IGNORED]
        assert ids[-len(answer) :] == answer and answer[-1] == end
        assert tokenizer.decode(answer[:-1]) == text
        assert labels[: -len(answer)] == [losses.IGNORED] * (len(ids) - len(answer))
    chunks = chunks_of(row)
    assert chunks.ends[-1] == len(text.encode()) + len(END)


def test_each_side_reads_as_its_own_template_writes(both):
    """The student as token distillation trains it, the teacher as it wrote; `<think>` stands there once."""
    (row,) = rows_of(messages(alignment.normalised(ANSWER)), both)
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": alignment.normalised(ANSWER)}]
    whole = both.student.apply_chat_template(turns, return_dict=False)
    assert row["input_ids"] == whole[: len(row["input_ids"])]
    assert both.student.decode(whole[len(row["input_ids"]) :]) == "\n"  # what nobody reads
    prompt = models.prompt_ids(both.teacher, "How many?")
    assert row["teacher_ids"][: len(prompt)] == prompt
    assert row["teacher_ids"].count(both.teacher.convert_tokens_to_ids("<think>")) == 1


def test_what_the_teacher_s_prompt_holds_is_given(both):
    opened, plain = rows_of(messages(ANSWER, "Seven."), both)
    chunks = chunks_of(opened)
    assert chunks.ends[opened["given"] - 1] == len("<think>\n") and plain["given"] == 0


def test_a_chunk_across_the_opening_s_end_is_given(both):
    """A teacher's token may begin in its prompt's words and end behind them."""
    (row,) = rows_of(messages("<think>\n\n\nWell."), both)
    chunks = chunks_of(row)
    assert chunks.ends[row["given"] - 1] >= len("<think>\n")
    assert row["given"] < 2 or chunks.ends[row["given"] - 2] < len("<think>\n")


def test_the_ends_of_a_turn_are_one_chunk_and_a_shared_token(both):
    (row,) = rows_of(messages(ANSWER), both)
    chunks = chunks_of(row)
    assert chunks.one_to_one[-1] and chunks.ends[-1] - chunks.ends[-2] == len(END)
    assert both.ends in set(zip(both.shared.teacher, both.shared.student, strict=True))
    names = (both.teacher.convert_ids_to_tokens(both.ends[0]), both.student.convert_ids_to_tokens(both.ends[1]))
    assert names == ("<|im_end|>", "<end_of_turn>")


def test_ends_by_their_names_do_not_meet(both):
    """The pitfall: as they are written, the two texts part at the end, and nobody would learn to stop."""
    surfaces = [alignment.surfaces(tokenizer) for tokenizer in (both.teacher, both.student)]
    assert not set(zip(*astuple(alignment.shared_vocabulary(*surfaces)), strict=True)) & {both.ends}
    with pytest.raises(ValueError, match="different texts"):
        alignment.align(*([side[end]] for side, end in zip(surfaces, both.ends, strict=True)))


def astuple(shared):
    return shared.teacher, shared.student


def test_the_end_is_what_the_template_writes_and_not_eos():
    tokenizer = AutoTokenizer.from_pretrained(MINI / "student")
    tokenizer.eos_token = "<eos>"  # as in Gemma's own settings
    assert tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer)) == "<end_of_turn>"


@pytest.mark.parametrize("behind", ["", " Next."])
def test_a_template_without_an_end_is_refused(behind):
    tokenizer = AutoTokenizer.from_pretrained(MINI / "student")
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}" + behind
    with pytest.raises(ValueError, match="no token that ends a turn"):
        end_of_turn(tokenizer)


def test_a_batch_counts_its_chunks_on(both):
    rows = rows_of(messages(ANSWER, "Seven.", ANSWER), both)
    batch = BothSides(both)(rows)
    learnt = [losses.targets(side["labels"]) for side in (batch["teacher"], batch)]
    chunks = batch["chunks"]
    assert [len(ids) for ids in learnt] == [chunks.teacher[-1], chunks.student[-1]]
    assert len(batch["given"]) == len(chunks) and batch["given"].sum() == sum(row["given"] for row in rows)
    for i in range(len(chunks)):
        left, right = (
            b"".join(side[token] for token in ids[cuts[i] : cuts[i + 1]])
            for side, ids, cuts in zip(both.surfaces, learnt, (chunks.teacher, chunks.student), strict=True)
        )
        assert left == right


def test_the_opening_is_sought_in_the_prompt_alone():
    """A trace of thousands of words is not compared with a prompt of fifty, word by word."""
    looked = []

    class Watched(str):
        def __getitem__(self, part):
            looked.append(part)
            return str(self)[part]

    assert opening("user: Hm?\n<think>\n", Watched("<think>\n" + "so " * 999)) == "<think>\n"
    assert len(looked) <= 2 * len("user: Hm?\n<think>\n")
    assert opening("<think>\n", Watched("<think>\n")) == opening("so <think>\n", Watched("<think>\n")) == "<think>\n"
    assert opening("a\n", Watched("b")) == opening("", Watched("b")) == opening("a", Watched("")) == ""


# --- rows that are cut, or left out -------------------------------------------------------------


def test_a_row_that_is_too_long_is_cut_between_chunks_on_both_sides(both):
    """However much room there is: a beginning of both sides, of the same bytes, that fits and could not be longer."""
    (whole,) = rows_of(messages(ANSWER), both)
    prompt, chunks = whole["labels"].count(losses.IGNORED), chunks_of(whole)
    sizes = set()
    for longest in range(prompt + chunks.student[1], len(whole["input_ids"]) + 2):
        (row,) = rows_of(messages(ANSWER), both, longest=longest)
        kept = chunks_of(row)
        assert kept == chunks.part(0, len(kept))
        assert len(row["input_ids"]) == prompt + kept.student[-1] <= longest
        assert len(kept) == len(chunks) or prompt + chunks.student[len(kept) + 1] > longest
        assert row["given"] == min(whole["given"], len(kept))
        for side, cuts in (("", kept.student), ("teacher_", kept.teacher)):
            ids, labels = row[(side or "input_") + "ids"], row[side + "labels"]
            assert ids == whole[(side or "input_") + "ids"][: len(ids)] and labels == whole[side + "labels"][: len(ids)]
            assert sum(label != losses.IGNORED for label in labels) == cuts[-1]
        sizes.add(len(kept))
    assert sizes == set(range(1, len(chunks) + 1))
    assert row == whole


def test_what_is_cut_can_be_learnt(tier):
    """Rows of which the longer ones end early, beside whole ones."""
    trainer = trainer_for(tier)
    lengths = sorted({len(row["input_ids"]) for row in trainer.train_dataset})
    both = sides_of(*(models.load_tokenizer(tier, role) for role in ("teacher", "student")))
    rows = rows_of(traces.messages(kept()), both, longest=lengths[len(lengths) // 2])
    assert {len(row["input_ids"]) for row in rows} == set(lengths[: len(lengths) // 2 + 1]) and len(rows) == len(kept())
    found = loss_of(trainer, trainer.data_collator(rows)).item()
    assert found == pytest.approx(by_hand(trainer, rows), rel=1e-4)


def test_a_row_of_which_nothing_is_left_is_left_out_and_told(both, capsys):
    long = messages("Seven.")[0] | {"prompt": [{"role": "user", "content": "How many? " * 60}]}
    (short,) = rows_of(messages("Seven."), both)
    assert rows_of([long, *messages("Seven."), long], both, longest=100) == [short]
    asked = len(models.prompt_ids(both.student, "How many? " * 60))
    reason = f"of 100 tokens its question takes {asked}, which leaves nothing to learn"
    assert capsys.readouterr().out.splitlines() == [
        "2 of 3 rows are left out:", f"row 1: {reason}", f"row 3: {reason}"
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"7 of 7 rows are left out:\nrow 1: of 100(.|\n)*\nand 2 more$"):
        rows_of([long] * 7, both, longest=100)
    assert rows_of([], both) == [] and not capsys.readouterr().out


@pytest.mark.parametrize("name", ["<|im_end|>", "<|endoftext|>", "<end_of_turn>", "<bos>", "<eos>", "<pad>"])
def test_the_name_of_a_special_token_is_a_word_like_any_other(both, name):
    """No end is learnt in the middle of an answer, on neither side, and one such row stops no training."""
    text = f"<think>\nIt says {name} there.\n</think>\n\nSeven."
    row, other = rows_of(messages(text, "Seven."), both)
    for tokenizer, end, labels in zip(
        (both.teacher, both.student), both.ends, ("teacher_labels", "labels"), strict=True
    ):
        answer = [token for token in row[labels] if token != losses.IGNORED]
        assert not set(answer[:-1]) & set(tokenizer.all_special_ids) and answer[-1] == end
        assert tokenizer.decode(answer[:-1]) == text
    assert both.teacher.convert_tokens_to_ids("<think>") in row["teacher_labels"]
    assert chunks_of(row).one_to_one[-1] and other == rows_of(messages("Seven."), both)[0]
    for tokenizer in (both.teacher, both.student):  # elsewhere it still is what it was
        special = tokenizer.all_special_tokens[0]
        assert tokenizer(special, add_special_tokens=False).input_ids == [tokenizer.convert_tokens_to_ids(special)]


def test_a_teacher_s_special_think_is_one_token(both):
    """Some tokenizers count `<think>` among the special tokens; a teacher writes it as one all the same."""
    teacher = AutoTokenizer.from_pretrained(MINI / "teacher")
    teacher.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    assert teacher.added_tokens_decoder[teacher.convert_tokens_to_ids("<think>")].special
    text = messages("<think>\nIt says <|im_end|>.\n</think>\n\nSeven.")
    assert rows_of(text, sides_of(teacher, both.student)) == rows_of(text, both)


def test_a_row_that_cannot_be_aligned_is_left_out_and_told(both, capsys):
    """Letters that the two write differently stop no training, nor does a question with a beginning's name in it."""
    asks = messages("Seven.")[0] | {"prompt": [{"role": "user", "content": "What is <bos>?"}]}
    odd = "\ue000"  # the mini student writes it with two tokens
    found = rows_of([*messages("Seven."), asks, *messages(f"It is {odd}.")], both)
    assert found == rows_of([*messages("Seven."), asks], both) and len(found) == 2
    said = capsys.readouterr().out
    assert "1 of 3 rows are left out:" in said
    assert "row 3: the two tokenizations spell different texts from byte 9 on" in said


# --- the loss -----------------------------------------------------------------------------------


def by_hand(trainer, rows, alpha: float = 0.0, unmatched: float = 1.0) -> float:
    """Row by row and without padding: `losses.across` where the teacher wrote, the labels' cross-entropy."""
    total, count = 0.0, 0
    for row in rows:
        chunks, logits, words = chunks_of(row), {}, {}
        for name, model, ids, labels in (
            ("student", trainer.model, row["input_ids"], row["labels"]),
            ("teacher", trainer.teacher, row["teacher_ids"], row["teacher_labels"]),
        ):
            answer = sum(token != losses.IGNORED for token in labels)
            with torch.no_grad():
                every = model(input_ids=torch.tensor([ids])).logits[0].double()
            logits[name], words[name] = every[-answer - 1 : -1], torch.tensor(ids[-answer:])
        soft = divergence(
            logits["student"],
            words["student"],
            logits["teacher"],
            words["teacher"],
            chunks,
            trainer.shared,
            unmatched,
        )
        hard = -logits["student"].log_softmax(-1).gather(1, words["student"][:, None])[:, 0]
        for i, value in enumerate(soft.tolist()):
            told = hard[chunks.student[i] : chunks.student[i + 1]].sum().item()
            total += told if i < row["given"] else alpha * told + (1 - alpha) * value
        count += len(words["student"])
    return total / count


@pytest.mark.parametrize("how", [{}, {"alpha": 0.3, "unmatched": 0.0}, {"alpha": 1.0}], ids=str)
def test_the_loss_by_hand(tier, how):
    trainer = trainer_for(tier, **how)
    rows = trainer.train_dataset.select(range(3, 7)).to_list()
    assert all(row["given"] for row in rows) and len({len(row["input_ids"]) for row in rows}) > 1
    found = loss_of(trainer, trainer.data_collator(rows)).item()
    assert found == pytest.approx(by_hand(trainer, rows, **how), rel=1e-4)


def test_all_labels_are_token_distillation(tier):
    """With alpha 1 nothing is left of the teacher: the loss is that of notebook 3, without what is behind the end."""
    trainer = trainer_for(tier, alpha=1.0)
    batch = trainer.data_collator(trainer.train_dataset.select(range(4)).to_list())
    with torch.no_grad():
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
        wanted = trainer.model.eval()(**inputs).loss
        assert loss_of(trainer, batch).item() == pytest.approx(wanted.item(), rel=1e-4)


def test_gradients_of_small_batches_are_those_of_the_whole(tier):
    gradients_are_the_same_however_a_step_is_cut(tier, trainer_for)


def test_it_trains_the_student_towards_the_teacher_and_leaves_the_teacher_alone(tier):
    trainer = trainer_for(in_few_steps(tier), rows=kept(4))
    # Not far, with random weights: much of such a teacher no student can follow.
    trains_towards_the_teacher_and_leaves_it_alone(trainer, batch_of(trainer), 0.9, "cross-tokenizer-0-")


# --- by its name --------------------------------------------------------------------------------


def test_made_once_and_then_read(tier, monkeypatch):
    tier = replace(tier, epochs=1)
    made = methods.CrossTokenizer(tier, 0, kept()).run()
    monkeypatch.setattr(models, "load_student", lambda tier: pytest.fail("there is nothing left to train"))
    assert methods.CrossTokenizer(tier, 0, kept()).run() == made


def test_each_way_of_learning_has_its_folder(tier):
    rows = kept()
    ways = [{}, {"alpha": 0.5}, {"unmatched": 0.0}]
    folders = {methods.Token(tier, 0, rows).folder}
    folders |= {methods.CrossTokenizer(tier, 0, rows, **how).folder for how in ways}
    folders |= {methods.CrossTokenizer(tier, *of).folder for of in ((0, rows.select(range(5))), (1, rows))}
    assert len(folders) == 6


def test_rows_of_traces(both):
    rows = rows_of(traces.messages(kept(3)), both)
    assert Dataset.from_list(rows).to_list()[2]["student_cuts"] == list(rows[2]["student_cuts"])


@pytest.mark.parametrize("made", [{"unmatched": -1.0}, {"unmatched": float("nan")}, {"alpha": 1.5}])
def test_a_way_of_learning_that_cannot_be_is_refused(made):
    with pytest.raises(ValueError, match=r"unmatched is|alpha is"):
        methods.CrossTokenizer(tiers.TIERS["mini"], 0, kept(), **made)
