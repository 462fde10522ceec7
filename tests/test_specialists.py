"""Specialists as teachers: their mean, and for each question its own one, by hand; what makes a run what it is."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from test_adapters import folders  # noqa: F401  (a fixture)
from test_cache import tier_in as in_parts
from test_on_policy import steps_of
from test_training import kept

from helpers import losses, methods, models, training
from helpers.losses.ensemble import mean_of
from helpers.methods import specialists
from helpers.models.adapters import hear

NAMES = ("a", "b", "c")


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    return replace(in_parts(tmp_path, tiny, monkeypatch), micro_batch=4)


@pytest.fixture
def rows():
    return kept(8)


def routes_of(rows) -> dict[str, str]:
    return {question: NAMES[number % 3] for number, question in enumerate(rows["question"][:])}


def by_hand(trainer, batch, teacher_of, direction="forward") -> float:
    """The mean over all learnt tokens, from all logits; behind the end of a turn the label alone is learnt.

    teacher_of: from what a model is given to the teacher's logits.
    """
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        ours, theirs = trainer.model.eval()(**given).logits.double(), teacher_of(given)
    labels = batch["labels"]
    found = losses.each_divergence(*(losses.learnt(side, labels) for side in (ours, theirs)), kind=direction)
    words = losses.targets(labels)
    hard = torch.nn.functional.cross_entropy(losses.learnt(ours, labels), words, reduction="none")
    begins = (labels != losses.IGNORED).int().argmax(1)
    end = [begin + row[begin:].tolist().index(trainer.processing_class.eos_token_id)
           if trainer.processing_class.eos_token_id in row else len(row)
           for begin, row in zip(begins.tolist(), labels, strict=True)]  # fmt: skip
    behind = torch.arange(labels.shape[1])[None] > torch.tensor(end)[:, None]
    return torch.where(losses.targets(labels, behind), hard, found).mean().item()


def said_by(trainer, given, name) -> torch.Tensor:
    return hear(trainer.teacher, name)(**given).logits.double()


def test_the_mean_by_hand(tier, rows, folders):  # noqa: F811
    weights = {"a": 1.0, "b": 2.0, "c": 5.0}
    trainer = methods.Ensemble(tier, 0, rows, specialists=folders, weights=weights).trainer()
    batch = next(iter(trainer.get_train_dataloader()))

    def teacher(given):
        return mean_of((said_by(trainer, given, name) for name in NAMES), [1 / 8, 2 / 8, 5 / 8])

    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert found == pytest.approx(by_hand(trainer, batch, teacher), rel=1e-4)
    one = methods.Ensemble(tier, 0, rows, specialists=folders).trainer()
    assert one.compute_loss(one.model.eval(), dict(batch)).item() != pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize("lam", [0.0, 1.0])
def test_each_row_is_graded_by_its_own_specialist(tier, rows, folders, lam):  # noqa: F811
    routes = routes_of(rows)
    trainer = methods.Specialists(tier, 0, rows, specialists=folders, routes=routes, lam=lam).trainer()
    (batch,) = steps_of(trainer)
    assert batch["own"] is (lam == 1.0) and len(set(batch["route"].tolist())) > 1
    for ids, number in zip(batch["input_ids"], batch["route"], strict=True):
        text = trainer.processing_class.decode(ids)
        (question,) = (question for question in routes if question in text)
        assert trainer.voices[number] == routes[question]

    def teacher(given):
        each = [said_by(trainer, given, name) for name in trainer.voices]
        return torch.stack([each[number][row] for row, number in enumerate(batch["route"])])

    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert found == pytest.approx(by_hand(trainer, batch, teacher), rel=1e-4)
    batch["route"] = (batch["route"] + 1) % 3
    assert trainer.compute_loss(trainer.model.eval(), dict(batch)).item() != pytest.approx(found, rel=1e-3)


def test_one_specialist_for_all_is_a_teacher_of_its_own(tier, rows, folders):  # noqa: F811
    """By the trainers of one teacher, on the student's own text and on the traces."""
    alone = {"b": folders["b"]}
    routes = dict.fromkeys(rows["question"][:], "b")
    own = methods.Specialists(tier, 0, rows, specialists=alone, routes=routes, direction="reverse").trainer()
    (batch,) = steps_of(own)
    read = methods.Ensemble(tier, 0, rows, specialists=alone, kind="reverse").trainer((own.model, own.processing_class))
    given = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
    found = [each.compute_loss(own.model.eval(), dict(one)).item() for each, one in ((own, batch), (read, given))]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_the_specialists_stay_as_they_are_and_the_student_learns(tier, rows, folders):  # noqa: F811
    made = methods.Specialists(
        replace(tier, epochs=1), 0, rows, specialists=folders, routes=routes_of(rows), start=folders["c"]
    )
    trainer = made.trainer()
    theirs = {name: weight.clone() for name, weight in trainer.teacher.named_parameters()}
    ours = {name: weight.detach().clone() for name, weight in trainer.model.named_parameters() if weight.requires_grad}
    training.run(trainer)
    assert all(torch.equal(theirs[name], weight) for name, weight in trainer.teacher.named_parameters())
    now = dict(trainer.model.named_parameters())
    assert ours and not any(torch.equal(weight, now[name]) for name, weight in ours.items())
    assert made.run() == training.read(made.folder)


