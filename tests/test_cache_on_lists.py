"""What the exercises on a cache are held to is what the helpers do, and each slip is another number."""

import random

import numpy as np
import pytest
import torch

from helpers.cache import draws, on_lists
from helpers.losses.sparse import stored_cross_entropy

random.seed(0)
BUCKET, BYTES, PAYS = on_lists.some_places(6), on_lists.some_texts(6), on_lists.some_trainings(6)


@pytest.mark.parametrize(("p", "q", "k"), BUCKET)
def test_the_bucket_is_the_helpers(p, q, k):
    teacher, student = (torch.tensor([each], dtype=torch.float64) for each in (p, q))
    kept = teacher.topk(k)
    wanted = stored_cross_entropy(student.log(), kept.indices, kept.values, tail=True)
    assert on_lists.bucket_loss(p, q, k) == pytest.approx(wanted.item())


@pytest.mark.parametrize(("p", "q", "k"), BUCKET)
def test_no_student_has_less_loss_than_the_teacher_itself(p, q, k):
    assert on_lists.bucket_loss(p, p, k) < on_lists.bucket_loss(p, q, k)


def test_bytes_are_counted_as_they_are_packed():
    found = np.sort(np.random.default_rng(0).integers(0, 30, (21, 6)), axis=1)
    different = sum(len(set(row)) for row in found.tolist())
    assert on_lists.packed_bytes(21, 6, different, 13) == len(draws.pack(found, 13))


def test_the_cache_pays_from_the_first_epoch_at_which_it_is_faster():
    for fill, live, stored in PAYS:
        first = on_lists.pays_from(fill, live, stored)
        assert fill + first * stored < first * live
        assert first == 1 or fill + (first - 1) * stored >= (first - 1) * live


def test_a_cache_that_is_no_faster_never_pays():
    with pytest.raises(ValueError, match="it never pays"):
        on_lists.pays_from(1.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("slips", "right", "cases"),
    [(on_lists.BUCKET_SLIPS, on_lists.bucket_loss, BUCKET), (on_lists.BYTES_SLIPS, on_lists.packed_bytes, BYTES),
     (on_lists.PAYS_SLIPS, on_lists.pays_from, PAYS)],
)  # fmt: skip
def test_a_slip_is_wrong_in_a_way_of_its_own(slips, right, cases):
    found = [[round(one(*case), 9) for case in cases] for one in (right, *slips)]
    assert len({tuple(each) for each in found}) == 1 + len(slips)
