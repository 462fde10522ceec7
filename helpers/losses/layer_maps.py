"""Which layer of a student learns from which layer of its teacher.

Layers are numbered as transformers numbers hidden states: 0 is what the embeddings give, 1 what the first block gives,
and the last what the last block gives after the final norm.
"""

from collections.abc import Sequence

Map = tuple[tuple[int, int], ...]  # pairs of a student's layer and a teacher's


def blocks(model) -> int:
    """How many blocks a transformers model has, which is the number of its last layer."""
    return model.config.get_text_config().num_hidden_layers


def last(student: int, teacher: int) -> Map:
    """The last layer of the one from the last of the other. student, teacher: how many blocks they have."""
    return ((student, teacher),)


def uniform(student: int, teacher: int) -> Map:
    """Every block of the student, at even steps through the teacher, the last from the last (TinyBERT's map)."""
    return tuple((layer, max(1, round(layer * teacher / student))) for layer in range(1, student + 1))


def by_likeness(likeness: Sequence[Sequence[float]]) -> Map:
    """Every block of the student from the teacher's block that is most like it, never from one before the last pair's.

    Of all maps that keep the order of the layers, the one with the greatest sum: the student's second block does not
    learn from a layer that lies before the one from which its first block learns.

    Args:
        likeness: [student's layers][teacher's layers] from layer 0 on, such as CKA.
    """
    student, teacher = len(likeness) - 1, len(likeness[0]) - 1
    best = [[(0.0, ())] * (teacher + 1) for _ in range(student + 1)]  # [layers mapped][highest teacher's layer]
    for layer in range(1, student + 1):
        for other in range(1, teacher + 1):
            value, pairs = best[layer - 1][other]
            found = (value + likeness[layer][other], (*pairs, (layer, other)))
            best[layer][other] = max(found, best[layer][other - 1]) if other > 1 else found
    return best[student][teacher][1]


def check(pairs: Map, student: int, teacher: int) -> Map:
    """The map itself, if it can be used. student, teacher: how many blocks the models have.

    Raises:
        ValueError: for a map without pairs, for a layer that does not exist, with the list of those that do, and for a
            pair that stands twice.
    """
    pairs = tuple((int(ours), int(theirs)) for ours, theirs in pairs)
    if not pairs:
        raise ValueError("the map has no pair of layers: give at least one, such as ((3, 4),)")
    for place, (name, blocks_) in enumerate((("student", student), ("teacher", teacher))):
        for pair in pairs:
            if not 0 <= pair[place] <= blocks_:
                raise ValueError(
                    f"the map {pairs} names layer {pair[place]} of the {name}, which has the layers "
                    f"{', '.join(map(str, range(blocks_ + 1)))} (0 is its embeddings)"
                )
    if len(set(pairs)) < len(pairs):
        raise ValueError(f"the map {pairs} has a pair twice")
    return pairs


# The uniform map as beginners write it, and what is wrong: for `check.function`.
UNIFORM_SLIPS = {
    lambda student, teacher: [(i, i) for i in range(1, student + 1)]:
        "the first layers of the teacher: its last are never used",
    lambda student, teacher: [(i, max(1, i * teacher // student)) for i in range(1, student + 1)]:
        "round to the nearest layer, not down",
    lambda student, teacher: [(i - 1, other) for i, other in uniform(student, teacher)]:
        "layer 0 is the embeddings: blocks begin at 1",
}  # fmt: skip
