"""The pages, the parameters that each declares, and the values that a profile or a reader gives them.

Everything is checked before anything runs: an unknown name or a value of the wrong type is an error.
"""

from __future__ import annotations

import ast
import functools
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jupytext
import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from wig_book.build.values import kind_of, load, mapping, read_yaml
from wig_core.errors import InputError, did_you_mean

TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
BRACKETED = re.compile(r"\s*(\[(?!\s*[\"'])[^\]]*\]|\{[^}]*\})\s*\S")  # a sentence may begin so: [1] The cat sat.
TYPES = {kind.__name__: kind for kind in (int, float, str, bool, list, dict)} | {"Literal": Literal}


class ParameterError(InputError):
    """A parameter that the page does not have, or a value of the wrong type."""

    def __init__(self, message: str, page: Page):
        super().__init__(message)
        self.details = tuple(f"  {parameter}" for parameter in page.parameters.values())


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``steps: int = 32  # quadrature nodes``."""

    name: str
    annotation: str
    default: Any
    help: str

    def __str__(self) -> str:
        return f"{self.name}: {self.annotation} = {self.default!r}" + (f"  # {self.help}" if self.help else "")

    def read(self, text: str) -> Any:
        """The value that ``text`` from the command line stands for, before it is validated."""
        if text.lower() in ("none", "null") and "None" in self.annotation:
            return None
        if not self.annotation.startswith(("list", "dict")):
            return text
        if not text.lstrip().startswith(("[", "{")):
            return [text]
        try:
            return load(text)
        except yaml.YAMLError:
            if self.annotation == "list[str]" and BRACKETED.match(text):
                return [text]
            raise

    def validate(self, value: Any) -> Any:
        """``value`` as this parameter's type; strictly, except that text may spell a number."""
        # An annotation of the repository's own notebooks, in which no name but those of types is known.
        kind = eval(self.annotation, {"__builtins__": {}}, TYPES)
        adapter = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
        try:
            return adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError:
            if isinstance(value, str):
                return adapter.validate_python(value)
            raise

    def fault(self, value: Any) -> str:
        """Why a value that is not of this type is refused; of a list of texts, which item, and what to do."""
        if isinstance(value, list) and self.annotation == "list[str]":
            index = next(index for index, item in enumerate(value) if not isinstance(item, str))
            return f"{self.annotation}; item {index} is {kind_of(value[index])}; put it in quotes"
        return f"{self.annotation}, which {value!r:.200} is not"


@dataclass(frozen=True)
class Page:
    """A notebook and the parameters it declares."""

    path: Path
    title: str
    parameters: dict[str, Parameter]  # those a reader may set
    has_results: bool  # whether it also takes `results`, which is set for each run

    @property
    def name(self) -> str:
        """The file's name, such as ``03_regression``."""
        return self.path.stem

    @property
    def short(self) -> str:
        """The name without its number, such as ``regression``."""
        return self.name.partition("_")[2]

    def check(self, name: str, value: Any, where: str) -> Any:
        """``value`` as the type of the parameter ``name``.

        Raises:
            ParameterError: there is no such parameter, or the value is of another type; it begins with ``where``.
        """
        if name not in self.parameters:
            hint = did_you_mean(name, self.parameters)
            raise ParameterError(f"{where}: {self.name} has no parameter {name!r}{hint}", self)
        parameter, given = self.parameters[name], value
        try:
            given = parameter.read(value) if isinstance(value, str) else value
            json.dumps(given, ensure_ascii=False, default=repr).encode()
            return parameter.validate(given)
        except UnicodeEncodeError as error:
            character = f"U+{ord(error.object[error.start]):04X}"
            message = f"{where}: {name} has a character that is not text ({character}); give it as UTF-8"
            raise ParameterError(message, self) from None
        except (ValueError, TypeError, RecursionError, yaml.YAMLError):
            raise ParameterError(f"{where}: {name} of {self.name} is {parameter.fault(given)}", self) from None


