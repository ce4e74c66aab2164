import hashlib
import math
import re
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from repository import ROOT

from wig_book.build.claims import Claim, Condition, Measured, Verdict, read_claims, read_run
from wig_book.build.claims_page import claims_page, summary
from wig_core.errors import InputError

CLAIMS = read_claims(ROOT / "book/claims.yml")
GOOD, BAD, UNSURE, ABSENT = (
    Condition(f"of {name}", name, "x", above=0) for name in ("good", "bad", "unsure", "absent")
)
RUN = Measured({"good": {"x": 1.0}, "bad": {"x": -1.0}, "unsure": {"x": 1.0, "x_low": -1.0, "x_high": 3.0}})


def claim(
    *conditions: Condition,
    checks: tuple[Condition, ...] = (),
    needs: Literal["all", "any"] = "all",
    paper_only: bool = False,
    tested_on: str = "toys",
) -> Claim:
    return Claim("C9", "Does it rise?", "It rises.", "Above 0.", tested_on, conditions, checks, needs, paper_only)


@pytest.mark.parametrize(
    ("low", "high", "bound", "expected"),
    [
        (0.1, 0.2, {"above": 0}, Verdict.SUPPORTED),
        (-0.2, -0.1, {"above": 0}, Verdict.CONTRADICTED),
        (-0.1, 0.1, {"above": 0}, Verdict.OPEN),
        (0.0, 0.1, {"above": 0}, Verdict.OPEN),
        (0.1, 0.2, {"below": 0.3}, Verdict.SUPPORTED),
        (0.4, 0.5, {"below": 0.3}, Verdict.CONTRADICTED),
        (0.36, 0.44, {"between": (0.35, 0.45)}, Verdict.SUPPORTED),
        (0.1, 0.2, {"between": (0.35, 0.45)}, Verdict.CONTRADICTED),
        (0.5, 0.6, {"between": (0.35, 0.45)}, Verdict.CONTRADICTED),
        (0.3, 0.4, {"between": (0.35, 0.45)}, Verdict.OPEN),
        (math.nan, math.nan, {"above": 0}, Verdict.OPEN),
    ],
)
def test_the_whole_interval_decides(low, high, bound, expected):
    run = Measured({"page": {"x": (low + high) / 2, "x_low": low, "x_high": high}})
    assert Condition("x", "page", "x", **bound).verdict(run) is expected


def test_a_number_without_an_interval_decides_itself():
    assert [one.verdict(RUN) for one in (GOOD, BAD, ABSENT)] == [
        Verdict.SUPPORTED,
        Verdict.CONTRADICTED,
        Verdict.NOT_RUN,
    ]
    assert [one.shown(RUN) for one in (BAD, UNSURE, ABSENT)] == ["of bad: −1", "of unsure: 1 [−1, 3]", "of absent: –"]


@pytest.mark.parametrize(
    ("conditions", "needs_all", "needs_any"),
    [
        ([GOOD], Verdict.SUPPORTED, Verdict.SUPPORTED),
        ([GOOD, BAD], Verdict.CONTRADICTED, Verdict.SUPPORTED),
        ([GOOD, UNSURE], Verdict.OPEN, Verdict.SUPPORTED),
        ([GOOD, ABSENT], Verdict.NOT_RUN, Verdict.SUPPORTED),
        ([BAD, BAD], Verdict.CONTRADICTED, Verdict.CONTRADICTED),
        ([BAD, UNSURE], Verdict.CONTRADICTED, Verdict.OPEN),
        ([BAD, ABSENT], Verdict.CONTRADICTED, Verdict.NOT_RUN),
        ([UNSURE, ABSENT], Verdict.NOT_RUN, Verdict.NOT_RUN),
    ],
)
def test_conditions_decide_together(conditions, needs_all, needs_any):
    assert claim(*conditions).verdict(RUN) is needs_all
    assert claim(*conditions, needs="any").verdict(RUN) is needs_any


@pytest.mark.parametrize("condition", [GOOD, BAD, UNSURE, ABSENT], ids=lambda condition: condition.page)
def test_a_claim_whose_check_fails_is_not_judged(condition):
    assert claim(condition, checks=(GOOD,)).verdict(RUN) is claim(condition).verdict(RUN)
    for failed in (BAD, UNSURE):
        assert claim(condition, checks=(GOOD, failed)).verdict(RUN) is Verdict.UNINFORMATIVE
    assert claim(condition, checks=(ABSENT,)).verdict(RUN) is Verdict.NOT_RUN


