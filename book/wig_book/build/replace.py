"""Replace functions and methods in all of our own modules for a while, for a dry run."""

from __future__ import annotations

import io
import logging
import pkgutil
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr
from importlib import import_module
from inspect import isfunction
from types import FunctionType, ModuleType
from typing import Any
from unittest.mock import patch

import wig_book.experiments
import wig_book.figures
from wig_book.figures import tables
from wig_core import plotting


@contextmanager
def replaced(
    functions: Mapping[Any, Callable[..., Any]],
    methods: Collection[tuple[type, str, Callable[..., Any]]],
    *,
    except_in: Collection[str] = (),
) -> Iterator[None]:
    """Within, functions and methods are replaced, and no warning or progress bar is shown.

    Args:
        functions: the functions and what replaces each, in every module of ours that has imported it.
        methods: classes, names of their methods, and what replaces each; it gets the object as its first argument.
        except_in: names of modules that keep the original functions.
    """
    _modules_of(wig_book.experiments)  # none of them may be imported for the first time while a function is replaced
    ours = [module for name, module in sys.modules.items() if name.startswith(("wig_core", "wig_book"))]
    places = [
        (module, name, functions[value])
        for module in ours
        if module.__name__ not in except_in
        for name, value in vars(module).items()
        if isfunction(value) and value in functions
    ]
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        stack.enter_context(redirect_stderr(io.StringIO()))
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.WARNING)
        for owner, name, method in methods:
            stack.enter_context(patch.object(owner, name, _bound_to_object(method)))
        for module, name, function in places:
            stack.enter_context(patch.object(module, name, function))
        yield


def drawing_functions() -> list[FunctionType]:
    """The functions that draw figures: those of `wig_book.figures`, except for tables, and of `wig_core.plotting`."""
    modules = [plotting, *(module for module in _modules_of(wig_book.figures) if module is not tables)]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isfunction(value) and value.__module__ == module.__name__
    ]


def _modules_of(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]


def _bound_to_object(function: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function, which unlike a bound method gets the object that it is called on."""
    return lambda *arguments, **options: function(*arguments, **options)
