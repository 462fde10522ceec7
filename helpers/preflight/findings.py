"""What is found before a training: plain rows, each with its mend, that print as a table and go into a results file."""

from dataclasses import dataclass, field

from helpers.evaluation.statistics import Estimate
from helpers.evaluation.tables import markdown

GOOD, LOOK, STOP = "good", "look", "stop"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: the thing.
        state: "good"; "look", where it may do harm or cannot be told; "stop", where a training would be in vain.
        found: what was found.
        mend: what to do, where it is not good.
    """

    what: str
    state: str
    found: str
    mend: str = ""


@dataclass
class Report:
    """All that was found of one method on one tier. It shows itself as a table.

    Attributes:
        rows: the findings, in their order.
        figures: what was measured, for a results file: shares as Estimates, by dotted keys.
    """

    rows: list[Finding] = field(default_factory=list)
    figures: dict[str, Estimate | float | int] = field(default_factory=dict)

    def add(self, what: str, state: str, found: str, mend: str = "") -> None:
        """Puts a finding behind the others; the mend of what is good is left out."""
        self.rows.append(Finding(what, state, found, "" if state == GOOD else mend))

    @property
    def stops(self) -> list[Finding]:
        """The findings for which nothing should be trained."""
        return [row for row in self.rows if row.state == STOP]

    @property
    def plain(self) -> dict[str, object]:
        """The figures, and "findings": what `results.write` takes under "preflight"."""
        return {**self.figures, "findings": [vars(row) for row in self.rows]}

    def refuse(self) -> None:
        """Raises ValueError where something stops the training, naming all that does, with the mends."""
        if self.stops:
            told = "; ".join(f"{row.what}: {row.found}. {row.mend}" for row in self.stops)
            raise ValueError(f"nothing was trained. {told}. To train all the same, say override=True")

    def __repr__(self) -> str:
        head = ("before the training", "", "what was found", "mend")
        return markdown(head, [(row.what, row.state, row.found, row.mend) for row in self.rows])

    _repr_markdown_ = __repr__
