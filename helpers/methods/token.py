"""Token distillation, as in notebook 03: the student learns the teacher's verified traces, word for word.

Kim and Rush 2016, "Sequence-Level Knowledge Distillation" (arXiv 1606.07947); here with one
sampled answer a question instead of the likeliest.
"""

from dataclasses import dataclass, field
from pathlib import Path

from helpers import traces, training
from helpers.training.checkpoints import started
from helpers.training.method import Method, trainer_of


@dataclass(frozen=True)
class Token(Method):
    """As Method.

    Args:
        role: "student", or "sibling".
        start: the folder of an adapter that is trained further; a fresh one if None.

    Raises:
        ValueError: for another role, and as Method.
    """

    role: str = "student"
    start: Path | str | None = field(default=None, kw_only=True)
    name = "token"

    def check(self) -> None:
        """As Method's."""
        if self.role not in ("student", "sibling"):
            raise ValueError(f"no student called {self.role!r}; choose from student, sibling")

    def config(self) -> dict:
        """Nothing beside the traces, which hold all that the teacher gives, and the adapter it begins with."""
        return started(self.start)

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """TRL's SFTTrainer with the tier's settings. Raises as `trainer_of` and `models.load_student`.

        student: (model, tokenizer), loaded if None. The teacher is not needed.
        """
        model, tokenizer = student or self.student()
        from trl import SFTTrainer  # only now: Unsloth, which loading imports, puts another in its place

        args = training.settings(self.tier, self.seed, self.folder, of_trl=True)
        messages = traces.messages(self.rows, self.tier, self.role)
        return trainer_of(self.tier, self.seed, SFTTrainer, model, tokenizer, messages, args)
