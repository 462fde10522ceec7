"""A reader's own judge: a set of colours, in any order."""

COLOURS = {"black", "blue", "green", "red", "white", "yellow"}


def same_colours(answer, gold):
    return COLOURS & set(answer.lower().replace(".", " ").replace(",", " ").split()) == set(gold)
