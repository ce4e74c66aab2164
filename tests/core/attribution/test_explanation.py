"""Explanations of sentences: what they show, and the command `wig explain`."""

import json
from pathlib import Path

import pytest
import torch

from wig_core.attribution.explainer import Explainer
from wig_core.attribution.explanation import explain_words
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

LEFT, RIGHT = "the cat sat on a mat", "a cat, it sat <well>"


def test_weights_are_the_lengths_of_contributions(bert: SentenceEncoder) -> None:
    explainer = Explainer("shap")
    shown = torch.tensor(explain_words(bert, [LEFT], explainer).words["value"].tolist())
    torch.testing.assert_close(shown, explainer.explain(bert, [LEFT])[0].norms, atol=1e-6, rtol=1e-5)


def test_forms(bert: SentenceEncoder) -> None:
    shown = explain_words(bert, [LEFT, RIGHT], Explainer())
    plain = shown.to_terminal(colours=False)
    assert "\x1b" not in plain
    assert plain.count("cat") == 2
    assert "\x1b[0m" in shown.to_terminal(colours=True)
    parsed = json.loads(shown.to_json())
    assert [[word["word"] for word in sentence] for sentence in parsed["sentences"]] == [
        LEFT.split(),
        ["a", "cat", ",", "it", "sat", "<", "well", ">"],
    ]
    page = shown.to_html()
    assert "&lt;" in page
    assert "http" not in page
    assert shown._repr_html_() in page
    sampled = explain_words(bert, ["the cat sat on a mat, it rains and it rains"], Explainer("shap"))
    assert all(word["error"] >= 0 for word in json.loads(sampled.to_json())["sentences"][0])


def test_the_command(
    tiny_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # no project is needed
    asked = ["explain", LEFT, "--encoder", str(tiny_folders["bert"])]
    assert main([*asked, "--html", "map.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "ig"
    assert (tmp_path / "map.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main([*asked, "--method", "shap", "--baseline", "deleted", "--similar-to", RIGHT]) == 0
    out = capsys.readouterr()
    assert "similarity:" in out.out
    assert "up to 320 forward passes" in out.err  # 2⁶ and 2⁸


@pytest.mark.parametrize(
    ("sentences", "more", "line"),
    [
        ([LEFT], ["--baseline", "deleted"], "'deleted' has no path"),
        ([LEFT, RIGHT], ["--similar-to", "one"], "--similar-to compares one sentence, 2 are given"),
        ([LEFT, RIGHT], ["--corpus", "lee"], "--corpus compares one sentence, 2 are given"),
        ([LEFT], ["--corpus", "lee", "--similar-to", "one"], "--similar-to and --corpus are two questions"),
        ([LEFT], ["--corpus", "no/such/file.txt"], "no/such/file.txt"),
        ([LEFT], ["--html", "no/such/folder.html"], "cannot be written"),
        ([LEFT], ["--method", "shap", "--permutations", "3"], "permutations is 3"),
    ],
)
def test_bad_input(
    tiny_folders: dict[str, Path], capsys: pytest.CaptureFixture[str], sentences: list[str], more: list[str], line: str
) -> None:
    assert main(["explain", *sentences, "--encoder", str(tiny_folders["bert"]), *more]) == 2
    assert line in capsys.readouterr().err


def test_no_words_to_explain(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="blank"):
        explain_words(bert, [" "], Explainer())
    assert "Length" in explain_words(bert, ["\x1b"], Explainer()).to_terminal(colours=False)
