"""The page of the API shows every public name, and no other."""

import re

from repository import ROOT

import wig_core


def test_every_public_name_is_on_the_page():
    page = (ROOT / "book/api.md").read_text()
    shown = re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page, re.MULTILINE)
    homes = {f"{home}.{name}" for name, home in wig_core._HOMES.items()}
    assert sorted(shown) == sorted(homes)
