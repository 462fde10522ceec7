"""A cache of targets: made once, going on after a kill, refused by name, and as good as the teacher itself."""

import random
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from kills import ended, forked, killed
from measure.steps import begin_apart
from test_training import Kill, equal, kept, weights

from helpers import cache, losses, methods, models, provenance, sources, tiers, traces, training
from helpers.cache.draws import unpack
from helpers.cache.encodings import bits
from helpers.tiers import TIERS
from helpers.training import method
from helpers.training.matching import Features
from helpers.training.rows import tokenized

MADE = {"teacher": "t", "tokenizer": "k", "prompt": "p", "traces": "r", "encoding": "draws", "kept": 3}


def tier_in(folder, tiny, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", folder)
    monkeypatch.setattr(method, "VALIDATION", 2)
    return replace(tiny, epochs=2, batch_size=4, micro_batch=2, lora=replace(tiny.lora, r=4, alpha=8))


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    return tier_in(tmp_path, tiny, monkeypatch)


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """The run of a training from a cache, made once. It had no teacher."""
    with pytest.MonkeyPatch.context() as patch:
        tier = tier_in(tmp_path_factory.mktemp("whole"), tiny, patch)
        methods.Cached(tier, 0, kept()).fill()
        patch.setattr(models, "load_teacher", lambda tier: pytest.fail("it is not needed any more"))
        return methods.Cached(tier, 0, kept()).run()


def row(i: int) -> dict:
    return {"input_ids": [i, i + 1], "labels": [-100, i + 1], "tokens": 1, "targets": bytes([i])}


def fill(folder, made=MADE, parts=3, until=None):
    for number in cache.make(folder, made, parts, lambda i: [row(2 * i), row(2 * i + 1)]):
        if number == until:
            raise KeyboardInterrupt


# --- the folder ---------------------------------------------------------------------------------


def test_what_is_written_is_read_from_the_disk(tmp_path):
    fill(tmp_path)
    found = cache.load(tmp_path, MADE)
    assert [one["targets"] for one in found] == [bytes([i]) for i in range(6)] and found[3] == {**row(3), "length": 2}
    assert found.cache_files and cache.size(found) == 1.0
    assert provenance.read(tmp_path, "") == MADE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "provenance.json"]


def test_a_killed_cache_goes_on_behind_its_last_whole_part(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, until=1)
    with pytest.raises(FileNotFoundError, match="no finished cache"):
        cache.load(tmp_path, MADE)
    made = []
    for _ in cache.make(tmp_path, MADE, 3, lambda i: made.append(i) or [row(2 * i), row(2 * i + 1)]):
        pass
    assert made == [2]
    assert cache.load(tmp_path, MADE)["targets"][:] == [bytes([i]) for i in range(6)]
    fill(tmp_path, until=0)  # a finished one is left alone


def test_two_makers_at_once_make_each_part_once(tmp_path):
    """Real processes: one writes, the other waits, and both end with the same cache."""

    def part(i):
        with open(tmp_path / "made", "a") as file:
            file.write(f"{i}\n")
        time.sleep(0.02)
        return [row(2 * i), row(2 * i + 1)]

    def make():
        assert list(cache.make(tmp_path / "cache", MADE, 5, part)) in ([0, 1, 2, 3, 4], [])
        assert len(cache.load(tmp_path / "cache", MADE)) == 10

    makers = [forked(make) for _ in range(3)]
    assert [ended(maker) for maker in makers] == [0, 0, 0]
    assert (tmp_path / "made").read_text() == "0\n1\n2\n3\n4\n"


def test_makers_that_are_killed_again_and_again_lose_no_part(tmp_path):
    lot = random.Random(0)
    for _ in range(8):
        makers = [forked(lambda: fill(tmp_path / "cache", parts=6)) for _ in range(2)]
        time.sleep(lot.uniform(0.005, 0.04))
        for maker in makers:
            killed(maker)
    fill(tmp_path / "cache", parts=6)
    assert cache.load(tmp_path / "cache", MADE)["targets"][:] == [bytes([i]) for i in range(12)]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["dataset", "provenance.json"]


@pytest.mark.parametrize("name", ["data-00000-of-00001.arrow", "state.json", "checksum"])
def test_a_damaged_part_is_made_again(tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, until=1)
    (tmp_path / cache.PARTS / "00000" / name).write_bytes(b"")
    fill(tmp_path)
    assert cache.load(tmp_path, MADE)["targets"][:] == [bytes([i]) for i in range(6)]


