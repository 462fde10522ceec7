"""What two models' vocabularies have in common where they share a tokenizer."""


def common_vocabulary(student_tokenizer, teacher_tokenizer, student_size: int, teacher_size: int) -> int:
    """How many tokens both models really have: slice the logits, or the output heads, of both to so many.

    Models of one family pad their vocabularies to different sizes (Qwen2.5: 151,936 and 152,064, of which 151,665 are
    tokens). The padding rows are untrained; they are cut off before the softmax, never filled up with zeros.

    Args:
        student_tokenizer: as transformers loads it.
        teacher_tokenizer: likewise.
        student_size: the number of its logits.
        teacher_size: the number of its logits.

    Raises:
        ValueError: if the tokenizers are not the same, and names both sizes and the first difference.
    """
    student, teacher = student_tokenizer.get_vocab(), teacher_tokenizer.get_vocab()
    if teacher != student:
        other = min(
            (token for token, number in (teacher.items() ^ student.items())),
            key=lambda token: (teacher.get(token, student.get(token)), token),
        )
        raise ValueError(
            f"the teacher's tokenizer has {len(teacher):,} tokens and the student's {len(student):,}, and they are not "
            f"the same: {other!r} is {_number(teacher, other)} for the teacher and {_number(student, other)} for the "
            "student. Their logits cannot be compared one by one: see notebook 07_across_tokenizers"
        )
    size = max(teacher.values()) + 1
    if size > min(teacher_size, student_size):
        raise ValueError(
            f"the tokenizer has {size:,} tokens, the teacher {teacher_size:,} logits and the student "
            f"{student_size:,}: a model was saved with another tokenizer"
        )
    return size


def _number(vocabulary: dict[str, int], token: str) -> str:
    return f"number {vocabulary[token]:,}" if token in vocabulary else "unknown"