def test_only_the_papers_models_contradict_what_is_about_them():
    assert claim(BAD, paper_only=True).verdict(RUN) is Verdict.UNTESTED
    assert claim(BAD, paper_only=True).verdict(Measured(RUN.numbers, papers_models=True)) is Verdict.CONTRADICTED
    for one in (GOOD, UNSURE, ABSENT):
        assert claim(one, paper_only=True).verdict(RUN) is one.verdict(RUN)


def test_numbers_from_before_the_protocol_decide_nothing():
    old = Measured(RUN.numbers, outdated={"good"})
    assert claim(GOOD).verdict(old) is claim(BAD, checks=(GOOD,)).verdict(old) is Verdict.OUTDATED
    assert claim(BAD).verdict(old) is Verdict.CONTRADICTED


# ── The claims of the book ──


def numbers_for(conditions: tuple[Condition, ...], *, inside: bool) -> dict[str, dict[str, float]]:
    made: dict[str, dict[str, float]] = {}
    for one in conditions:
        lower = one.above if one.above is not None else one.between[0] if one.between else one.below - 1
        upper = one.below if one.below is not None else one.between[1] if one.between else one.above + 1
        value = (lower + upper) / 2 if inside else upper + 1 if one.above is None else lower - 1
        names = (one.value, f"{one.value}_low", f"{one.value}_high")
        made.setdefault(one.page, {}).update(dict.fromkeys(names, value))
    return made


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_each_claim_of_the_book_can_be_won_and_lost(claim):
    """Numbers are made that satisfy its rule, and numbers that break it while its check succeeds."""
    good = numbers_for((*claim.conditions, *claim.informative_if), inside=True)
    bad = numbers_for(claim.conditions, inside=False)
    mixed = {page: good[page] | bad.get(page, {}) for page in good}
    assert claim.verdict(Measured(good)) is Verdict.SUPPORTED
    assert claim.verdict(Measured(mixed, papers_models=True)) is Verdict.CONTRADICTED
    assert claim.verdict(Measured({})) is Verdict.NOT_RUN


def test_every_claim_of_the_paper_is_there():
    found = {claim.id[:2] for claim in CLAIMS}
    assert {"C1", "C2", "C3", "C4", "C5", "C6", "Q1", "Q2", "Q3", "L1", "L2", "L3"} <= found


def shipped_protocol(page: str) -> dict[str, Any]:
    made = yaml.safe_load((ROOT / f"results/full/{page}.provenance.yml").read_text())
    return made.get("protocol") or {"files": {}}


