"""The words of a story: who and what, drawn so that the words alone say which split it belongs to."""

import random
import re
from zlib import crc32

from data.making.world.problems import names, things

SPLITS = ("train", "validation", "test")
SHE = frozenset(names.SHE + names.NEW_SHE)
INVENTED = 0.12  # the share of names and of things that nobody has heard of: such a word can only be copied
ONSETS = names.listed("b br c d dr f fl g gl gr h j k kl l m n p pl r s sk sl st t tr v w y z")
VOWELS = names.listed("a e i o u a e i o u ai ee oa")
CODAS = names.listed("b d g l m n p r t nd nt rt st lm")
# What an invented word must not sound like.
UNKIND = re.compile(
    r"ass|arse|bast|bit|boob|cli|coc|coon|crap|cum|cun|dag|dam|dic|dik|dil|fag|fat|fuc|fuk|goo|hoe|hor|jap|jew|jiz|kik|"
    r"kil|koc|kok|kun|nag|naz|neg|nig|pak|pen|pis|poo|por|rap|ret|sex|slu|spi|tit|tur|twa|wan"
)


def split_of_words(words) -> str:
    """The one split of a set of words: eight in ten train, one validation, one test."""
    bucket = crc32("|".join(sorted(words)).encode()) % 10
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def invented(rng: random.Random, held: bool) -> str:
    """A word that can be spoken and that no list has; two syllables, three for the held-out ones."""
    while True:
        syllables = [rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(3 if held else rng.choice((1, 1, 2)))]
        word = "".join(syllables) + ("" if held else rng.choice(CODAS))
        if (
            4 <= len(word) <= 9
            and not UNKIND.search(word)
            and word not in KNOWN
            and f"{word}s" not in KNOWN
            and word.title() not in KNOWN
        ):
            return word


def draw_names(rng: random.Random, count: int, held: bool) -> list[tuple[str, str]]:
    """`count` different first names, each with "she" or "he"; held: only such as no split has."""
    pool = names.NEW_SHE + names.NEW_HE if held else names.SHE + names.HE
    found: dict[str, str] = {}
    while len(found) < count:
        if rng.random() < INVENTED:
            found[invented(rng, held).title()] = rng.choice(("she", "he"))
        else:
            name = rng.choice(pool)
            found[name] = "she" if name in SHE else "he"
    return list(found.items())


def draw_things(rng: random.Random, held: bool) -> list[str]:
    """Two different plural nouns; the first may be invented."""
    found = rng.sample(things.NEW_THINGS if held else things.THINGS, 2)
    if rng.random() < INVENTED:
        found[0] = things.plural_of(invented(rng, held))
    return found


def draw_cast(split: str, people: int, goods: int, held: bool, rng: random.Random) -> dict:
    """Words for the roles A B C (names), X Y (things) or G H J (goods), and the small ones; drawn until the split fits.

    goods: how many goods are bought, 0 for a story about things. held: only words that no split has. All names and
    what is counted decide the split, so that a question's own text belongs to one split and its twin to the same.
    """
    while True:
        who = draw_names(rng, people, held)
        what = rng.sample(things.NEW_GOODS if held else things.GOODS, 3) if goods else draw_things(rng, held)
        if split_of_words([name for name, _ in who] + what[: goods or 1]) == split:
            break
    cast = {role: name for role, (name, _) in zip("ABC", who, strict=False)}
    cast["she"] = {name: she for name, she in who}
    cast.update(zip("GHJ" if goods else "XY", what, strict=True))
    cast["K"], cast["L"] = rng.sample(things.NEW_CONTAINERS if held else things.CONTAINERS, 2)
    cast["P"], cast["Q"], cast["R"] = rng.sample(names.NEW_COLORS if held else names.COLORS, 3)
    cast["F"] = rng.choice(things.NEW_PLACES if held else things.PLACES)
    return cast


KNOWN = {
    *names.SHE, *names.HE, *names.NEW_SHE, *names.NEW_HE, *names.COLORS, *names.NEW_COLORS,
    *things.THINGS, *things.NEW_THINGS, *things.GOODS, *things.NEW_GOODS, *things.CONTAINERS, *things.NEW_CONTAINERS,
}  # fmt: skip
