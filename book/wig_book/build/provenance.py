"""Where a book's numbers come from: versions, commit, machine, and the parameters of every page, as MyST."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from wig_book.build.commits import commit
from wig_book.build.run import PACKAGES, Run, texts_of, versions
from wig_core.encoders.hub import commit_of, commit_of_data
from wig_core.encoders.registry import EncoderName, pretrained_of
from wig_core.text.sources import place_on_hub

NAMED = ["encoder", "corpus", "max_sentences", "seed"]  # the parameters in a page's caption
MAKERS = ["jupyter-book", "jupytext", "papermill"]


def caption(run: Run) -> str:
    """The line below a page's title: the most important parameters, which unfolds into all of them."""
    facts = [f"{name} {code(run.values[name])}" for name in NAMED if name in run.values and name not in run.changed]
    changes = [f"{name} = {code(value, 60)}" for name, value in run.changed.items()]
    title = f"Profile {run.profile}" + (f" with {', '.join(changes)}" if changes else "")
    return f":::{{dropdown}} {' · '.join([title, *facts])}\n{parameters(run)}\n:::"


def parameters(run: Run) -> str:
    """A table of a page's parameters: name, value, help."""
    declared = run.page.parameters
    return table(["parameter", "value", ""], [[code(p), code(run.values[p]), declared[p].help] for p in declared])


def provenance(root: Path, runs: list[Run]) -> str:
    """The MyST source of the provenance page."""
    profile = f"notebooks/profiles/{runs[0].profile}.yml"
    sections = [
        "# Provenance",
        f"These pages were made with the profile {code(runs[0].profile)} (`{profile}`). Commit: {commit(root)}.",
        "## Pages",
        table(["page", "seconds"], [[_link(run), f"{run.record()['seconds']}"] for run in runs]),
        "## Parameters and seeds",
        *(f"### {run.page.title}\n\n{parameters(run)}" for run in runs),
        "## Machine",
        table(["machine", ""], list(machine().items())),
        "## Versions",
        table(["package", "version"], list(versions([*PACKAGES, *MAKERS]).items())),
    ]
    return "\n\n".join(sections) + "\n"


def write_provenance(root: Path, runs: list[Run]) -> None:
    """Write a file beside the numbers of each page that says how they were made, unless it is there already."""
    for run in runs:
        path, made = root / run.results / f"{run.page.short}.provenance.yml", run.record()
        identity = {"protocol": made.get("protocol"), "key": made["key"]}
        kept = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
        if not run.page.has_results or identity == {name: kept.get(name) for name in identity}:
            continue
        record = {
            "page": run.page.name,
            "profile": run.profile,
            "commit": made.get("commit", "unknown"),
            "seconds": made["seconds"],
            "parameters": run.values,
            **{name: found for name, found in (("files", run.files()), ("hub", hub_commits(run.values))) if found},
            "machine": machine(),
            "versions": versions([*PACKAGES, *MAKERS]),
            **identity,
        }
        path.write_text(yaml.safe_dump(record, sort_keys=False, allow_unicode=True), "utf-8")


def hub_commits(values: Mapping[str, Any]) -> dict[str, str]:
    """The commits of the encoders, their bases and the data sets on the hub that the values of a page name."""
    texts = [*texts_of([*values.values()])]
    names = [name for text in texts for name in (text, pretrained_of(text)) if name]
    named = dict.fromkeys(EncoderName.parse(name).location for name in names)
    encoders = {name: found for name in named if (found := commit_of(name))}
    places = {name: place_on_hub(name) for name in texts}
    return encoders | {name: found for name, place in places.items() if place and (found := commit_of_data(place))}


def machine() -> dict[str, str]:
    """The processor, cores, memory and system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
    }


def table(head: list[str], rows: list[Any]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(value: Any, width: int = 10_000) -> str:
    """A value as inline code, cut to ``width`` characters; a text is shown without quotes."""
    text = value if isinstance(value, str) and value else repr(value)
    text = textwrap.shorten(text, width, placeholder=" …")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _link(run: Run) -> str:
    return f"{{doc}}`/notebooks/{run.page.name}`"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
