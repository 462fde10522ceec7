"""Which versions the lists of requirements pin."""

from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def pins(lines: Iterable[str]) -> dict[str, str]:
    """The version of each package of some lines of requirements, by its name in PyPI's spelling.

    Raises:
        ValueError: If a line names no exact version.
    """
    found = {}
    for text in filter(None, (line.split("#")[0].strip() for line in lines)):
        requirement = Requirement(text)
        if [only.operator for only in requirement.specifier] != ["=="]:
            raise ValueError(f"{text} is not an exact pin")
        (only,) = requirement.specifier
        found[canonicalize_name(requirement.name)] = only.version
    return found


def pins_of(file: Path) -> dict[str, str]:
    """The versions that a file such as requirements.txt pins, as `pins` gives them."""
    return pins(file.read_text(encoding="utf-8").splitlines())
