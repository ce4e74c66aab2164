from typing import Literal

import pytest
from repository import ROOT
from toy_book import write_toy

from wig_book.build.claims import NO_BREAK, Claim, Condition, Verdict, claims_page, read_claims, read_numbers, summary
from wig_book.build.execute import execute_pages
from wig_book.build.kernel import BuildError
from wig_book.build.pages import Project
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_book.build.verify import differences, verify
from wig_core.errors import InputError


def verdict(low: float, high: float, **condition: object) -> Verdict:
    numbers = {"page": {"x": (low + high) / 2, "x_low": low, "x_high": high, "n": 3}}
    return Condition("x", "page", "x", **condition).verdict(numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "condition", "expected"),
    [
        (0.1, 0.2, {"above": 0}, Verdict.HOLDS),
        (-0.2, -0.1, {"above": 0}, Verdict.FAILS),
        (-0.1, 0.1, {"above": 0}, Verdict.UNDECIDED),
        (0.1, 0.2, {"below": 0.3}, Verdict.HOLDS),
        (0.4, 0.5, {"below": 0.3}, Verdict.FAILS),
        (0.36, 0.44, {"between": (0.35, 0.45)}, Verdict.HOLDS),
        (0.1, 0.2, {"between": (0.35, 0.45)}, Verdict.FAILS),
        (0.3, 0.4, {"between": (0.35, 0.45)}, Verdict.UNDECIDED),
        (3, 3, {"equals": "n"}, Verdict.HOLDS),
        (2, 2, {"equals": "n"}, Verdict.FAILS),
        (float("nan"), float("nan"), {"above": 0}, Verdict.UNDECIDED),
    ],
)
def test_each_verdict_can_be_reached(low, high, condition, expected):
    assert verdict(low, high, **condition) is expected


def test_what_was_not_measured_is_not_tested():
    test = Condition("x", "page", "x", above=0)
    assert test.verdict({}) is test.verdict({"page": {"y": 1.0}}) is Verdict.UNTESTED
    assert test.shown({}) == "x: –"


def test_one_failure_decides_and_one_gap_leaves_open():
    holds, fails, absent, unsure = (Condition("x", page, "x", above=0) for page in ("good", "bad", "none", "open"))
    numbers = {"good": {"x": 1.0}, "bad": {"x": -1.0}, "open": {"x": float("nan")}}

    def of(*tests: Condition, needs: Literal["all", "any"] = "all") -> Verdict:
        return Claim("C0", "text", "rule", tests, needs).verdict(numbers)

    assert of(holds) is of(holds, holds) is Verdict.HOLDS
    assert of(holds, fails) is of(fails, absent) is Verdict.FAILS
    assert of(holds, absent) is Verdict.UNDECIDED
    assert of(absent, absent) is of(absent, needs="any") is Verdict.UNTESTED
    assert of(fails, holds, absent, needs="any") is Verdict.HOLDS
    assert of(fails, absent, needs="any") is Verdict.FAILS
    assert of(fails, unsure, needs="any") is of(unsure, absent, needs="any") is Verdict.UNDECIDED


@pytest.mark.parametrize("claim", read_claims(ROOT / "book/claims.yml"), ids=lambda claim: claim.id)
def test_each_claim_of_the_book_can_hold_and_can_fail(claim):
    """Numbers are made that satisfy all its conditions, then numbers that break one."""

    def numbers(good: bool) -> dict[str, dict[str, float]]:
        made: dict[str, dict[str, float]] = {}
        for test in claim.conditions:
            low, high = test.between or (test.above or 0.0, test.below or (test.above or 0.0) + 1)
            value = (low + high) / 2 if good else (high + 1 if test.above is None else low - 1)
            names = [test.value, f"{test.value}_low", f"{test.value}_high"]
            made.setdefault(test.page, {}).update(dict.fromkeys(names, value))
            if test.equals:
                made[test.page][test.equals] = value if good else value + 1
        return made

    assert claim.verdict(numbers(True)) is Verdict.HOLDS
    assert claim.verdict(numbers(False)) is Verdict.FAILS
    assert claim.verdict({}) is Verdict.UNTESTED


