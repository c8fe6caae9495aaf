"""The shop's back office in a real browser: Debian's Chromium, driven by Playwright.

Playwright brings no browser of its own here. Each test leaves a picture of its last page.
"""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 20_000


def chromium():
    """The path of the browser; the test is skipped where there is none."""
    named = os.environ.get("FLEET_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("needs Chromium: sh scripts/install-chromium.sh")
    return found


@contextmanager
def started_browser():
    """A browser without a window."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: python3 scripts/setup.py browser"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


class BackOffice:
    """What an administrator does with the mouse and the keyboard."""

    def __init__(self, page, address):
        self.page = page
        self.address = address
        page.set_default_timeout(PATIENCE_MS)

    def log_in(self):
        """As the shop's administrator."""
        self.open("")
        self.page.fill("#id_username", "admin")
        self.page.fill("#id_password", "admin")
        self.press("Log in")

    def open(self, path):
        """A page below ``/admin/``."""
        response = self.page.goto(f"{self.address}/admin/{path}")
        assert response.ok, f"/admin/{path}: {response.status}"

    def press(self, name):
        """A button, or what looks like one; returns when the next page is there."""
        with self.page.expect_navigation():
            self.page.locator(f'input[value="{name}"], button:has-text("{name}")').first.click()

    def follow(self, text, *, within="body"):
        """A link."""
        with self.page.expect_navigation():
            self.page.locator(within).get_by_role("link", name=text, exact=True).first.click()

    def search(self, words):
        """The search field over a list."""
        self.page.fill("#searchbar", words)
        self.press("Search")

    def filter(self, title, choice):
        """A choice in the list of filters beside a list."""
        group = self.page.locator("#changelist-filter details").filter(
            has=self.page.locator("summary", has_text=re.compile(rf"By {re.escape(title)}\s*$"))
        )
        with self.page.expect_navigation():
            group.get_by_role("link", name=choice, exact=True).click()

    def complete(self, field, typed, choice):
        """Types into a field that completes itself, and takes one of what it offers."""
        self.page.locator(f"#id_{field} + .select2").click()
        self.page.locator(".select2-search__field").last.fill(typed)
        self.page.locator(".select2-results__option", has_text=choice).first.click()

    def popup(self, opener):
        """The window that a click opens."""
        with self.page.expect_popup() as opened:
            self.page.locator(opener).click()
        opened.value.set_default_timeout(PATIENCE_MS)
        return opened.value

    def rows(self):
        """The rows of a list: the texts of their cells."""
        return [
            [cell.strip() for cell in row.locator("th, td:not(.action-checkbox)").all_inner_texts()]
            for row in self.page.locator("#result_list tbody tr").all()
        ]

    def column(self, number):
        """One column of a list."""
        return [row[number] for row in self.rows()]

    @property
    def text(self):
        """What is to be read on the page."""
        return self.page.locator("body").inner_text()

    @property
    def message(self):
        """What the page says was done."""
        return self.page.locator(".messagelist").inner_text()
