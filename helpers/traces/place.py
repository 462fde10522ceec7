"""A folder of traces while `collect` works in it: how they are made is claimed, and what is there is read."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets import Dataset

from helpers import disk, provenance
from helpers.disk import Damaged
from helpers.evaluation import results
from helpers.models.kinds import Tokenizer
from helpers.problems import Problem
from helpers.questions import Question
from helpers.sources import digest
from helpers.traces import store
from helpers.traces.store import BATCHES, DATASET


class Place:
    """A folder, and `made`: all that is known so far of how its traces are made."""

    def __init__(self, folder: Path):
        self.folder, self.made = folder, {}

    def claim(self, **known: object) -> None:
        """Adds to what is known, and compares it with what is there.

        Raises:
            ValueError: naming what differs, if the folder holds traces that were made with other settings.
        """
        self.made |= known
        provenance.refuse_others(self.folder, self.made, "traces", (BATCHES, DATASET))

    def begin(self, tokenizer: Tokenizer | None, **told: object) -> None:
        """Writes how the traces are made, with what is told and not compared: template, machine, versions, ...

        Args:
            tokenizer: the teacher's; None where it is a server's, and the template with it.
            told: what else is told.
        """
        if not (self.folder / provenance.PROVENANCE).is_file():
            template = digest(json.dumps(tokenizer.chat_template).encode()) if tokenizer else None
            told |= {"template": template, "machine": results.machine(), "versions": results.versions()}
            made = {key: one for key, one in self.made.items() if key != "engine" or one}  # as `Writer.name` says
            provenance.write(self.folder, made | told)

    def finish(self, rows: Sequence[dict], by: Mapping) -> Dataset:
        """Stores the rows as the folder's dataset, never half written. by: what `store.judged` said of them."""
        with provenance.no_bars():
            description = json.dumps({**store.record(self.folder), "judged": by})
            disk.save(store.as_dataset(rows, description), self.folder / DATASET)
        return disk.load(self.folder / DATASET)

    def finished(self, problems: Sequence[Problem | Question], by: Mapping) -> Dataset | None:
        """The folder's dataset; None if there is none that is whole, or if its verdicts depended on other than `by`."""
        try:
            dataset = self._read(problems)
        except Damaged:
            return None
        return dataset if store.record(dataset).get("judged") == by else None

    def kept(self, problems: Sequence[Problem | Question], order: Sequence[int]) -> tuple[list[dict], str]:
        """What is there of the rows, whoever judged them, and a few words on where it was read.

        Args:
            problems: what was asked.
            order: their places in the order in which the rows are written, which is the order of what is returned.

        Raises:
            ValueError: where the dataset is damaged and the batches do not have all of it, and as `store.stored`.
        """
        place, damage = self.folder / DATASET, None
        disk.restore(place)
        if place.exists():
            try:
                rows = self._read(problems).to_list()
                return [rows[i] for i in order], ", and judged anew"
            except Damaged as error:
                damage = error
        rows = store.stored(self.folder, [problems[i].question for i in order])
        if damage is None:
            return rows, ""
        if len(rows) < len(order):
            raise ValueError(
                f"{place} is damaged ({damage}), and {BATCHES} has {len(rows):,} of its {len(order):,} traces: delete "
                f"{self.folder}, and begin again"
            ) from damage
        return rows, f"; its dataset is built again from {BATCHES}: {damage}"

    def _read(self, problems: Sequence[Problem | Question]) -> Dataset:
        """The folder's dataset. Raises Damaged, with what is wrong, if it is not whole or answers other problems."""
        dataset = disk.load(self.folder / DATASET)
        there = zip(dataset["question"][:], map(tuple, dataset["gold"][:]), strict=True)
        if list(there) != [(problem.question, problem.answer) for problem in problems]:
            raise Damaged("it does not answer the questions that were asked")
        return dataset