def test_every_claim_of_the_paper_is_there():
    found = {claim.id[:2] for claim in read_claims(ROOT / "book/claims.yml")}
    assert {"C1", "C2", "C3", "C4", "C5", "C6", "Q1", "Q2", "Q3", "L1", "L2", "L3"} <= found


def test_every_claim_has_a_verdict_in_the_shipped_run():
    """But that on encoders of the hub."""
    numbers = read_numbers(ROOT / "results/full")
    claims = read_claims(ROOT / "book/claims.yml")
    assert [claim.id for claim in claims if claim.verdict(numbers) is Verdict.UNTESTED] == ["C2d"]
    for claim in claims:
        untested = [test.value for test in claim.conditions if test.verdict(numbers) is Verdict.UNTESTED]
        assert untested == {"C2c": ["rise"], "C2d": ["least_rise"]}.get(claim.id, [])


def test_the_page_shows_rules_and_numbers_of_each_run():
    claims = [Claim("C9", "It rises.", "It is above 0.", (Condition("rise", "page", "x", above=0),))]
    runs = {"quick": {"page": {"x": 0.25, "x_low": 0.125, "x_high": 0.5}}, "full": {}}
    text = claims_page(claims, runs, {"page": "/notebooks/01_page"})
    assert "| C9 | It rises. | **holds** | not tested |" in summary(claims, runs).replace(NO_BREAK, " ")
    assert "rise: 0.25 [0.125, 0.5]" in text
    assert "{doc}`/notebooks/01_page`" in text


@pytest.mark.parametrize(
    ("text", "fault"), [("- {id: C1}", "conditions"), ("nonsense", "list of claims"), ("- [", "list of claims")]
)
def test_a_file_that_is_no_list_of_claims(tmp_path, text, fault):
    path = tmp_path / "claims.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=fault):
        read_claims(path)


def test_a_claim_needs_all_or_any(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("- {id: C1, text: t, rule: r, needs: one, conditions: []}")
    with pytest.raises(InputError, match="needs 'one', neither all nor any"):
        read_claims(path)


def test_a_condition_is_asked_for(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("- {id: C1, text: t, rule: r, conditions: [{says: x, page: p, value: v}]}")
    with pytest.raises(InputError, match="has none of above, below, between and equals"):
        read_claims(path)


# ── verify ──


def test_numbers_may_move_a_little():
    shipped = {"x": 1.0, "small": 0.001, "n": 3, "word": "a"}
    assert list(differences("p", shipped, {"x": 1.049, "small": 0.02, "n": 3, "word": "a"})) == []
    moved = [one.name for one in differences("p", shipped, {"x": 1.06, "small": 0.03, "n": 4, "word": "b"})]
    assert moved == ["x", "small", "n", "word"]
    assert [one.found for one in differences("p", {"x": 1.0}, {})] == [None]


def test_a_fresh_run_is_compared(tmp_path):
    project = Project(write_toy(tmp_path))
    page = tmp_path / "notebooks/01_squares.py"
    page.write_text(page.read_text() + '\nPath(results, "squares.json").write_text(f\'{{"steps": {steps}.0}}\')\n')
    profile = project.profile("quick")
    with pytest.raises(InputError, match="has no numbers"):
        verify(project, profile, Progress())
    run = Run.of(project.root, project.page("squares"), profile)
    execute_pages([run], Progress())
    shipped = tmp_path / "results/quick/squares.json"
    assert verify(project, profile, Progress()) == 1
    assert (tmp_path / "results/quick-again/squares.json").read_text() == shipped.read_text() == '{"steps": 6.0}'
    shipped.write_text('{"steps": 6.0, "extra": 1}')
    with pytest.raises(BuildError, match="1 of 2 numbers differ"):
        verify(project, profile, Progress())
