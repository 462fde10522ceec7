"""Which code a result stands on: what changes its digest, and what does not."""

import shutil

import pytest

from helpers import sources


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The helpers in another place, where they can be edited; each look is a new one."""
    shutil.copytree(sources.HELPERS, tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "HELPERS", tmp_path / "helpers")
    return tmp_path / "helpers"


def looked(*names: str) -> str:
    sources.code.cache_clear()
    return sources.code(*names)


@pytest.fixture(autouse=True)
def forgotten():
    yield
    sources.code.cache_clear()


def edit(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


LOGITS, TOKEN = ("methods/logits",), ("methods/token",)


def test_an_edited_loss_changes_what_stands_on_it_and_nothing_else(copied):
    before = looked(*LOGITS), looked(*TOKEN)
    edit(copied / "losses" / "chunked.py", "q - p", "p - q")
    assert looked(*LOGITS) != before[0] and looked(*TOKEN) == before[1]


def test_settings_and_callbacks_count_for_all(copied):
    before = looked(*LOGITS), looked(*TOKEN)
    edit(copied / "training" / "__init__.py", '"adam_beta2": 0.98', '"adam_beta2": 0.999')
    assert looked(*LOGITS) != before[0] and looked(*TOKEN) != before[1]


def test_words_beside_the_code_do_not_count(copied):
    before = looked(*LOGITS)
    for path in copied.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(f"# A remark.\n{text}\n# Another.\n", encoding="utf-8")
    edit(copied / "losses" / "chunked.py", "A divergence from hidden states", "Something")
    edit(copied / "losses" / "chunked.py", '"""The divergence of each row of logits, times', '"""Times')
    assert looked(*LOGITS) == before


def test_an_edit_counts_from_the_next_kernel_on(copied):
    before = looked(*LOGITS)
    edit(copied / "losses" / "chunked.py", "q - p", "p - q")
    assert sources.code(*LOGITS) == before, "the code that runs is the one that was imported"


@pytest.mark.parametrize(
    ("names", "file"),
    [
        (("methods/cached",), "cache/encodings.py"),
        (("methods/cached",), "losses/sparse.py"),
        (("methods/cross_tokenizer",), "alignment/__init__.py"),
        (("methods/cross_tokenizer",), "losses/cross_tokenizer.py"),
        (("methods/features",), "losses/hidden.py"),
        (("methods/features",), "training/matching.py"),
        (("methods/features",), "methods/cross_tokenizer.py"),
        (("methods/token", "models/lora", "models/chat"), "models/lora.py"),
    ],
)
def test_each_method_stands_on_its_files(copied, names, file):
    before = looked(*names)
    with open(copied / file, "a", encoding="utf-8") as source:
        source.write("\nEDITED = True\n")
    assert looked(*names) != before


def test_a_helper_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="methods/nowhere"):
        looked("methods/nowhere")
