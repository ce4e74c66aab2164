import io
from hashlib import sha256

import yaml
from toy_book import run_of

from wig_book.build.execute import execute_pages
from wig_book.build.progress import Progress
from wig_book.build.provenance import write_provenance


def test_numbers_lie_beside_what_made_them(toy):
    (toy.root / "toy").write_text("an encoder")  # the name of the parameter `encoder`
    run = run_of(toy, "squares")
    execute_pages([run], Progress(io.StringIO()))
    write_provenance(toy.root, [run])
    path = toy.root / "results/quick/squares.provenance.yml"
    made = yaml.safe_load(path.read_text())
    assert (made["page"], made["profile"], made["parameters"]["steps"]) == ("01_squares", "quick", 6)
    assert made["versions"]["torch"]
    assert made["files"] == {"toy": sha256(b"an encoder").hexdigest()}
    path.write_text(path.read_text().replace("profile: quick", "profile: kept"))
    write_provenance(toy.root, [run])
    assert "profile: kept" in path.read_text()
