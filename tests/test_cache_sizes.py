"""helpers.cache.sizes: what a cache fills on the disk, beside what its targets do."""

import pytest
from datasets import Dataset

from helpers import cache
from helpers.cache.sizes import on_disk, parts


def test_on_the_disk_lie_tokens_and_labels_too(tmp_path):
    """Of each row 60 tokens, the prompt's 20 not learnt: 8 bytes for each of 60, over 40, are 12 a learnt token."""
    row = {"input_ids": list(range(60)), "labels": [-100] * 20 + list(range(40)), "tokens": 40, "targets": b"x" * 160}
    list(cache.make(tmp_path, {"teacher": "a"}, 3, lambda i: [row] * 100))
    stored = cache.load(tmp_path, {"teacher": "a"})
    assert cache.size(stored) == 4.0
    files = sum(path.stat().st_size for path in tmp_path.rglob("data-*.arrow"))
    assert on_disk(stored) == files / (300 * 40)
    assert 4 + 12 < on_disk(stored) < 4 + 12 + 1.5, "and little else: where each row begins, and a head"
    found = parts(stored, 1024)
    assert (found["targets"], found["tokens"], found["labels"]) == (4.0, 6.0, 6.0)
    assert sum(list(found.values())[:4]) == pytest.approx(found["on disk"]) and found["on disk"] == on_disk(stored)
    assert found["could be"] == pytest.approx(4 + (60 * 10 / 8 + 4) / 40)


def test_what_lies_in_memory_is_refused():
    with pytest.raises(ValueError, match="lies in memory"):
        on_disk(Dataset.from_dict({"tokens": [1]}))
