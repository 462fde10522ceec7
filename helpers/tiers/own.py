"""A tier of one's own: the reader's questions, teacher and student, on the settings of a tier that is there."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import sources
from helpers.tiers import kinds, naming
from helpers.tiers.specs import DataSpec, EndpointSpec, OwnData

if TYPE_CHECKING:
    from helpers.tiers import ModelSpec, Tier

SAMPLES = 5  # traces to a question where nobody knows the answer


def own(
    like: "str | Tier",
    *,
    student: "str | Path | ModelSpec | None" = None,
    teacher: "str | Path | ModelSpec | EndpointSpec | None" = None,
    sibling: "str | Path | ModelSpec | None" = None,
    questions: str | Path | None = None,
    kind: str | Callable[[str, Any], bool] = "number",
    question: str = "question",
    answer: str = "answer",
    options: str | None = None,
    test: str | Path | None = None,
    config: str | None = None,
    split: str = "train",
    test_split: str = "test",
    samples: int | None = None,
    near: float = 0.8,
    **settings: object,
) -> "Tier":
    """A copy of a tier with other models, and questions of one's own.

    A model is a folder, a ModelSpec, or "NAME@COMMIT" on the Hub; the teacher may be an EndpointSpec. Questions are a
    file (.jsonl, .csv, .tsv, .parquet), a folder of a dataset, or "NAME@COMMIT" of one on the Hub. Paths are
    looked for from where the program runs and from the project's root on.

    The tier's name, and so its folder in artifacts/, comes from the tier that it is like, the questions and the models:
    two that differ in one of these share nothing. A `name` among the settings goes before.

    Args:
        like: a tier or its name: all that is not said here is as there.
        student: who learns.
        teacher: who teaches.
        sibling: who learns where teacher and student must have the same tokens (logits, cached); the student, if
            another teacher or student is named.
        questions: where they are; None for those of the tier that it is like.
        kind: how they are answered: "number", "text", "choice", "code", "none" (nobody knows: the teacher's samples are
            compared), a function (answer, gold) -> bool, or the place of one, "judge.py:right".
        question: the column with the question.
        answer: the column with the answer; for code, with the test that its code must pass.
        options: for a choice, the column with what can be chosen; None where the question itself lists it.
        test: another file or dataset, which is the test; else some of the questions are held out for it.
        config: of a dataset on the Hub, which part of it.
        split: of a dataset that comes in splits, the one with the questions.
        test_split: of `test`, the same.
        samples: traces that the teacher writes to a question: 1, or 5 for "none".
        near: how alike two questions must be to stay on one side, as a part of 1; 1.0: only the same words.
        settings: of a Tier, as `traces=500, max_new_tokens=2_048, lora={"r": 16, "alpha": 32}`; of a part such as
            this last one, what is not said stays.

    Raises:
        ValueError: for a name without a commit, a kind, a setting or a tier that there is none of.
        FileNotFoundError: for a path that is none.
    """
    from helpers import tiers

    if not isinstance(like, tiers.Tier) and like not in tiers.TIERS:
        raise ValueError(f"like is {like!r}, and there is no such tier; choose from {', '.join(tiers.TIERS)}")
    base = like if isinstance(like, tiers.Tier) else tiers.TIERS[like]
    known = {one.name for one in fields(base)} - {"data", "student", "teacher", "sibling"}
    if unknown := sorted(set(settings) - known):
        raise ValueError(f"a tier has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    roles = {"student": student, "teacher": teacher, "sibling": sibling}
    changed: dict = {role: model(one, role) for role, one in roles.items() if one is not None}
    if changed and sibling is None:
        changed["sibling"] = changed.get("student", base.student)
    if questions is not None:
        changed["data"] = _data(
            questions, kind, test, config=config, split=split, question=question, answer=answer, options=options,
            test_split=test_split, samples=samples, near=near,
        )  # fmt: skip
        # The short form of a trace is found by the number that it ends in.
        changed["long_share"] = base.long_share if changed["data"].kind == "number" else None
    elif (kind, test, config, options, samples) != ("number", None, None, None, None):
        raise ValueError("kind, test, config, options and samples are of questions of your own: say questions=... too")
    made = replace(base, **changed)
    parts = {name: _part(getattr(made, name), name, one) for name, one in settings.items() if isinstance(one, dict)}
    return replace(made, **{"name": _name(base.name, made), **settings, **parts})


def model(named: "str | Path | ModelSpec | EndpointSpec", role: str) -> "ModelSpec | EndpointSpec":
    """A model that a reader names for a role: a folder, NAME@COMMIT, or what is one already.

    Raises:
        ValueError: for a folder that is not there, and for a name without a commit; for a student that can only be
            asked.
    """
    from helpers import tiers

    if isinstance(named, EndpointSpec) and role != "teacher":
        raise ValueError(f"{role} is an endpoint, which can be asked and cannot learn: name a folder or NAME@COMMIT")
    if isinstance(named, tiers.ModelSpec | EndpointSpec):
        return named
    if re.match(r"https?://", str(named)):
        # Not repeated: there may be a key in it.
        raise ValueError(f"{role} is an address: a server is tiers.EndpointSpec(base_url, model), for a teacher")
    return tiers.ModelSpec(*naming.model(str(named), role))


def _data(questions, kind, test, *, options, samples, near, **columns) -> OwnData:
    kind = kinds.named(kind)
    if options and kind != "choice":
        raise ValueError(f"options is {options!r}, and only a choice has options: say kind='choice'")
    samples = samples if samples is not None else SAMPLES if kind == "none" else 1
    if samples < (2 if kind == "none" else 1):
        raise ValueError(f"samples is {samples}: take 1 or more, and 2 or more for kind='none', which compares them")
    if not 0 < near <= 1:
        raise ValueError(f"near is {near}: take a part of 1, such as 0.8")
    name, revision = naming.data(questions, "questions")
    held = None if test is None else "@".join(filter(None, naming.data(test, "test")))
    return OwnData(
        name, revision=revision, kind=kind, options=options, test=held, samples=samples, near=near, **columns
    )


def _part(old, name: str, changed: dict):
    """A part of a tier, such as its `lora`, with some of its settings changed."""
    known = [one.name for one in fields(old)] if is_dataclass(old) else []
    if unknown := sorted(changed.keys() - set(known)):
        raise ValueError(f"{name} has no setting {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
    return replace(old, **changed)


def _name(like: str, made: "Tier") -> str:
    """A name that changes with questions and models."""
    about = [like, *(one and asdict(one) for one in (made.data, made.teacher, made.student, made.sibling))]
    short = sources.digest(json.dumps(about).encode()).removeprefix("sha256:")[:8]
    data: DataSpec = made.data
    what = re.sub(r"\W+", "-", Path(data.name).stem).strip("-").lower() if data.own else like
    return f"own-{what}-{short}"
