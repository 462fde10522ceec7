"""What helpers/ asks of transformers, TRL, PEFT, Unsloth and the Hub's library, read from its code and bound to them.

A call is known by the name that was imported (`SFTConfig(...)`), or, on an object that somebody gave, by its method
(`model.generate(...)`, see OWNERS). Its arguments are bound to the real signature, and a keyword that only `**kwargs`
would take must be named in the code that takes it, for else it is passed over without a word.
"""

import ast
import importlib
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("transformers", "trl", "peft", "unsloth", "huggingface_hub")
TOKENIZER = "transformers.PreTrainedTokenizerBase"
BOTH_HALVES = ("unsloth.FastLanguageModel", "unsloth.FastModel")

# Methods of objects whose class the code does not name are looked up in these, the first that has one.
OWNERS = (
    "transformers.GenerationMixin", TOKENIZER, "transformers.PreTrainedModel", "transformers.PretrainedConfig",
    "trl.SFTTrainer", "accelerate.Accelerator", "peft.PeftModelForCausalLM",
)  # fmt: skip
# Public methods that these and something else have alike, and that are called here on the something else.
NOT_THEIRS = {
    "update": "a progress bar or a dict", "log": "math", "copy": "a list", "get": "a dict", "items": "a dict",
    "pad": "torch.nn.functional", "split": "a text",
}  # fmt: skip
OF_TEXTS = ("decode", "encode")  # methods of texts and bytes too: a tokenizer's where it is called `tokenizer`
OF_UNSLOTH = ("get_peft_model", "for_training")
# Objects that are called themselves, by the names that they have here.
CALLED = {
    "tokenizer": (f"{TOKENIZER}.__call__",),
    "model": ("transformers.Qwen3ForCausalLM.forward", "transformers.Gemma3ForCausalLM.forward"),
}
# Where what a function takes as **kwargs ends. unsloth.FastModel hands everything on.
ENDS = {
    "transformers.AutoConfig.from_pretrained": ("transformers.PretrainedConfig.from_pretrained",),
    "transformers.AutoTokenizer.from_pretrained": (f"{TOKENIZER}.from_pretrained", f"{TOKENIZER}.__init__"),
    "transformers.AutoModelForCausalLM.from_pretrained": ("transformers.PreTrainedModel.from_pretrained",),
    "unsloth.FastLanguageModel.from_pretrained": ("transformers.PreTrainedModel.from_pretrained",),
    "unsloth.FastModel.get_peft_model": ("unsloth.models.vision.FastBaseModel.get_peft_model",),
    "transformers.Qwen3ForCausalLM.forward": ("transformers.Qwen3Model.forward",),
    "transformers.Gemma3ForCausalLM.forward": ("transformers.Gemma3TextModel.forward",),
}


@dataclass(frozen=True)
class Call:
    """A call in the code. positional: how many arguments; loose: whether there are others, as * or **."""

    place: str
    target: str
    positional: int
    keywords: tuple[str, ...]
    loose: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.target}({', '.join([*'_' * self.positional, *(f'{k}=' for k in self.keywords)])})"


def all_calls() -> list[Call]:
    """The calls of all of helpers/, as `calls`."""
    paths = sorted((ROOT / "helpers").rglob("*.py"))
    return [call for path in paths for call in calls(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))]


def calls(source: str, place: str = "") -> list[Call]:
    """Every call of a library's names, of OWNERS' methods and of CALLED, in the order of the code."""
    tree = ast.parse(source)
    names = _imported(tree)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for target in _targets(node.func, names, node):
            loose = any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args)
            positional = sum(not isinstance(a, ast.Starred) for a in node.args)
            keywords = tuple(k.arg for k in node.keywords if k.arg)
            found.append(Call(f"{place}:{node.lineno}", target, positional, keywords, loose))
    return sorted(found, key=lambda call: int(call.place.rpartition(":")[2]))


