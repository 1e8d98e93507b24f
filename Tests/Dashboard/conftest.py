"""A browser, a dashboard, and what every page has to keep."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from urllib.parse import urlparse

import pytest

import stores

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None


def request(url, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


class Dashboard:
    """A running server."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path):
        return request(self.url + "/api/v1" + path)

    def send(self, path, body, method="POST"):
        return request(self.url + "/api/v1" + path, method, body)

    def study(self, name):
        """The number of a study; `strange` is the one whose name is markup."""
        for study in self.get("/studies")["studies"]:
            if study["name"] == name or (name == "strange" and "<img" in study["name"]):
                return study["id"]
        raise AssertionError(f"the store has no study {name}")


def until(page, script, argument=None, seconds=10):
    """Waits until an expression, or a function of `argument`, is true. (Playwright's own way needs `eval`, which
    the pages forbid.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(script, argument):
        assert time.monotonic() < end, f"not within {seconds} s: {script}"
        page.wait_for_timeout(50)


def serve(command, store, *options):
    """Starts the dashboard; returns its process and address."""
    process = subprocess.Popen(
        [command, "dashboard", "--port", "0", "--store", str(store.path), *options], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().strip()
    if not line:
        process.wait()
        raise RuntimeError("the dashboard ended without printing its address")
    return process, next(word for word in line.split() if word.startswith("http"))


@pytest.fixture(scope="session")
def command():
    command = os.environ.get("OUTERLOOP_COMMAND")
    if not command:
        pytest.skip("OUTERLOOP_COMMAND does not name the command to test")
    return os.path.abspath(command)


@pytest.fixture(scope="session")
def store(command, tmp_path_factory):
    return stores.make(command, tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def dashboard(request):
    url = os.environ.get("OUTERLOOP_DASHBOARD_URL")
    if url:
        yield Dashboard(url)
        return
    command, store = request.getfixturevalue("command"), request.getfixturevalue("store")
    worker = stores.begin_running(store)
    server, url = serve(command, store)
    yield Dashboard(url)
    server.send_signal(signal.SIGINT)
    server.wait(20)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.fixture(scope="session")
def browser():
    if sync_playwright is None:
        pytest.skip("Playwright is missing: pip install playwright")
    path = os.environ.get("OUTERLOOP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        except Exception as error:
            pytest.skip(f"no browser starts: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


class Watch:
    """What a page must never do: errors in its console, requests to other hosts, dialogs of scripts."""

    def __init__(self, context, url):
        self.host = urlparse(url).netloc
        self.faults = []
        # Answers of 400 and above that a test asks for; the browser logs them.
        self.expected_failures = 0
        context.on("page", self.follow)

    def follow(self, page):
        page.on("console", self.note)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self.check)

    def note(self, message):
        if message.type != "error":
            return
        if "Failed to load resource" in message.text and self.expected_failures > 0:
            self.expected_failures -= 1
            return
        self.faults.append(f"console: {message.text} ({message.location.get('url')})")

    def check(self, request):
        url = urlparse(request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.netloc != self.host:
            self.faults.append(f"request to another host: {request.url}")


@pytest.fixture
def open_page(browser, dashboard):
    """Opens a path in a fresh context; afterwards nothing may have gone wrong in it."""
    opened = []

    def open_path(path, width=1280, height=900, scheme="light", ready="#main .card, #main .table-frame", failures=0, **more):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        watch = Watch(context, dashboard.url)
        watch.expected_failures = failures
        page = context.new_page()
        page.watch = watch
        opened.append((context, watch))
        page.goto(dashboard.url + path)
        page.locator(ready).filter(visible=True).first.wait_for(timeout=30_000)
        return page

    yield open_path
    faults = [fault for _, watch in opened for fault in watch.faults]
    for context, _ in opened:
        context.close()
    assert faults == []
