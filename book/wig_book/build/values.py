"""The values that readers give to parameters: read from YAML, and paths that start from where the reader stands."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from wig_core.encoders.registry import NAMED_ENCODERS, EncoderName
from wig_core.errors import InputError
from wig_core.text.packaged import PACKAGED
from wig_core.text.sources import HUB_CORPORA, existing_path
from wig_core.text.tables import SUFFIXES
from wig_core.training.examples import NAMES as EXAMPLES

# The parameters that name encoders, texts or files, on every page. No other value is taken for a path.
PLACES = {
    "base",
    "corpora",
    "corpus",
    "encoder",
    "encoders",
    "examples",
    "judged",
    "pairs",
    "source",
    "starts",
}
PLACES |= {"throughput", "untrained"}
_KNOWN = {*NAMED_ENCODERS, *PACKAGED, *HUB_CORPORA, *EXAMPLES}

_DECIMAL, _FLOAT = r"[-+]?[0-9][0-9_]*$", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$"
_BASE_60 = r"[-+]?[0-9]+(:[0-5]?[0-9])+$"
_LFS = b"version https://git-lfs.github.com/spec/"


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        InputError: the file cannot be read, or is no YAML of plain values with each name once.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_LFS):
            raise InputError(f"{path}: is a Git LFS pointer, not the file itself; run `git lfs pull`")
        return mapping(load(content), str(path))
    except InputError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}{line}: is not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        fault = f"{error.reason}, position {error.position}"
        raise InputError(f"{path}: is not text in UTF-8 ({fault}); save the file as UTF-8") from None
    except RecursionError:
        raise InputError(f"{path}: cannot be read: its values are nested too deeply") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be read: {reason}") from None


def mapping(value: Any, where: str) -> dict[str, Any]:
    """A mapping by text; an empty one for None.

    Raises:
        InputError: the value is something else.
    """
    if not isinstance(value, dict | None):
        raise InputError(f"{where}: needs lines of `name: value`, not {value!r:.100}")
    return {str(name): one for name, one in (value or {}).items()}


def load(text: str | bytes) -> Any:
    """The value that YAML stands for, in the dialect of `_Loader`."""
    return yaml.load(text, _Loader)


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a number is what it is on the command line (1e-3; 010 is ten), a date is text, no name is
    given twice, and nothing is an alias, of which few lines can stand for billions of values."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as its base class has it
        first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] not in ("int", "float", "timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "it has an alias; write the value out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        return int(node.value.replace("_", ""))

    def construct_base_60(self, node: yaml.ScalarNode) -> Fraction:
        """12:30 as YAML reads it, 750; as a fraction, which no parameter takes."""
        value = Fraction(0)
        for part in node.value.lstrip("+-").split(":"):
            value = 60 * value + int(part)
        return value


for _tag, _pattern in (("!base60", _BASE_60), ("!integer", _DECIMAL), ("tag:yaml.org,2002:float", _FLOAT)):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list("-+.0123456789"))
_Loader.add_constructor("!base60", _Loader.construct_base_60)
_Loader.add_constructor("!integer", _Loader.construct_integer)


def kind_of(value: Any) -> str:
    """What a value is that is no text, for a message.

    Example:
        >>> kind_of(False), kind_of(750), kind_of(None)
        ('the truth value false', 'the number 750', 'empty')
    """
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | float | Fraction):
        return f"the number {value}"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "no text"


def from_here(value: Any, root: Path) -> Any:
    """The value of a parameter in `PLACES`, its paths relative to the root if they lie below it, else absolute.

    Args:
        value: a text, or a list or mapping of texts; one that names a file or folder from the current folder, perhaps
            with a pooling behind it, is a path. Known names, such as "news", are not: `./news` is a file.
        root: the project's folder, in which pages are executed.
    """
    if isinstance(value, list):
        return [from_here(one, root) for one in value]
    if isinstance(value, dict):
        return {from_here(name, root): from_here(one, root) for name, one in value.items()}
    if not isinstance(value, str) or not value or value in _KNOWN:
        return value
    place, ending = value, ""
    if not existing_path(value):
        place = EncoderName.parse(value).location
        ending = value[len(place) :]
    if not (existing_path(place) or _is_spelt_as_path(place)):
        return value
    # Links are kept, for their targets may lack the file's suffix.
    path = Path(os.path.abspath(os.path.expanduser(place)))  # noqa: PTH100, PTH111
    if not path.is_relative_to(root):
        return f"{path}{ending}"
    relative = path.relative_to(root).as_posix()
    return f"{'./' if relative in _KNOWN else ''}{relative}{ending}"


def _is_spelt_as_path(text: str) -> bool:
    return text.startswith(("./", "../", "/", "~")) or text.lower().endswith(SUFFIXES)
