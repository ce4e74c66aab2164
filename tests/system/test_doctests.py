"""The examples in the docstrings of all modules are correct."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import wig_book
import wig_core

MODULES = [
    found.name
    for package in (wig_core, wig_book)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if "__main__" not in found.name
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    modules = [import_module(name) for name in MODULES]
    assert sum(len(found.examples) for module in modules for found in finder.find(module)) > 10