def made_under_this_protocol(page: str) -> bool:
    files = [path for path in (ROOT / "book/protocol.md", ROOT / "book/claims.yml") if path.exists()]
    present = {f"book/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return shipped_protocol(page)["files"] == present


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_shipped_run_is_judged_by_the_protocol_that_it_was_made_under(claim):
    run = read_run(ROOT, "results/full")
    shipped = [page for page in claim.pages if page in run.numbers]
    if all(map(made_under_this_protocol, shipped)):
        unknown = [(one.page, one.value) for one in claim.conditions if one.verdict(run) is Verdict.NOT_RUN]
        assert [(page, value) for page, value in unknown if page in shipped] == []
        assert claim.verdict(run) is not Verdict.OUTDATED
        assert all(re.fullmatch("[0-9a-f]{40}", shipped_protocol(page)["commit"]) for page in shipped)
    else:
        assert claim.verdict(run) is Verdict.OUTDATED


# ── The page of claims ──


def test_the_table_has_a_section_for_each_block_and_a_column_for_each_run():
    rises = claim(Condition("ΔR²", "page", "x", above=0), tested_on="{seeds} seeds, {words:,} words, {texts} texts")
    runs = {
        "quick": Measured({"page": {"x": 0.25, "x_low": 0.125, "x_high": 0.5, "seeds": 2, "words": 1000}}),
        "full": Measured({}),
    }
    lines = summary([rises], runs).splitlines()
    assert lines == [
        "### Does it rise?",
        "",
        "|  | claim or question | found | tested on | quick | full |",
        "| --- | --- | --- | --- | --- | --- |",
        "| C9 | It rises. | ΔR²: 0.25 [0.125, 0.5] (quick) | 2 seeds, 1,000 words, – texts | **supported** | not run |",
    ]


def test_the_table_shows_the_last_run_that_can_be_judged():
    runs = {name: Measured({"good": {"x": value}}) for name, value in (("quick", 1.0), ("full", 2.0))}
    assert "of good: 2 (full)" in summary([claim(GOOD)], runs)
    runs["full"] = Measured({"good": {"x": 2.0}}, outdated={"good"})
    assert "of good: 1 (quick)" in summary([claim(GOOD)], runs)
    assert "| **supported** | run older than protocol |" in summary([claim(GOOD)], runs)


def test_the_page_shows_each_rule_with_its_checks_and_numbers():
    text = claims_page([claim(UNSURE, checks=(BAD,))], {"full": RUN}, {"unsure": "/notebooks/01_unsure"})
    assert "## Does it rise?\n" in text
    assert "### C9\n\nIt rises.\n\n**Rule.** Above 0. See {doc}`/notebooks/01_unsure`.\n" in text
    numbers = "check: of bad: −1 <br> of unsure: 1 [−1, 3]"
    assert f"| full | not enough data (failed its check) | toys | {numbers} |" in text


# ── The file of claims ──

FILE = """\
blocks:
  second: Is it there?
  first: Does it rise?
claims:
  - id: C1
    block: first
    text: It rises.
    rule: Above 0.
    tested_on: "{words} words"
    paper_only: true
    informative_if: [{says: gain, page: changes, value: gain, above: 1e-3}]
    needs: any
    conditions: [{says: ΔR², page: changes, value: x, between: [0.1, 1]}]
  - {id: C2, block: second, text: t, rule: r, tested_on: o, conditions: [{says: x, page: p, value: v, below: 0}]}
"""


def read(folder: Path, text: str) -> list[Claim]:
    path = folder / "claims.yml"
    path.write_text(text)
    return read_claims(path)


def test_claims_are_read_in_the_order_of_their_blocks(tmp_path):
    check = Condition("gain", "changes", "gain", above=0.001)
    rises = Condition("ΔR²", "changes", "x", between=(0.1, 1))
    falls = Condition("x", "p", "v", below=0)
    assert read(tmp_path, FILE) == [
        Claim("C2", "Is it there?", "t", "r", "o", (falls,)),
        Claim("C1", "Does it rise?", "It rises.", "Above 0.", "{words} words", (rises,), (check,), "any", True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("blocks:", "block:", "needs two keys: blocks, with a title for each, and claims, a list"),
        (
            "paper_only:",
            "papers_only:",
            "claim C1: unknown key 'papers_only'; did you mean 'paper_only'?; its keys are id,",
        ),
        ("above: 1e-3", "equals: 3", "claim C1, informative_if 1: unknown key 'equals'; its keys are says, "),
        ("above: 1e-3", "above: 1, below: 2", "informative_if 1: needs exactly one of above, below and between"),
        (", below: 0", "", "claim C2, conditions 1: needs exactly one of above, below and between"),
        ("below: 0", "below: low", "claim C2, conditions 1: below must be a number, not 'low'"),
        ("[0.1, 1]", "[1, 0.1]", "conditions 1: between must be two numbers, the smaller one first, not [1, 0.1]"),
        ("needs: any", "needs: one", "claim C1: needs must be all or any, not 'one'"),
        ("paper_only: true", "paper_only: 1", "claim C1: paper_only must be true or false, not 1"),
        ("rule: r, ", "", "claim C2: has no rule; add it"),
        ("text: t,", "text: 3,", "claim C2: text must be a text, not 3"),
        (
            "[{says: x, page: p, value: v, below: 0}]",
            "[]",
            "claim C2: conditions must be a list of conditions, not []",
        ),
        ("{words}", "{words", "claim C1: tested_on is no text with names in braces"),
        ("id: C2", "id: C1", "claim C1: two claims have this id; give each its own"),
        ("block: second", "block: third", "claim C2: block 'third' has no title; add it to blocks"),
        ("id: C2, ", "", "claim 2: has no id; add it"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path, old, new, fault):
    assert FILE.count(old) == 1
    with pytest.raises(InputError, match=re.escape(fault)):
        read(tmp_path, FILE.replace(old, new))
