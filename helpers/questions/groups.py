"""Questions in a few groups, for specialists of each: by their family where they have one, else by their length."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from helpers.problems import GROUPS
from helpers.tiers import Tier

LENGTHS = ("short", "middle", "long")


@dataclass(frozen=True)
class Groups:
    """Which group a question belongs to: what can be asked of a question that nobody has answered yet.

    Attributes:
        families: of each family its group; empty where the questions have no families.
        words: without families, from how many words on a question is no longer short, and from how many on long.
    """

    families: Mapping[str, str]
    words: tuple[int, int] = (0, 0)

    @property
    def names(self) -> tuple[str, ...]:
        """All groups, in their order."""
        return tuple(dict.fromkeys(self.families.values())) if self.families else LENGTHS

    def of(self, question: str, family: str) -> str:
        """The group of a question.

        Raises:
            ValueError: for a family of none, with those that there are.
        """
        if not self.families:
            return LENGTHS[sum(len(question.split()) >= edge for edge in self.words)]
        if family not in self.families:
            raise ValueError(f"the family {family!r} is in no group; choose from {', '.join(self.families)}")
        return self.families[family]


def groups(tier: Tier, asked: Iterable[str]) -> Groups:
    """The groups of a tier's questions.

    The mini tier's are those of `problems.GROUPS`. Other questions have no families: they are grouped by their length
    in words, a third of `asked` in each group, those as long as the edge in the longer one.

    Args:
        tier: whose questions.
        asked: training questions, by which the lengths are cut.

    Raises:
        ValueError: without a question, where lengths are to be cut.
    """
    if tier.data.made_here:
        return Groups({family: name for name, families in GROUPS.items() for family in families})
    lengths = sorted(len(question.split()) for question in asked)
    if not lengths:
        raise ValueError("there are no questions to group by their length")
    return Groups({}, (lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]))
