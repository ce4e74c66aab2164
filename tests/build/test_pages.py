import pytest
from toy_book import HEADER, run_of

from wig_book.build.pages import Parameter, ParameterError, read_page
from wig_core.errors import InputError


def test_a_page_declares_its_parameters_with_type_default_and_help(toy):
    page = toy.page("squares")
    assert (page.name, page.title, page.has_results) == ("01_squares", "Squares", True)
    assert page.parameters["steps"] == Parameter("steps", "int", 4, "how many squares")
    assert [str(page.parameters[name]) for name in ("limit", "words")] == [
        "limit: int | None = None",
        "words: list[str] = ['a', 'b']  # what to square",
    ]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("# %%\nsteps: int = 1\n", "exactly one cell tagged parameters, has 0"),
        ('# %% tags=["parameters"]\nsteps = 1\n', "unlike `steps = 1`"),
        ('# %% tags=["parameters"]\nsteps: int = "many"\n', "unlike `steps: int = 'many'`"),
        ('# %% tags=["parameters"]\nsteps: integer = 1\n', "unlike `steps: integer = 1`"),
        ('# %% tags=["parameters"]\nsteps: int = len("ab")\n', "unlike `steps: int = len('ab')`"),
        ('# %% tags=["parameters"]\nsteps: int = (\n', "not Python"),
    ],
)
def test_a_notebook_with_a_faulty_parameters_cell_is_named(tmp_path, cell, fault):
    path = tmp_path / "01_faulty.py"
    path.write_text(f"{HEADER}# %% [markdown]\n# # Title\n\n{cell}")
    with pytest.raises(InputError, match=r"^01_faulty\.py: .*") as caught:
        read_page(path)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("int", "3", 3),
        ("int", -3, -3),
        ("float", "1e-3", 0.001),
        ("float", 2, 2.0),
        ("bool", "true", True),
        ("str", "3", "3"),
        ("str | None", "None", None),
        ("int | None", "null", None),
        ("int | None", "7", 7),
        ("list[int]", "[1, 2]", [1, 2]),
        ("int", "010", 10),
        ("str", "[1] The cat sat.", "[1] The cat sat."),
        ("list[str]", "The cat: it sat.", ["The cat: it sat."]),
        ("list[str]", "[1] The cat sat.", ["[1] The cat sat."]),
        ("list[str]", "[MASK] sat", ["[MASK] sat"]),
        ("list[str]", "{a} is a set", ["{a} is a set"]),
        ("list[str]", '["[1] The cat.", b]', ["[1] The cat.", "b"]),
        ("list[float]", "[1e-3, 2]", [0.001, 2.0]),
        ("Literal['mask', 'pad']", "pad", "pad"),
    ],
)
def test_a_value_becomes_its_parameter_s_type(annotation, value, expected):
    parameter = Parameter("x", annotation, None, "")
    result = parameter.validate(parameter.read(value) if isinstance(value, str) else value)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "abc"),
        ("steps", 3.5),
        ("steps", True),
        ("steps", None),
        ("rate", "fast"),
        ("rate", True),
        ("encoder", 3),
        ("loud", 2),
        ("limit", "few"),
        ("words", "[a, b"),
        ("words", {"a": 1}),
        ("rate", float("nan")),
        ("rate", "inf"),
        ("steps", {1, 2}),
        ("words", '["a", "b"] and more'),
    ],
)
def test_a_value_of_another_type_is_refused(toy, name, value):
    with pytest.raises(ParameterError, match=rf"^here: {name} of 01_squares is .*, which .* is not$"):
        toy.page("squares").check(name, value, "here")


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("[Yes, No]", "item 0 is the truth value true"),
        ("[a, 12:30]", "item 1 is the number 750"),
        ("[a, 1e5]", "item 1 is the number 100000.0"),
        ("[a, 010]", "item 1 is the number 10"),
        ("[a, null]", "item 1 is empty"),
        ("[a, {He said: no}]", "item 1 is a mapping"),
        ("[a, [b]]", "item 1 is a list"),
        ("[1]", "item 0 is the number 1"),
    ],
)
def test_an_item_that_yaml_reads_as_no_text_is_named(toy, text, item):
    with pytest.raises(ParameterError) as caught:
        toy.page("squares").check("words", text, "-p")
    assert str(caught.value) == f"-p: words of 01_squares is list[str]; {item}; put it in quotes"


@pytest.mark.parametrize("value", ["caf\udce9", ["ok", "\ud800"]])
def test_half_a_character_is_named(toy, value):
    with pytest.raises(
        ParameterError, match=r"words has a character that is not text \(U\+D[8C]..\); give it as UTF-8"
    ):
        toy.page("squares").check("words", value, "mine.yml")


def test_values_come_from_notebook_then_profile_then_reader(toy):
    run = run_of(toy, "squares", rate=0.1, encoder="toy")
    assert {name: run.values[name] for name in ("encoder", "steps", "rate")} == {
        "encoder": "toy",
        "steps": 6,
        "rate": 0.1,
    }
    assert run.changed == {"rate": 0.1}
    assert run_of(toy, "letters").values == {"corpus": "lee", "seed": 1}


def test_a_page_s_section_goes_before_common(toy):
    (toy.root / "notebooks/profiles/quick.yml").write_text("common: {seed: 1}\nletters: {seed: 2}\n")
    assert run_of(toy, "letters").values["seed"] == 2


def test_a_profile_may_list_its_pages(toy):
    assert [page.name for page in toy.profile("short").pages] == ["01_squares"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("common: {sede: 1}", "no page has the common parameter 'sede'; did you mean 'seed'?"),
        ("01_squares: {stesp: 1}", "01_squares has no parameter 'stesp'; did you mean 'steps'?"),
        ("01_squares: {results: elsewhere}", "01_squares has no parameter 'results'"),
        ("common: {seed: x}", "seed of 02_letters is int, which 'x' is not"),
        ("01_sqares: {steps: 1}", "no page '01_sqares'"),
        ("pages: [circles]", "no page 'circles'; the pages are 01_squares, 02_letters"),
        ("pages: squares", "pages is a list"),
        ("common: {seed: 1", "quick.yml, line 1: is not YAML"),
        ("- seed", "needs lines of `name: value`"),
        ("common: 3", "needs lines of `name: value`"),
    ],
)
def test_a_faulty_profile_is_refused(toy, text, fault):
    (toy.root / "notebooks/profiles/quick.yml").write_text(text)
    with pytest.raises(InputError) as caught:
        toy.profile("quick")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