@pytest.mark.parametrize("name", ["dataset_info.json", "state.json", "checksum", "../provenance.json"])
@pytest.mark.parametrize("content", [b"", b"{"])
def test_every_damage_of_a_cache_is_told_with_the_mend(tmp_path, name, content):
    fill(tmp_path)
    (tmp_path / cache.DATASET / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged.*[Dd]elete .*,? and run again"):
        cache.load(tmp_path, MADE)


def test_reading_a_cache_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    fill(tmp_path / "artifacts" / "cache")
    cache.load(tmp_path / "artifacts" / "cache", MADE, tell=False)
    assert capsys.readouterr().out == ""
    cache.load(tmp_path / "artifacts" / "cache", MADE)
    assert capsys.readouterr().out == "the teacher's targets of 6 texts: read from artifacts/cache\n"


@pytest.mark.parametrize("key", MADE)
def test_another_cache_is_refused_by_name(tmp_path, key):
    fill(tmp_path)
    other = MADE | {key: "other"}
    for use in (lambda: cache.load(tmp_path, other), lambda: fill(tmp_path, other)):
        with pytest.raises(ValueError, match=f"made with other settings: {key} was .* and now is 'other'"):
            use()


def test_a_damaged_cache_is_refused(tmp_path):
    fill(tmp_path)
    (file,) = (tmp_path / cache.DATASET).glob("*.arrow")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: its checksum"):
        cache.load(tmp_path, MADE)


def test_what_others_put_beside_the_rows_is_no_damage(tmp_path):
    """A trainer maps its rows, and datasets keeps what came out in the folder of the rows."""
    fill(tmp_path)
    cache.load(tmp_path, MADE).map(lambda row: {"tokens": 2 * row["tokens"]})
    assert len(list((tmp_path / cache.DATASET).glob("*.arrow"))) == 2
    assert cache.load(tmp_path, MADE)["tokens"][:] == [1] * 6


def own_memory() -> int:
    """Bytes that belong to this process alone; pages of a mapped file the system takes back when it needs them."""
    return 1024 * int(re.search(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
def test_memory_stays_flat_however_many_rows_are_read(tmp_path):
    grown = {}
    for rows in (1_000, 8_000):
        many = [{**row(1), "input_ids": list(range(400)), "labels": [1] * 400, "targets": b"x" * 4000}] * rows
        for _ in cache.make(tmp_path / str(rows), MADE, 1, lambda _, many=many: many):
            pass
        del many
        dataset = cache.load(tmp_path / str(rows), MADE)
        before = own_memory()
        for start in range(0, rows, 10):
            assert len(dataset[start : start + 10]["targets"][0]) == 4000
        grown[rows] = own_memory() - before
    assert grown[8_000] < grown[1_000] + 8e6  # the rows themselves are 48 MB


# --- with models --------------------------------------------------------------------------------


def test_an_answer_is_tokenized_behind_its_prompt_even_where_both_would_melt():
    """Of two line breaks the mini models make one token; the first of them is the prompt's."""
    tokenizer = models.load_tokenizer(TIERS["mini"], "teacher")
    turn = traces.messages(kept()).to_list()[0]
    turn["completion"][0]["content"] = "<think>\n\nOkay.\n</think>\n\nIt is 3."
    (found,) = tokenized([turn], tokenizer)
    prompt = models.prompt_ids(tokenizer, turn["prompt"][0]["content"])
    assert found["input_ids"][: len(prompt)] == prompt and set(found["labels"][: len(prompt)]) == {losses.IGNORED}
    whole = tokenizer.apply_chat_template(turn["prompt"] + turn["completion"], tokenize=False)
    assert tokenizer.decode(found["input_ids"]) == whole and found["labels"][-1] != losses.IGNORED
    assert tokenizer.apply_chat_template(turn["prompt"] + turn["completion"], return_dict=False) != found["input_ids"]


def test_rows_are_tokenized_as_trl_does(tier):
    sibling, tokenizer = models.load_sibling(tier)
    trainer = methods.Token(tier, 0, kept(), role="sibling").trainer((sibling, tokenizer))
    theirs = [{key: list(one[key]) for key in ("input_ids", "labels")} for one in trainer.train_dataset]
    assert tokenized(traces.messages(kept()), tokenizer) == theirs
    room = 3 + max(one["labels"].count(losses.IGNORED) for one in theirs)  # so that of each answer something is left
    short = tokenized(traces.messages(kept()), tokenizer, room)
    assert short == [{key: each[:room] for key, each in one.items()} for one in theirs]
    assert min(map(len, (one["input_ids"] for one in theirs))) > room


def test_the_targets_are_drawn_from_the_teacher(tier):
    dataset, made = methods.Cached(tier, 0, kept(), temperature=2.0, draws=4000).fill()
    teacher, _ = models.load_teacher(tier)
    one = dataset[3]
    with torch.no_grad():
        logits = losses.learnt(teacher(torch.tensor([one["input_ids"]])).logits, torch.tensor([one["labels"]]))
    wanted = (logits.double() / 2).softmax(-1)
    drawn = unpack(one["targets"], one["tokens"], 4000, bits(made["vocabulary"]))
    for place, shares in zip(drawn, wanted, strict=True):
        assert (np.bincount(place, minlength=len(shares)) / 4000 - shares.numpy()).__abs__().max() < 1e-3


def test_a_cached_training_ends_where_a_live_one_does(tier):
    """With very many draws the cache is the distribution itself: the same adapter comes out, nearly."""
    how = {"temperature": 2.0, "alpha": 0.25}
    live = methods.Logits(tier, 0, kept(), **how).run()
    stored = methods.Cached(tier, 0, kept(), **how, draws=5000).run()
    assert live.steps == stored.steps
    one, other = (weights(training.adapters(run.folder)[-1]) for run in (live, stored))
    moved = torch.cat([(one[name] - other[name]).flatten() for name in one]).norm()
    length = torch.cat([tensor.flatten() for tensor in one.values()]).norm()
    assert moved < 0.05 * length


def test_the_sampler_reads_no_states_to_learn_the_lengths(tier):
    """It groups rows of about one length; without their column it would decode every row before the first step."""
    trainer = methods.Cached(tier, 0, kept()).trainer()
    lengths = [len(ids) for ids in trainer.train_dataset["input_ids"]]
    assert len(set(lengths)) > 1
    trainer.train_dataset = trainer.train_dataset.select_columns(["length"])  # there is nothing else to look at
    assert list(trainer._get_train_sampler().lengths) == lengths


def test_a_finished_cache_is_read_without_any_model(tier, monkeypatch):
    """Also in another process: a tokenizer gives its vocabulary in another order each time it is loaded."""
    first, made = methods.Cached(tier, 0, kept()).fill()
    for name in ("load_teacher", "load_sibling"):
        monkeypatch.setattr(models, name, lambda tier: pytest.fail("the cache is there"))
    again, made_again = methods.Cached(tier, 0, kept()).fill()
    assert made_again == made and again.to_list() == first.to_list()


def test_the_vocabulary_is_known_without_the_model(tier):
    for spec, load in ((tier.teacher, models.load_teacher), (tier.sibling, models.load_sibling)):
        assert models.text_config(spec).vocab_size == load(tier)[0].get_output_embeddings().weight.shape[0]


def test_a_cached_training_needs_no_teacher(tier, whole, monkeypatch):
    shutil.copytree(whole.folder.parent, tier.artifacts)
    (dataset,) = tier.artifacts.glob("cache-*/dataset")
    assert sorted(path.suffix for path in dataset.iterdir()) == ["", ".arrow", ".json", ".json"], "and wrote no rows"
    for name in ("load_teacher", "load_sibling"):
        monkeypatch.setattr(models, name, lambda tier: pytest.fail("there is nothing left to train"))
    again = methods.Cached(tier, 0, kept()).run()
    assert replace(again, folder=whole.folder) == whole


def pull_of(made) -> torch.Tensor:
    """The gradient of a method's first batch, with respect to an adapter whose second half is not zero."""
    trainer = made.trainer()
    begin_apart(trainer.model)
    trainer.compute_loss(trainer.model.eval(), next(iter(trainer.get_train_dataloader()))).backward()
    return torch.cat([weight.grad.flatten() for weight in trainer.model.parameters() if weight.requires_grad])


def test_from_every_encoding_the_whole_distribution_is_learnt(tier):
    """With all tokens kept it is there again, and pulls as the teacher beside the student does, nearly."""
    how = {"temperature": 2.0}
    live, folders = pull_of(methods.Logits(tier, 0, kept(), **how)), set()
    for kind in cache.encodings.KINDS:
        n = models.text_config(tier.teacher).vocab_size if kind.startswith("top_k") else 20_000
        made = methods.Cached(tier, 0, kept(), **how, draws=n, encoding=kind)
        assert (pull_of(made) - live).norm() < 0.15 * live.norm(), kind
        folders.add(made.folder)
    assert len(folders) == len(cache.encodings.KINDS)


def test_another_encoding_is_another_cache(tier):
    folders = set()
    for kind, n in (("draws", 4), ("draws", 5), ("top_k", 4)):
        _, made = methods.Cached(tier, 0, kept(), draws=n, encoding=kind).fill()
        assert made["encoding"] == kind and made["kept"] == n
        folders.add(methods.Cached(tier, 0, kept()).cache_folder(made))
    assert len(folders) == 3
    with pytest.raises(ValueError, match="no encoding called 'best'"):
        methods.Cached(tier, 0, kept(), draws=4, encoding="best").run()


def test_a_killed_cached_training_ends_as_if_it_had_not_been(tier, whole, monkeypatch):
    run = training.run

    def killed(trainer):
        trainer.add_callback(Kill(4))
        return run(trainer)

    monkeypatch.setattr(training, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        methods.Cached(tier, 0, kept()).run()
    monkeypatch.setattr(training, "run", run)
    again = methods.Cached(tier, 0, kept()).run()
    assert equal(weights(training.adapters(again.folder)[-1]), weights(training.adapters(whole.folder)[-1]))


def test_other_divergences_are_refused(tier):
    with pytest.raises(ValueError, match="gives the forward divergence, not 'reverse'"):
        methods.Cached(tier, 0, kept(), kind="reverse").run()


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ({"temperature": 0}, "temperature is 0; it must be above 0"),
        ({"temperature": -1}, "temperature is -1; it must be above 0"),
        ({"temperature": float("nan")}, "must be above 0"),
        ({"temperature": float("inf")}, "must be above 0"),
        ({"alpha": 2}, "alpha is 2"),
        ({"kind": "backward"}, "no divergence called 'backward'"),
        ({"kind": "jsd", "beta": 1}, "beta is 1"),
    ],
)
def test_a_way_of_learning_that_cannot_be_is_refused_where_it_is_named(made, complaint):
    """So no cache is made with it, nor read."""
    with pytest.raises(ValueError, match=complaint):
        methods.Cached(TIERS["mini"], 0, kept(), **made)


@pytest.mark.parametrize("n", [0, -1, 1.5, "4"])
def test_so_many_draws_cannot_be_kept(n):
    with pytest.raises(ValueError, match="1 token or more"):
        cache.Encoding("draws", n)


WAYS = {
    "targets": methods.Cached,
    "states too": lambda *given: methods.CachedFeatures(*given, features=Features(pairs=((2, 2),))),
}


@pytest.mark.parametrize("inside", WAYS)
def test_a_row_whose_prompt_fills_all_room_is_left_out(tier, capsys, inside):
    long = "Tom has 5 pens. " * 40
    rows = kept(3).map(lambda row, i: {"question": long if i == 1 else row["question"]}, with_indices=True)
    found, _ = WAYS[inside](replace(tier, max_length=150), 0, rows).fill()
    assert len(found) == 2 and min(found["tokens"]) > 0
    assert "1 of 3 traces have more than 150 tokens, as the sibling counts" in capsys.readouterr().out


def test_of_a_row_without_a_learnt_token_nothing_is_stored(tier, capsys):
    _, tokenizer = models.load_sibling(tier)
    long = kept(3).map(lambda row, i: {"question": "Tom has 5 pens. " * (40 if i == 1 else 1)}, with_indices=True)
    found = tokenized(traces.messages(long), tokenizer, 90)
    assert len(found) == 2 and all(any(label != losses.IGNORED for label in row["labels"]) for row in found)
    assert "left out: 1 of 3 traces, whose prompt alone fills 90 tokens" in capsys.readouterr().out


def test_other_code_has_a_cache_of_its_own(tier, monkeypatch):
    _, made = methods.Cached(tier, 0, kept(4)).fill()
    monkeypatch.setattr(sources, "code", lambda *names: "edited")
    _, other = methods.Cached(tier, 0, kept(4)).fill()
    assert methods.Cached(tier, 0, kept()).cache_folder(made) != methods.Cached(tier, 0, kept()).cache_folder(other)
