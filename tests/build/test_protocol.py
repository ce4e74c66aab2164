import subprocess
from hashlib import sha256

import nbformat
import pytest
import yaml
from toy_book import run_of

from wig_book.build import run as runs
from wig_book.build.claims import read_run
from wig_book.build.execute import execute_pages
from wig_book.build.html import write_claims
from wig_book.build.progress import Progress
from wig_book.build.protocol import protocol
from wig_book.build.provenance import write_provenance

CLAIMS = """\
blocks:
  toys: Do toys add up?
claims:
  - id: C1
    block: toys
    text: They do.
    rule: Above 0.
    tested_on: toys
    conditions: [{says: sum, page: squares, value: sum, above: 0}]
"""


def git(root, *words):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", "-C", root, *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_protocol_is_its_files_and_their_last_commit(tmp_path):
    assert protocol(tmp_path) == {}
    (tmp_path / "book").mkdir()
    rules = tmp_path / "book/protocol.md"
    rules.write_text("rules")
    files = {"book/protocol.md": sha256(b"rules").hexdigest()}
    assert protocol(tmp_path) == {"commit": "unknown", "files": files}
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Rules")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "other").write_text("other")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Others")
    assert protocol(tmp_path) == {"commit": commit, "files": files}
    rules.write_text("other rules")
    assert protocol(tmp_path)["commit"] == f"{commit} with uncommitted changes"


@pytest.fixture
def executed(toy, monkeypatch):
    """A function that executes the page squares, which writes a sum; what is given happens meanwhile."""

    def execute(meanwhile=lambda: None):
        def page_writes(run, task, kernels):
            meanwhile()
            (toy.root / run.results / "squares.json").write_text('{"sum": 30}')
            return nbformat.v4.new_notebook()

        monkeypatch.setattr(runs, "execute_notebook", page_writes)
        run = run_of(toy, "squares")
        execute_pages([run], Progress(), force=True)
        write_provenance(toy.root, [run])
        return run

    return execute


def outdated(toy):
    return read_run(toy.root, "results/quick").outdated


def test_a_change_of_the_protocol_outdates_numbers_until_the_page_is_executed_again(toy, executed):
    rules = toy.root / "book/claims.yml"
    rules.write_text(CLAIMS)
    executed()
    made = yaml.safe_load((toy.root / "results/quick/squares.provenance.yml").read_text())
    assert made["protocol"] == {"commit": "unknown", "files": {"book/claims.yml": sha256(CLAIMS.encode()).hexdigest()}}
    assert outdated(toy) == set()
    rules.write_text(CLAIMS.replace("They do.", "They do!"))
    assert outdated(toy) == {"squares"}
    executed()
    assert outdated(toy) == set()
    (toy.root / "book/protocol.md").write_text("a second file")
    assert outdated(toy) == {"squares"}


def test_a_page_was_made_under_the_protocol_with_which_it_began(toy, executed):
    rules = toy.root / "book/claims.yml"
    rules.write_text(CLAIMS)
    executed(meanwhile=lambda: rules.write_text(CLAIMS.replace("above: 0", "above: 29")))
    assert outdated(toy) == {"squares"}


def test_numbers_without_a_record_are_outdated(toy, executed):
    (toy.root / "book/claims.yml").write_text(CLAIMS)
    executed()
    (toy.root / "results/quick/squares.provenance.yml").unlink()
    assert outdated(toy) == {"squares"}


def test_the_book_has_the_verdicts_of_its_run_and_of_the_shipped_one(toy, executed):
    (toy.root / "book/claims.yml").write_text(CLAIMS)
    run = executed()
    shipped = toy.root / "results/full"
    shipped.mkdir()
    (shipped / "squares.json").write_text('{"sum": 40}')
    write_claims(toy, [run], toy.root)
    row = "| C1 | They do. | sum: 30 (quick) | toys | **supported** | run older than protocol |"
    assert row in (toy.root / "claims_table.txt").read_text()
    assert row in (toy.root / "claims.md").read_text()
