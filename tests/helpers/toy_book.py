"""A project of two small pages, on which the tests of the build run."""

import shutil
from pathlib import Path

from repository import ROOT

from wig_book.build.pages import Project
from wig_book.build.run import Run

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""

SQUARES = """\
# %% [markdown]
# # Squares
#
# All below $n^2$, after {cite:t}`knuth1968`.

# %% tags=["parameters"]
steps: int = 4  # how many squares
rate: float = 0.5  # step size
encoder: str = "toy"  # a name
limit: int | None = None
words: list[str] = ["a", "b"]  # what to square
loud: bool = False  # whether to shout
results: str = "results/quick"  # folder for the numbers

# %%
import sys
from pathlib import Path

from myst_nb import glue

print(sys.executable)
print("half done", file=sys.stderr)
squares = [step**2 for step in range(steps)]
Path(results, "squares.csv").write_text("square\\n" + "\\n".join(map(str, squares)))
glue("largest", max(squares), display=False)
"""

LETTERS = """\
# %% [markdown]
# # Letters

# %% tags=["parameters"]
corpus: str = "lee"  # a name or a file
seed: int = 0  # of the generator

# %%
import os
import resource
import signal
import time
from pathlib import Path

Path("pid").write_text(str(os.getpid()))
time.sleep(60 * (corpus == "slow"))
while corpus == "patient" and not Path("go").exists():
    time.sleep(0.05)

# %%
# a comment first
if corpus == "bad":
    raise ValueError("no such corpus\\nwith a second line")
if corpus == "early":
    raise SystemExit
if corpus == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if corpus == "hungry":
    resource.setrlimit(resource.RLIMIT_AS, (2**34, resource.getrlimit(resource.RLIMIT_AS)[1]))
    bytearray(2**36)
os._exit(1) if corpus == "deadly" else len(corpus)
"""

PROSE = {
    "intro.md": "# A toy\n\nThe largest is {glue:text}`notebooks/01_squares.ipynb::largest:d`, in {{ profile }}.",
    "references.md": "# References\n\n```{bibliography}\n```",
    "references.bib": "@book{knuth1968, title={The Art}, author={Knuth, Donald}, year={1968}, publisher={AW}}",
    "_toc.yml": """\
format: jb-book
root: intro
parts:
  - chapters: [{file: notebooks/01_squares}, {file: notebooks/02_letters}]
  - caption: About
    chapters: [{file: provenance}, {file: references}]
""",
}


def write_toy(root: Path) -> Path:
    """Write the project to ``root``, with the real book's configuration."""
    (root / "notebooks/profiles").mkdir(parents=True)
    (root / "notebooks/01_squares.py").write_text(HEADER + SQUARES)
    (root / "notebooks/02_letters.py").write_text(HEADER + LETTERS)
    (root / "notebooks/profiles/quick.yml").write_text("common: {seed: 1}\n01_squares: {steps: 6, rate: 1e-3}\n")
    (root / "notebooks/profiles/short.yml").write_text("pages: [squares]\n")
    (root / "book").mkdir()
    shutil.copy(ROOT / "book/_config.yml", root / "book")
    for name, text in PROSE.items():
        (root / "book" / name).write_text(text)
    return root


def run_of(project: Project, page: str, **given: object) -> Run:
    """A page of the project in the profile quick, with other values if given."""
    return Run.of(project.root, project.page(page), project.profile("quick"), given)
