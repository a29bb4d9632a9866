"""Pages in a real browser: Debian's chromium, driven by Playwright, checked by axe-core."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"

#: Rules for WCAG 2.2 at level AA, and axe's own.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: A phone, and a desktop.
WIDTHS = (390, 1280)


@contextlib.contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser with a profile of its own, without network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            chromium_sandbox=False,
            args=["--disable-gpu", "--disable-sync", "--disable-component-update"],
        )
        yield browser
        browser.close()


class Pages:
    """Pages in a folder, each opened in a context of its own.

    Args:
        browser: The browser.
        folder: The folder of the pages' files.
    """

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []
        self.messages: list[str] = []
        self.requests: list[str] = []

    def address(self, name: str, fragment: str = "") -> str:
        return f"{(self._folder / name).as_uri()}.html{fragment}"

    def open(self, name: str, fragment: str = "", *, width: int = 1280, **options: Any) -> Page:
        """A page as a reader opens it; its errors and requests are kept."""
        context = self._browser.new_context(viewport={"width": width, "height": 900}, **options)
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.address(name, fragment))
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def violations(page: Page) -> list[str]:
    """The violations of a page that axe finds, each with the first element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": _RULES, "resultTypes": ["violations"]}
    result = page.evaluate("options => axe.run(options)", options)
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in result["violations"]]


def too_wide(page: Page) -> list[str]:
    """The elements that reach beyond the screen; a page that can be scrolled sideways is one."""
    found = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("main *")]
          .filter((one) => !one.matches(".unseen, caption"))
          .filter((one) => one.getBoundingClientRect().right > innerWidth + 1
            || (one === document.documentElement && one.scrollWidth > one.clientWidth))
          .map((one) => one.outerHTML.slice(0, 200))"""
    )
    return list(found)