def _imported(tree: ast.AST) -> dict[str, str]:
    """A file's names for what it imports: name and full name."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _targets(func: ast.expr, names: dict[str, str], node: ast.Call) -> tuple[str, ...]:
    parts, root = [], func
    while isinstance(root, ast.Attribute):
        parts.insert(0, root.attr)
        root = root.value
    if isinstance(root, ast.Name) and root.id in names:
        full = ".".join([names[root.id], *parts])
        return (full,) if full.split(".")[0] in LIBRARIES else ()
    if not parts:
        return CALLED.get(root.id, ()) if isinstance(root, ast.Name) else ()
    if "llm" in parts[:-1]:  # vLLM's, whose calls are bound to a double of its own in tests/
        return ()
    if parts[-1] == "train" and node.keywords:  # else it is a module's mode
        return ("trl.SFTTrainer.train",)
    of_text = parts[-1] in OF_TEXTS and not (isinstance(root, ast.Name) and root.id == "tokenizer")
    return () if of_text else _method(parts[-1])


@cache
def _method(name: str) -> tuple[str, ...]:
    """Where a method is looked up; nowhere if it is none of a library's."""
    if name in OF_UNSLOTH:
        return tuple(f"{half}.{name}" for half in BOTH_HALVES)
    if name.startswith("_") or name in NOT_THEIRS or hasattr(torch.nn.Module, name) or hasattr(torch.Tensor, name):
        return ()
    return tuple(f"{owner}.{name}" for owner in OWNERS if hasattr(resolve(owner)[0], name))[:1]


def resolve(target: str) -> tuple[object, type | None]:
    """What a full name names, and the class that it was taken from, if any.

    Raises:
        AttributeError: where a module or class has no such name.
        ImportError: where there is no such module.
    """
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found, owner = importlib.import_module(".".join(parts[:cut])), None
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            owner, found = (found if inspect.isclass(found) else None), getattr(found, name)
        return found, owner
    raise ImportError(f"there is no {target}")


def misfit(call: Call) -> str | None:
    """What is wrong with a call; None if what is installed would take it."""
    try:
        function, owner = resolve(call.target)
    except (AttributeError, ImportError) as error:
        return f"{call}: {error}"
    # Auto classes wrap a bound method in a class method, and `signature` would leave out the first argument twice.
    inner = getattr(getattr(function, "__func__", None), "__wrapped__", None)
    signature = inspect.signature(inner if inspect.ismethod(inner) else function)
    itself = owner is not None and inspect.isfunction(inspect.getattr_static(owner, call.target.rpartition(".")[2]))
    itself |= owner is None and next(iter(signature.parameters), "") == "self"  # Unsloth puts such functions on classes
    bind = signature.bind_partial if call.loose else signature.bind
    try:
        bind(*[None] * (call.positional + itself), **dict.fromkeys(call.keywords))
    except TypeError as error:
        return f"{call}: {error}"
    takers = [function, *(resolve(end)[0] for end in ENDS.get(call.target, ()))]
    takers += [under for one in takers for under in _under(one)]
    unknown = [word for word in call.keywords if not any(takes(taker, word) for taker in takers)]
    return f"{call}: nothing there is called {', '.join(unknown)}" if unknown else None


def _under(function) -> list:
    """What a function of Unsloth's, put around one of transformers', hands its arguments on to."""
    if not getattr(function, "__module__", "").startswith("unsloth"):
        return []
    cells = (cell.cell_contents for cell in getattr(function, "__closure__", None) or ())
    return [one for one in cells if inspect.isfunction(one)]


def takes(function: Callable, keyword: str) -> bool:
    """Whether a function knows a keyword: as a parameter, in the type of its **kwargs, or by a name in its code."""
    parameters = inspect.signature(function).parameters
    if keyword in parameters:
        return True
    rest = [one for one in parameters.values() if one.kind is one.VAR_KEYWORD]
    if not rest:
        return False
    (typed,) = typing.get_args(rest[0].annotation) or (None,)
    if keyword in getattr(typed, "__annotations__", ()):
        return True
    code = function.__init__ if inspect.isclass(function) else inspect.unwrap(function)
    return re.search(rf"""["']{keyword}["']""", inspect.getsource(code)) is not None
