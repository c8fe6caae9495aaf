"""The shop of ``example/`` as its visitors meet it: over HTTP, on databases of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from acceptance.back_office import PICTURES

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT_S = 60


def pytest_terminal_summary(terminalreporter):
    """Says where the pictures are that the browser's tests have made."""
    ended = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, [])]
    if any("test_back_office" in each.nodeid for each in ended):
        terminalreporter.write_line(f"pictures of the back office: {PICTURES}")


@dataclass
class Answer:
    """A page, and the databases that it asked: alias to number of statements."""

    status: int
    url: str
    text: str
    asked: dict = field(default_factory=dict)


class Visitor:
    """A browser with its cookies."""

    def __init__(self, address):
        self.address = address
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path):
        """The page behind a path, redirects followed."""
        return self._open(urllib.request.Request(self.address + path))

    def post(self, path, **fields):
        """The answer to a form, redirects followed; the form's token is added."""
        token = next(each.value for each in self.cookies if each.name == "csrftoken")
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._open(urllib.request.Request(self.address + path, data))

    def log_in(self):
        """Becomes the administrator."""
        self.get("/admin/login/")
        return self.post("/admin/login/?next=/admin/", username="admin", password="admin")

    def _open(self, request):
        try:
            with self._opener.open(request, timeout=20) as response:
                return _answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)


@dataclass
class Shop:
    """A running ``example.serve``."""

    kind: str
    data: Path
    address: str
    process: subprocess.Popen

    def manage(self, *arguments):
        """What a command of the shop prints, run beside the server."""
        return manage(*arguments, DB=self.kind, SHOP_DATA=str(self.data))

    def replica_catches_up(self, visitor, path, text):
        """Waits until the page, read from the replica, shows the text."""
        deadline = time.monotonic() + 10
        while text not in (answer := visitor.get(path)).text:
            assert time.monotonic() < deadline, f"{path} does not show {text!r}"
            time.sleep(0.02)
        return answer


def manage(*arguments, **environment):
    """The finished process of a command of the shop."""
    return subprocess.run(
        [sys.executable, "example/manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def serving(kind, data):
    """A shop that runs until the block ends, and whose end is an orderly one."""
    port = _free_port()
    log = (data.parent / f"{data.name}.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "example.serve", f"--db={kind}", f"--port={port}", f"--data={data}"],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process, log)
        yield Shop(kind, data, f"http://127.0.0.1:{port}", process)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=30)
        log.close()
    assert status == 0


@pytest.fixture(scope="module", params=["sqlite", "servers"])
def shop(request, tmp_path_factory):
    """The shop on SQLite files, and on PostgreSQL with a streaming replica and MariaDB."""
    with serving(request.param, tmp_path_factory.mktemp("shop") / request.param) as running:
        yield running


@pytest.fixture
def visitor(shop):
    """Somebody nobody knows."""
    return Visitor(shop.address)


@pytest.fixture(scope="module")
def administrator(shop):
    """Somebody who is logged in."""
    who = Visitor(shop.address)
    assert "Site administration" in who.log_in().text
    return who


def _answer(response):
    header = response.headers.get("X-Databases") or "none"
    pairs = [] if header == "none" else [pair.split("=") for pair in header.split(", ")]
    return Answer(
        status=response.status,
        url=urllib.parse.urlsplit(response.url).path,
        text=response.read().decode(),
        asked={alias: int(times) for alias, times in pairs},
    )


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port, process, log):
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            pytest.fail(f"the shop does not serve:\n{log.read()}")
        time.sleep(0.05)
