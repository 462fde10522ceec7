"""The methods that our trainers and callbacks put in the place of TRL's and transformers', and whether they fit."""

import importlib
import inspect

MODULES = (
    "training.callbacks", "training.own_loss", "training.matching", "methods.logits", "methods.cached",
    "methods.cross_tokenizer", "methods.features",
)  # fmt: skip
LIBRARIES = ("transformers", "trl")
# Methods of our own on such classes. One that is not here must be the libraries' too, or nobody would call it.
OWN = {"head", "loss_of", "loss_on", "measure", "parts_of", "read", "_on_features", "_pull", "_see"}


def classes() -> list[type]:
    """Our classes that derive from one of the libraries."""
    found = []
    for name in MODULES:
        module = importlib.import_module(f"helpers.{name}")
        here = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
        found += [one for one in here if any(_theirs(base) for base in one.__mro__)]
    return found


def pairs() -> list[tuple[type, str, object, object]]:
    """(class, name, our function, theirs or None), of every method of ours; of `__init__` none, which takes all."""
    found = []
    for one in classes():
        methods = {
            name: function
            for base in reversed(one.__mro__) if base.__module__.startswith("helpers.")
            for name, function in vars(base).items() if inspect.isfunction(function) and name != "__init__"
        }  # fmt: skip
        for name, function in methods.items():
            there = next((vars(base)[name] for base in one.__mro__ if _theirs(base) and name in vars(base)), None)
            found.append((one, name, function, there))
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
