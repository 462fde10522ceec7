"""Whether an answer looks back at itself, and what it then finds."""

import re

# It thinks again about what it has written: "Wait, let me double-check.", "Let me verify that."
CHECK = re.compile(r"(?i)\bwait\b[,.!]|\bhold on\b|\bdouble-?check|\bverify\b|\bcheck (?:this |that |it )?again\b"
                   r"|\b(?:make|to be) sure\b|\bcan that be\b|\btest (?:it|that)\b")  # fmt: skip
# How a check ends that finds nothing: "That fits.", "Good, it matches.", "No mistake here."
FITS = re.compile(
    r"(?i)\b(?:(?:that|it) (?:fits|holds|works|matches|checks out)|(?:that|it) (?:is|seems) (?:right|correct)"
    r"|yes, correct|no mistake|all good|fine\.|good[.,])"
)


def has_check(text: str) -> bool:
    """Whether an answer looks back at itself, by the words with which English reasoning announces that."""
    return bool(CHECK.search(text))


def says_it_fits(text: str) -> bool:
    """Whether its last check ends in the finding that all is right, by words as above."""
    looked = list(CHECK.finditer(text))
    return bool(looked and FITS.search(text, looked[-1].end()))