def test_adapters_are_known_by_their_weights_and_routes_by_their_questions(tier, rows, folders, tmp_path):  # noqa: F811
    moved = {name: shutil.copytree(folder, tmp_path / name) for name, folder in folders.items()}
    routes = routes_of(rows)
    other = {**routes, rows["question"][0]: "b"}
    ways = [
        {"specialists": folders, "routes": routes}, {"specialists": moved, "routes": {**routes, "Another?": "c"}},
        {"specialists": folders, "routes": other}, {"specialists": {**folders, "a": folders["b"]}, "routes": routes},
    ]  # fmt: skip
    same, again, *others = (methods.Specialists(tier, 0, rows, **way).folder for way in ways)
    assert same == again and len({same, *others}) == 3
    weighed = ((folders, None), (moved, dict.fromkeys(NAMES, 7.0)), (folders, {"a": 1.0, "b": 2.0, "c": 3.0}))
    made = [methods.Ensemble(tier, 0, rows, specialists=given, weights=weights).folder for given, weights in weighed]
    assert made[0] == made[1] != made[2]


def test_a_question_whose_prompt_fills_the_row_is_left_out_and_the_others_keep_their_specialists(tier, folders, capsys):  # noqa: F811
    rows = kept(8).map(lambda row, i: {"question": row["question"] + " More." * 200 * (i == 2)}, with_indices=True)
    trainer = methods.Specialists(tier, 0, rows, specialists=folders, routes=routes_of(rows)).trainer()
    found = trainer.train_dataset
    assert len(found) == 7 and sorted(found["route"]) == sorted([0, 1, 0, 1, 2, 0, 1])
    assert "1 of 2 traces have more than 512 tokens" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("made", "how", "said"),
    [
        ("Ensemble", {"specialists": {}}, "weights for nobody"),
        ("Ensemble", {"weights": {"a": 1.0}}, "and teachers a, b, c"),
        ("Ensemble", {"role": "teacher"}, "no student called 'teacher'"),
        ("Specialists", {"routes": {"How many?": "d"}}, "a route to d"),
        ("Specialists", {"control": 0.1}, "asks no teacher"),
    ],
)
def test_settings_that_are_none_are_refused(tier, rows, folders, made, how, said):  # noqa: F811
    given = {"specialists": folders} | ({"routes": routes_of(rows)} if made == "Specialists" else {}) | how
    with pytest.raises(ValueError, match=said):
        getattr(methods, made)(tier, 0, rows, **given)


def test_a_question_without_a_route_and_a_folder_without_an_adapter_are_named(tier, rows, folders, tmp_path):  # noqa: F811
    made = methods.Specialists(tier, 0, rows, specialists=folders, routes={rows["question"][0]: "a"})
    with pytest.raises(ValueError, match="7 of 8 questions have no route"):
        _ = made.folder
    with pytest.raises(FileNotFoundError, match="no adapter in"):
        _ = methods.Ensemble(tier, 0, rows, specialists={"a": tmp_path}).folder


def test_the_sibling_can_have_specialists_too(tier, rows, tmp_path):
    model = models.add_lora(models.load_sibling(tier)[0], tier.lora, 0)
    model.save_pretrained(tmp_path / "one")
    trainer = methods.Ensemble(tier, 0, rows, specialists={"one": tmp_path / "one"}, role="sibling").trainer()
    batch = next(iter(trainer.get_train_dataloader()))
    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert found == pytest.approx(by_hand(trainer, batch, lambda given: said_by(trainer, given, "one")), rel=1e-4)


@pytest.mark.parametrize(("tokens", "logits", "shared"), [(8, 6, 6), (5, 6, 5)])
def test_a_token_without_a_logit_and_a_logit_without_a_token_are_left_out(tokens, logits, shared):
    tokenizer = SimpleNamespace(get_vocab=lambda: {str(number): number for number in range(tokens)})
    model = SimpleNamespace(get_output_embeddings=lambda: torch.nn.Linear(2, logits))
    assert specialists.of_one_base(model, tokenizer) == {"vocabulary": shared, "opening": 0}
