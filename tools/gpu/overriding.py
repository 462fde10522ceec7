"""The methods that our trainers and callbacks put in the place of TRL's and transformers', and whether they fit."""

import inspect
import pkgutil
from importlib import import_module

from helpers import methods, training

LIBRARIES = ("transformers", "trl")
# Methods of our own on such classes. One that is not here must be the libraries' too, or nobody would call it.
OWN = {"loss_on", "loss_of", "parts_of", "measure", "_of_block", "_on_features", "_see"}


def classes() -> list[type]:
    """Our classes that derive from one of the libraries."""
    found = []
    for room in (training, methods):
        for name in [each.name for each in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")]:
            every = [one for _, one in inspect.getmembers(import_module(name), inspect.isclass)]
            found += [one for one in every if one.__module__ == name and any(map(_theirs, one.__mro__))]
    return found


def pairs() -> list[tuple[type, str, object, object]]:
    """(class, name, our function, theirs or None), of every method of ours; of `__init__` none, which takes all."""
    found = []
    for one in classes():
        ours = [base for base in one.__mro__ if base.__module__.startswith("helpers.")]
        names = {name for base in ours for name, value in vars(base).items() if inspect.isfunction(value)}
        for name in sorted(names - {"__init__"}):
            theirs = (vars(base)[name] for base in one.__mro__ if _theirs(base) and name in vars(base))
            found.append((one, name, getattr(one, name), next(theirs, None)))
    return found


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


def _theirs(base: type) -> bool:
    return base.__module__.split(".")[0] in LIBRARIES
