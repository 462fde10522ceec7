"""Names and things for the word problems."""

import random

SHE = ("Sarah", "Mia", "Emma", "Lily", "Zoe", "Nora", "Ava", "Ruth", "Ella", "Ines", "Amara", "Priya")
HE = ("Tom", "Ben", "Max", "Leo", "Omar", "Sam", "Jack", "Noah", "Luis", "Finn", "Kofi", "Ravi")
ITEMS = (
    "crayons",
    "pencils",
    "shells",
    "stickers",
    "marbles",
    "stamps",
    "cards",
    "beads",
    "coins",
    "buttons",
    "apples",
    "plums",
    "cookies",
    "candies",
    "stones",
    "ribbons",
)
BOXES = (("box", "boxes"), ("bag", "bags"), ("pack", "packs"), ("jar", "jars"))
GOODS = ("pens", "books", "mugs", "hats", "toys", "kites", "balls", "caps", "scarves", "puzzles")
DRINKS = ("smoothie", "lemonade", "juice", "milkshake", "tea", "cocoa")
PLACES = ("café", "market", "bakery", "fair", "kiosk")
SIZES = ("small", "large", "fresh", "cold")
TOWNS = ("Maple Junction", "Cedar Falls", "Oak Hill", "Pine Bay", "Willow Creek", "River Bend")
BUS_STOPS = ("school", "library", "train station", "museum", "harbor", "market", "park", "zoo")


def person(rng: random.Random, but: tuple[str, ...] = ()) -> tuple[str, str, str]:
    """A first name not in `but`, its pronoun and its possessive: ("Sarah", "she", "her")."""
    name = rng.choice([name for name in SHE + HE if name not in but])
    return (name, "she", "her") if name in SHE else (name, "he", "his")


def people(rng: random.Random, count: int) -> list[str]:
    """`count` different first names."""
    return rng.sample(SHE + HE, count)


def multiples(rng: random.Random, most: int = 100) -> tuple[int, int]:
    """Two factors, 2 to 9 and 2 to 30, whose product is at most `most`."""
    few = rng.randint(2, 9)
    return few, rng.randint(2, min(30, most // few))
