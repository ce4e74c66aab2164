"""One set of versions: constraints.txt pins what pyproject.toml requires, and environment.yml installs the same."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repository import ROOT


def pins(lines: list[str]) -> dict[str, str]:
    """Normalised names and versions of the lines `name==version`."""
    found = [re.match(r"\s*([A-Za-z0-9._-]+)\s*==\s*([^\s;#]+)", line) for line in lines]
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def constraints() -> dict[str, str]:
    return pins((ROOT / "constraints.txt").read_text().splitlines())


def test_environment_and_constraints_are_the_same_set() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    [pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert constraints()
    assert pins(pip) == constraints()


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    named = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    required = [(canonicalize_name(one.name), one.specifier) for one in named if one.name != project["name"]]
    pinned = constraints()
    assert [name for name, _ in required if name not in pinned] == []
    assert [f"{name}{versions}" for name, versions in required if pinned[name] not in versions] == []
