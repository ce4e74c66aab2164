"""Where a function is imported in our own modules, so that a stand-in can take its place there."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Collection
from importlib import import_module
from inspect import isfunction
from types import FunctionType, ModuleType
from typing import Any

import wig_book.experiments
import wig_book.figures
from wig_book.figures import tables
from wig_core import plotting


def as_method(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gets the object it is looked up on as its first argument."""
    return lambda *arguments, **options: function(*arguments, **options)


def drawing_functions() -> list[FunctionType]:
    """The functions that draw figures."""
    modules = [plotting, *(one for one in modules_of(wig_book.figures) if one is not tables)]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isfunction(value) and value.__module__ == module.__name__
    ]


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Import the modules of a package."""
    return [import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]


def places(functions: Collection[Any], excluded: Collection[str]) -> list[tuple[ModuleType, str, Any]]:
    """The modules of ours that have one of the functions, its name there, and the function.

    Args:
        functions: to look for.
        excluded: names of modules to leave as they are.
    """
    modules_of(wig_book.experiments)  # so that none of them is imported while a stand-in has the function's name
    ours = [
        module
        for name, module in sys.modules.items()
        if name.startswith(("wig_core", "wig_book")) and name not in excluded
    ]
    return [
        (module, name, value)
        for module in ours
        for name, value in vars(module).items()
        if isfunction(value) and value in functions
    ]
