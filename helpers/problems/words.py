"""Names and things for the word problems."""

import random

SHE = ("Sarah", "Mia", "Emma", "Lily", "Zoe", "Nora", "Ava", "Ruth", "Ella", "Ines", "Amara", "Priya")
HE = ("Tom", "Ben", "Max", "Leo", "Omar", "Sam", "Jack", "Noah", "Luis", "Finn", "Kofi", "Ravi")
ITEMS = (
    "crayons", "pencils", "shells", "stickers", "marbles", "stamps", "cards", "beads", "coins", "buttons", "apples",
    "plums", "cookies", "candies", "stones", "ribbons",
)  # fmt: skip
BOXES = (("box", "boxes"), ("bag", "bags"), ("pack", "packs"), ("jar", "jars"))
GOODS = ("pens", "books", "mugs", "hats", "toys", "kites", "balls", "caps", "scarves", "puzzles")
DRINKS = ("smoothie", "lemonade", "juice", "milkshake", "tea", "cocoa")
PLACES = ("café", "market", "bakery", "fair", "kiosk")
SIZES = ("small", "large", "fresh", "cold")
TOWNS = ("Maple Junction", "Cedar Falls", "Oak Hill", "Pine Bay", "Willow Creek", "River Bend")
BUS_STOPS = ("school", "library", "train station", "museum", "harbor", "market", "park", "zoo")


def person(rng: random.Random) -> dict[str, str]:
    """A first name with its pronouns: `{"name": "Sarah", "she": "she", "She": "She", "her": "her"}`."""
    name = rng.choice(SHE + HE)
    she, her = ("she", "her") if name in SHE else ("he", "his")
    return {"name": name, "she": she, "She": she.title(), "her": her}


def people(rng: random.Random, count: int) -> dict[str, str]:
    """Two or three different first names: `{"first": "Tom", "second": "Mia"}`."""
    return dict(zip(("first", "second", "third"), rng.sample(SHE + HE, count), strict=False))


def multiples(rng: random.Random, most: int = 100) -> tuple[int, int]:
    """Two factors, 2 to 9 and 2 to 30, whose product is at most `most`."""
    few = rng.randint(2, 9)
    return few, rng.randint(2, min(30, most // few))