@dataclass(frozen=True)
class Profile:
    """The values in ``notebooks/profiles/<name>.yml``, by page and parameter."""

    name: str
    pages: list[Page]
    values: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Project:
    """A folder with ``notebooks/``, their profiles, and ``book/``."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Project:
        """The project around the folder ``start``, else the one that this package was installed from."""
        for folder in [start, *start.parents, *Path(__file__).resolve().parents]:
            if (folder / "notebooks/profiles").is_dir():
                return cls(folder)
        raise InputError(f"{start}: no notebooks/profiles here or above; run wig inside a clone of the project")

    @functools.cached_property
    def pages(self) -> list[Page]:
        """All pages, ordered by number."""
        return [read_page(path) for path in sorted((self.root / "notebooks").glob("[0-9]*_*.py"))]

    def page(self, name: str) -> Page:
        """The page called ``name``, with or without its number."""
        pages = {page.short: page for page in self.pages} | {page.name: page for page in self.pages}
        if name not in pages:
            known = ", ".join(page.name for page in self.pages)
            raise InputError(f"no page {name!r}; the pages are {known}{did_you_mean(name, pages)}")
        return pages[name]

    def profile(self, name: str) -> Profile:
        """Read and check ``notebooks/profiles/<name>.yml``."""
        paths = {path.stem: path for path in sorted((self.root / "notebooks/profiles").glob("*.yml"))}
        if name not in paths:
            raise InputError(f"no profile {name!r}; the profiles are {', '.join(paths)}{did_you_mean(name, paths)}")
        where, sections = paths[name].relative_to(self.root).as_posix(), read_yaml(paths[name])
        listed = sections.pop("pages", [])
        if not isinstance(listed, list):
            raise InputError(f"{where}: pages is a list of page names, which {listed!r} is not")
        values = self._common(mapping(sections.pop("common", {}), where), where)
        for section, given in sections.items():
            page = self.page(section)
            values[page.name] |= {key: page.check(key, value, where) for key, value in mapping(given, where).items()}
        return Profile(name, [self.page(page) for page in listed] or self.pages, values)

    def _common(self, common: Mapping[str, Any], where: str) -> dict[str, dict[str, Any]]:
        names = {name for page in self.pages for name in page.parameters}
        for name in common:
            if name not in names:
                raise InputError(f"{where}: no page has the common parameter {name!r}{did_you_mean(name, names)}")
        return {
            page.name: {name: page.check(name, common[name], where) for name in page.parameters if name in common}
            for page in self.pages
        }


def read_page(path: Path) -> Page:
    """Read a notebook's title and the one cell tagged ``parameters``."""
    cells = jupytext.read(path).cells
    sources = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(sources) != 1:
        raise InputError(f"{path.name}: needs exactly one cell tagged parameters, has {len(sources)}")
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    title = TITLE.search(prose)
    if not title:
        raise InputError(f"{path.name}: has no title; begin with a Markdown cell `# Title`")
    parameters = {parameter.name: parameter for parameter in _read_parameters(sources[0], path.name)}
    has_results = parameters.pop("results", None) is not None
    return Page(path, title[1].strip(), parameters, has_results)


def _read_parameters(source: str, where: str) -> list[Parameter]:
    """The parameters that a cell declares: annotated names, with the comment on the same line as help."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"{where}: the parameters cell is not Python: {error}") from None
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    return [_read_parameter(statement, comments.get(statement.end_lineno or 0, ""), where) for statement in statements]


def _read_parameter(statement: ast.stmt, comment: str, where: str) -> Parameter:
    try:
        if not isinstance(statement, ast.AnnAssign) or statement.value is None:
            raise TypeError
        default = ast.literal_eval(statement.value)
        parameter = Parameter(ast.unparse(statement.target), ast.unparse(statement.annotation), default, comment)
        parameter.validate(default)
    except (TypeError, ValueError, NameError):
        line = ast.unparse(statement).splitlines()[0]
        raise InputError(f"{where}: a parameter reads `name: type = value  # help`, unlike `{line}`") from None
    return parameter
