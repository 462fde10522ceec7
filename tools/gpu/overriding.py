"""The methods that our trainers and callbacks put in the place of TRL's and transformers', and whether they fit."""

import inspect
import pkgutil
from importlib import import_module

from helpers import methods, training

LIBRARIES = ("transformers", "trl")
# Methods of our own on such classes. One that is not here must be the libraries' too, or nobody would call it.
OWN = {
    "answered", "begin", "begun", "given", "head", "log_probabilities", "loss_of", "loss_on", "measure", "own_row",
    "parts_of", "read", "see", "show", "_note", "_on_features", "_pull", "_see", "_stop",
}  # fmt: skip


def pairs() -> list[tuple[type, str, object, object]]:
    """(class, name, our function, theirs or None), of every method of ours; of `__init__` none, which takes all."""
    rooms = [pkgutil.iter_modules(room.__path__, f"{room.__name__}.") for room in (training, methods)]
    modules = [name for room in rooms for _, name, _ in room]
    found = []
    for one in [value for name in modules for value in vars(import_module(name)).values() if inspect.isclass(value)]:
        ours = [base for base in one.__mro__ if base.__module__ in modules]
        theirs = [base for base in one.__mro__ if base.__module__.split(".")[0] in LIBRARIES]
        names = {name for base in ours for name, value in vars(base).items() if inspect.isfunction(value)}
        for name in sorted(names - {"__init__"}) if theirs else ():
            there = (vars(base)[name] for base in theirs if name in vars(base))
            found.append((one, name, getattr(one, name), next(there, None)))
    return list(dict.fromkeys(found))


def misfits() -> list[str]:
    """What is wrong with them: a method that is nobody's, or that does not take what it will be given."""
    wrong = []
    for one, name, ours, theirs in pairs():
        where = f"{one.__module__}.{one.__name__}.{name}"
        if theirs is None:
            if name not in OWN:
                wrong.append(f"{where}: its bases have no such method, so nobody would call it")
            continue
        parameters = inspect.signature(theirs).parameters.values()
        named = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        try:
            inspect.signature(ours).bind(*[None] * len(named))
            inspect.signature(ours).bind(None, **{p.name: None for p in named[1:]})
        except TypeError as error:
            wrong.append(f"{where}{inspect.signature(ours)} stands for {inspect.signature(theirs)}: {error}")
    return wrong

