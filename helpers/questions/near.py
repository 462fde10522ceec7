"""Which questions are near-duplicates of one another: most of their runs of three words are the same."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

RUN = 3  # words
WORD = re.compile(r"\w+|[-+*/×÷=<>^%]")


def same(text: str) -> str:
    """A text in which only how it is spaced does not count: two questions with one of these are the same."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def shingles(text: str) -> set[str]:
    """The runs of three words of a text, without case and punctuation; signs of a sum are words.

    A text without spaces between its words is one word: of such scripts only the same texts are alike.

    Source: Broder, "On the resemblance and containment of documents" (1997).
    """
    words = WORD.findall(unicodedata.normalize("NFKC", text).casefold()) or [text]
    return {" ".join(words[i : i + RUN]) for i in range(max(1, len(words) - RUN + 1))}


def earlier(texts: Sequence[str], least: float) -> list[list[int]]:
    """For each text the places of those before it that are near-duplicates: Jaccard's index of their runs is `least`.

    Two sets that are so alike share one of their rarest members: only those that do are compared (prefix filtering).
    So 10,000 questions take seconds, and the result is that of comparing all.

    Source: Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity joins in data cleaning" (2006).
    """
    runs = [shingles(text) for text in texts]
    common = Counter(one for each in runs for one in each)
    with_it, found = defaultdict(list), []
    for place, mine in enumerate(runs):
        rarest = sorted(mine, key=lambda one: (common[one], one))[: len(mine) - math.ceil(least * len(mine)) + 1]
        others = sorted({other for one in rarest for other in with_it[one]})
        found.append([i for i in others if len(mine & runs[i]) >= least * len(mine | runs[i])])
        for one in rarest:
            with_it[one].append(place)
    return found
