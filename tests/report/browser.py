"""Pages in a real browser: Debian's chromium, driven by Playwright, checked by axe-core."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

#: The shell shows a page in half the time of the whole browser.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
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
    """Pages in a folder, opened one after the other.

    They share one tab, since a new one costs more than all that a test does in it.

    Args:
        browser: The browser.
        folder: The folder of the pages' files.
    """

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._tab = self._watched(browser.new_page())
        self.messages: list[str] = []
        self.requests: list[str] = []

    def address(self, name: str, fragment: str = "") -> str:
        return f"{(self._folder / name).as_uri()}.html{fragment}"

    def open(self, name: str, fragment: str = "", *, width: int = 1280, **media: Any) -> Page:
        """A page as a reader opens it; its errors and requests are kept."""
        self._tab.set_viewport_size({"width": width, "height": 900})
        self._tab.emulate_media(**{**_USUAL, **media})
        if self._tab.url.startswith(self.address(name)):
            # It would keep what was typed, or only go to the fragment.
            self._tab.goto("about:blank")
        self._tab.goto(self.address(name, fragment))
        return self._tab

    @contextlib.contextmanager
    def open_apart(self, name: str, **options: Any) -> Iterator[Page]:
        """A page in a tab with other settings: without a script, with permissions."""
        context = self._browser.new_context(**options)
        page = self._watched(context.new_page())
        page.goto(self.address(name))
        yield page
        context.close()

    def _watched(self, page: Page) -> Page:
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))
        return page


_USUAL = {"media": "screen", "color_scheme": "light", "forced_colors": "none"}


def violations(page: Page, kind: str = "") -> list[str]:
    """The violations of a page that axe finds, each with the first element.

    Args:
        page: The page.
        kind: The tag of the rules that are asked, instead of all.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = [each["ruleId"] for each in page.evaluate("tags => axe.getRules(tags)", _RULES)]
    if kind:
        of_kind = page.evaluate("tags => axe.getRules(tags)", [kind])
        rules = [each["ruleId"] for each in of_kind if each["ruleId"] in rules]
    options = {"runOnly": {"type": "rule", "values": rules}, "resultTypes": ["violations"]}
    result = page.evaluate("options => axe.run(options)", options)
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in result["violations"]]


def layout(page: Page) -> list[str]:
    """The box of each element, and whether it is seen."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("body *")].map((one) => {
          const {x, y, width, height} = one.getBoundingClientRect();
          return [one.tagName, x, y, width, height, one.checkVisibility()].join(" ");
        })"""
    )
    return list(found)


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
