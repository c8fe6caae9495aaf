"""Statement E6 in the programs that projects run: gunicorn, uvicorn and Celery's workers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from django.db import connections

from lab.shop.models import Tag

ROOT = Path(__file__).resolve().parents[2]
REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}
FLEET = {"MONITOR_S": 0.1, "TOKEN_WAIT_MS": 0}
START_S = 30
GUNICORN = [
    "gunicorn",
    "served.wsgi",
    "--workers=2",
    "--bind=127.0.0.1:{port}",
    "--log-level=warning",
]
SERVERS = {
    "gunicorn sync": (GUNICORN, ""),
    "gunicorn preload": ([*GUNICORN, "--preload"], ""),
    "gunicorn gthread": ([*GUNICORN, "--worker-class=gthread", "--threads=4"], ""),
    "uvicorn": (
        [
            "uvicorn",
            "served.asgi:application",
            "--workers=2",
            "--port={port}",
            "--lifespan=off",
            "--log-level=warning",
        ],
        "async-",
    ),
}


class Site:
    """A project's databases, and the environment of programs that use them."""

    def __init__(self, lab, entries, folder):
        self.lab = lab
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "served.settings",
            "SERVED_DATABASES": json.dumps(entries, default=str),
            "SERVED_FLEET": json.dumps(FLEET),
            "SERVED_FOLDER": str(folder),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")]),
        }

    @contextlib.contextmanager
    def program(self, *arguments, **environment):
        """A program that runs until the block ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.environment["SERVED_FOLDER"],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                said, _ = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
            sys.stdout.write(said)

    def catch_up(self):
        self.lab.servers.replicas[0].resume_replay()
        self.lab.catch_up()


@pytest.fixture
def site(lab, tmp_path):
    """A primary and a replica that stands still, with one row."""
    entries = lab.entries(REPLICATED)
    with lab.project(entries, FLEET={}):
        lab.create_tables(Tag)
        Tag.objects.using("default").create(name="old")
        lab.catch_up()
        lab.servers.replicas[0].pause_replay()
        connections.close_all()
        yield Site(lab, entries, tmp_path)
        lab.servers.replicas[0].resume_replay()


class Browser:
    """Somebody with cookies; a new connection for each request, so that any process may answer."""

    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}/"
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path):
        with self._opener.open(self.address + path, timeout=20) as response:
            return json.load(response)

    def get_often(self, path):
        """The same page for several requests at a time, until two processes have answered."""
        answers = []
        with ThreadPoolExecutor(4) as pool:
            while len({each["pid"] for each in answers}) < 2 and len(answers) < 400:
                answers += pool.map(self.get, [path] * 16)
        return answers


def wait_for(port, process):
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()[0]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("The server does not listen.")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def summary(answers):
    """Who answered, and what was shown, each once."""
    return sorted({(each["read"], *each["names"]) for each in answers})


def assert_watched(answers):
    """In every process that answered, one monitor of its own has looked at the replica."""
    assert len({each["pid"] for each in answers}) == 2
    assert {each["monitors"] for each in answers} == {1}
    assert all(each["has_looked"] for each in answers)


@pytest.mark.parametrize("server", SERVERS)
def test_e6_what_one_process_wrote_every_process_shows(site, server):
    """From the primary while the replica stands still, from the replica once it has caught up."""
    arguments, prefix = SERVERS[server]
    port = free_port()
    command = [each.format(port=port) for each in arguments]
    first = {"SERVED_READ_FIRST": "1"} if server == "gunicorn preload" else {}
    with site.program(*command, **first) as process:
        wait_for(port, process)
        browser, stranger = Browser(port), Browser(port)
        assert browser.get(f"{prefix}write/new/")["read"] == "default"
        answers = browser.get_often(f"{prefix}read/")
        assert summary(answers) == [("default", "new", "old")]
        assert_watched(answers)
        assert summary(stranger.get_often(f"{prefix}read/")) == [("replica", "old")]
        site.catch_up()
        time.sleep(0.3)  # a unit of work that found nobody asks again after a moment
        answers = browser.get_often(f"{prefix}read/")
        assert summary(answers) == [("replica", "new", "old")]
        assert_watched(answers)


def send(site, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "served.send", *arguments],
        cwd=site.environment["SERVED_FOLDER"],
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_e6_what_a_sender_wrote_every_worker_shows(site):
    """The token is in the message; a chain passes on what its first task wrote."""
    worker = [
        "celery",
        "-A",
        "served.tasks",
        "worker",
        "--pool=prefork",
        "--concurrency=2",
        "--loglevel=warning",
    ]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with site.program(*worker, *quiet):
        sent = send(site, "write", "new")
        assert summary(sent["answers"]) == [("default", "new", "old")]
        assert {each["monitors"] for each in sent["answers"]} == {1}
        assert summary(send(site, "read", "")["answers"]) == [("replica", "old")]
        assert summary(send(site, "chain", "more")["answers"]) == [
            ("default", "more", "new", "old")
        ]
        site.catch_up()
        answers = send(site, "resume", sent["token"])["answers"]
        assert summary(answers) == [("replica", "more", "new", "old")]
        assert_watched(answers)
