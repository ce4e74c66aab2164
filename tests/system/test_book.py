"""The real book, in the smoke profile: built without a warning, and read in a browser without a network."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT
from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1400,1000",
    "--remote-debugging-port=0",  # any free one; it is written to DevToolsActivePort
]
FACTS = """(async () => {
    await window.MathJax?.startup?.promise;
    const count = selector => document.querySelectorAll(selector).length;
    return {
        text: document.body.innerText,
        formulas: count("main .math"),
        rendered: count("main .math mjx-container"),
        faults: count("mjx-merror"),
        images: document.images.length,
        wide: [...document.querySelectorAll("table.dataframe")].filter(t => t.scrollWidth > t.clientWidth + 1).length,
        broken: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
    };
})()"""
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link)\b[^>]*(?:src|href)=["']?(?:https?:)?//|(?:url\(|@import )["']?https?:"""
)


class Tab:
    """A tab of a Chromium whose network is cut, driven through its debugging protocol."""

    def __init__(self, socket: WebSocketClientConnection):
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self.calls = 0

    async def receive(self) -> dict[str, Any]:
        message = json.loads(await asyncio.wait_for(self.socket.read_message(), 60))
        self.events.append(message)
        return message

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.calls += 1
        await self.socket.write_message(json.dumps({"id": self.calls, "method": method, "params": parameters}))
        while (message := await self.receive()).get("id") != self.calls:
            pass
        return message["result"]

    async def visit(self, url: str) -> dict[str, Any]:
        """Return what the page shows, and the addresses outside this machine that it asked for."""
        for domain in ("Network", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            await self.receive()
        result = await self.call("Runtime.evaluate", expression=FACTS, awaitPromise=True, returnByValue=True)
        requests = [event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        asked = [request["request"]["url"] for request in requests]
        outside = [address for address in asked if not address.startswith(("file:", "data:", "blob:"))]
        return result["result"]["value"] | {"outside": outside}


class Browser:
    """A headless Chromium."""

    def __init__(self, folder: Path):
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = folder / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not port_file.exists() or "\n" not in port_file.read_text():
            assert time.monotonic() < deadline, "Chromium does not start"
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port_file.read_text().split()[0]}/json") as answer:
            tabs = json.load(answer)
        self.address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")

    def visit(self, page: Path) -> dict[str, Any]:
        async def visit() -> dict[str, Any]:
            socket = await websocket_connect(self.address, max_message_size=2**28)
            try:
                return await Tab(socket).visit(page.as_uri())
            finally:
                socket.close()

        return asyncio.run(visit())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed; .ci/run installs it")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.process.terminate()
    browser.process.wait()


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke book in the folder $WIG_BOOK, or else one built in a copy, so that the reader's own book stays."""
    if built := os.environ.get("WIG_BOOK"):
        return ROOT / built
    root = tmp_path_factory.mktemp("project")
    for folder in ("notebooks", "book", "results/benchmarks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("_build"))
    command = [sys.executable, "-m", "wig_core", "book", "--profile", "smoke"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root / "book/_build/html"


def pages(html: Path) -> list[Path]:
    """Return the pages that a reader can reach; index.html only leads to the first of them."""
    return [page for page in sorted(html.rglob("*.html")) if page.name != "index.html" and "_static" not in page.parts]


def loads_from_outside(html: Path) -> list[str]:
    """Return the places in pages and style sheets that would load something from another host."""
    files = [*pages(html), *html.rglob("*.css")]
    return [
        f"{file.relative_to(html)}: {match[0]}" for file in files for match in LOADED.finditer(file.read_text("utf-8"))
    ]


def test_the_browser_sees_requests_broken_images_and_mathematics(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<main><p class="math">x</p><img src="none.png"><script src="https://a.invalid/b.js"></script></main>'
        '<table class="dataframe" style="display: block; overflow-x: auto"><tr><td style="min-width: 2000px">x</table>'
    )
    seen = browser.visit(page)
    assert seen["outside"] == ["https://a.invalid/b.js"]
    assert (seen["formulas"], seen["rendered"], seen["broken"]) == (1, 0, [(tmp_path / "none.png").as_uri()])
    assert seen["wide"] == 1
    assert loads_from_outside(tmp_path) == ['page.html: <script src="https://']


def test_no_page_loads_anything_from_outside(html):
    assert loads_from_outside(html) == []


def test_prose_quotes_numbers_that_there_are(html):
    missing = re.compile(r'class="pasted-text">[^<]*\bnan\b')
    assert [page.name for page in pages(html) if missing.search(page.read_text("utf-8"))] == []


def test_every_page_opens_without_a_network(html, browser):
    seen = {page.relative_to(html).as_posix(): browser.visit(page) for page in pages(html)}
    assert {name: page["outside"] for name, page in seen.items() if page["outside"]} == {}
    assert {name: page["broken"] for name, page in seen.items() if page["broken"]} == {}
    assert [name for name, page in seen.items() if page["rendered"] != page["formulas"] or page["faults"]] == []
    assert {name: page["wide"] for name, page in seen.items() if page["wide"]} == {}
    assert [name for name, page in seen.items() if "Profile smoke" not in page["text"]] == []
    assert sum(page["rendered"] for page in seen.values()) > 0
    assert sum(page["images"] for page in seen.values()) > 0
