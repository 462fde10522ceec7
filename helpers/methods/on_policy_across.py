"""On-policy distillation across tokenizers, as in notebook 10: the student's text is cut anew, in the teacher's tokens.

The grades come back chunk by chunk, as in notebook 07.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from datasets import Dataset

from helpers import alignment, losses, models, traces
from helpers.losses.outlook import entropies, overlaps
from helpers.methods import cross_tokenizer
from helpers.methods.cross_tokenizer import CrossTokenizerTrainer, Sides
from helpers.methods.on_policy import OnPolicy, Writes, question_of
from helpers.training import writing
from helpers.training.own_loss import Parts
from helpers.training.rows import plain_ids


class OnPolicyAcrossTrainer(Writes, CrossTokenizerTrainer):
    """As OnPolicyTrainer, with a teacher that has other tokens: it reads the student's text cut anew, in its own.

    What of an answer both sides cannot spell (half a letter, where it was cut off) is left out. opening: the text that
    `mouth` spells.
    """

    def __init__(self, *arguments, sides: Sides, opening: str, **more):
        super().__init__(*arguments, sides=sides, mouth=plain_ids(sides.student, opening), **more)
        self.sides, self.opening = sides, opening
        self.names = torch.full((len(self.teacher_head.weight),), -1, device=self.teacher.device)
        self.names[self.shared.teacher] = self.shared.student

    def own_row(self, row, answer):
        """As Writes's."""
        (their_end, our_end), question, sides = self.sides.ends, question_of(row), self.sides
        ids = [*self.mouth, *answer.ids]
        body, text = readable(ids[:-1] if answer.ended else ids, sides.surfaces[1])
        whole = answer.ended and ids[-1] == our_end and len(body) == len(ids) - 1
        theirs, ours = ([their_end], [our_end]) if whole else ([], [])
        prompt, opened = question_of(row, "teacher_"), plain_ids(sides.teacher, self.opening)
        if opened and prompt[-len(opened) :] == opened:  # the row's own answer did not begin with it
            prompt = prompt[: -len(opened)]
        answers = ([*plain_ids(sides.teacher, text), *theirs], [*body, *ours])
        made = cross_tokenizer.row_of((prompt, question), answers, self.opening, sides)
        return cross_tokenizer.shortened(made, self.limits[1] - len(question))

    def begun(self, row):
        """As Writes's, with its last chunk whole on both sides."""
        if not row["ends"]:
            return row
        most = writing.beginning(row["labels"], self.first, losses.IGNORED) - len(question_of(row))
        return cross_tokenizer.shortened(row, max(most, row["student_cuts"][1]))

    def parts_of(self, model, inputs, count):
        """As OwnLoss's; nothing inside is matched."""
        chunks, labels, given = inputs["chunks"], inputs["labels"], inputs["teacher"]
        theirs, ours = self.read(self.teacher, given)[0], self.read(model, inputs)[0]
        loss = self.loss_of(
            model, ours, theirs, labels, given["labels"], chunks, inputs["given"], count,
            0.0 if inputs["own"] else None,
        )  # fmt: skip
        ours, theirs, head = losses.learnt(ours, labels), losses.learnt(theirs, given["labels"]), self.head(model)
        single = torch.tensor(chunks.one_to_one, dtype=torch.bool)  # where both foretell a token
        begins = (torch.tensor(cuts[:-1], dtype=torch.long) for cuts in (chunks.student, chunks.teacher))
        mine, other = (places[single] for places in begins)
        both = overlaps(ours[mine], head, theirs[other], self.teacher_head, names=self.names)
        self.show(loss, count, entropy=entropies(ours, head), overlap=both)
        return Parts(loss, [], [], inputs["sizes"], count)


def readable(ids: Sequence[int], surfaces: Sequence[bytes]) -> tuple[list[int], str]:
    """The longest beginning of some tokens that spells a text, and one that is normalised; with the text."""
    known = next((place for place, token in enumerate(ids) if token >= len(surfaces)), len(ids))
    for kept in range(known, -1, -1):
        try:
            text = b"".join(surfaces[token] for token in ids[:kept]).decode()
        except UnicodeDecodeError:
            continue
        if alignment.normalised(text) == text:
            return list(ids[:kept]), text
    return [], ""


@dataclass(frozen=True)
class OnPolicyAcross(OnPolicy):
    """As OnPolicy, for a student whose tokens are not its teacher's: chunk by chunk, forward only (`losses.across`).

    unmatched: as CrossTokenizer. Raises ValueError for a direction, a temperature or a control of another kind.
    """

    unmatched: float = field(default=1.0, kw_only=True)
    name = "on-policy-across"
    role = "student"
    made_by = OnPolicyAcrossTrainer

    def check(self) -> None:
        """As Method's."""
        super().check()
        if (self.direction, self.temperature, self.control) != ("forward", 1.0, None):
            raise ValueError("across tokenizers there is the forward divergence at temperature 1 alone, and no control")

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> OnPolicyAcrossTrainer:
        """Its trainer. student, teacher: (model, tokenizer), loaded if None. Raises as `CrossTokenizer.trainer`."""
        student, (other, tokenizer) = student or self.student(), teacher or models.load_teacher(self.tier)
        sides = cross_tokenizer.sides_of(tokenizer, student[1])
        rows = cross_tokenizer.rows_of(traces.messages(self.rows), sides, self.tier.max_length)
        prompt = models.chat_prompt(tokenizer, "How many?")
        opening = prompt[prompt.rindex("<think>") :] if models.opens_reasoning(tokenizer) else ""
        return self.trainer_for(
            student, Dataset.from_list(rows), teacher=other, sides=sides, opening=opening, alpha=self.alpha,
            unmatched=self.unmatched, **self.writes(),
        )
