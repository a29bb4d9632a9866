"""The pages as their readers use them: in a browser, on a phone, by keyboard, without a script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.report.browser import (
    AXE,
    CHROMIUM,
    WIDTHS,
    Pages,
    layout,
    running_browser,
    too_wide,
    violations,
)
from tests.report.pages import digest_of
from tests.report.pages import pages as written_pages

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and AXE.exists()) and not os.environ.get("CI"),
    reason="chromium or axe-core is not installed: apt install chromium-headless-shell; npm ci",
)

#: In the place of a digest that is not known.
NONE = "\N{EN DASH}"
NAMES = (
    *("fine", "failures", "stacks", "hostile", "empty"),
    *("deployed", "changes", "hostile-changes"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, text in written_pages().items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def all_pages(browser: Browser, folder: Path) -> Pages:
    return Pages(browser, folder)


@pytest.fixture
def pages(all_pages: Pages) -> Iterator[Pages]:
    """Pages that report no error, and ask for nothing but themselves."""
    yield all_pages
    asked = {url.partition("?")[0].partition("#")[0] for url in all_pages.requests}
    assert asked <= {"about:blank", *map(all_pages.address, (*NAMES, "many"))}
    all_pages.requests.clear()
    assert all_pages.messages == []


def images(page: Page) -> list[str]:
    """The images that are shown, from top to bottom."""
    return page.locator("tbody tr:visible .image").all_inner_texts()


def column(page: Page, number: int) -> list[str]:
    return [each.split()[0] for each in cells(page, number).all_inner_texts()]


def cells(page: Page, number: int) -> Locator:
    """The cells of a column in the first stack."""
    return page.locator(".stack").first.locator(f"tbody tr > :nth-child({number})")


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search images")


def choice(page: Page, name: str) -> Locator:
    return page.locator(".filter button[data-status]").filter(has_text=name)


def heading(page: Page | Locator, name: str) -> Locator:
    """The first heading of a column."""
    return page.get_by_role("columnheader", name=name).first


def announced(page: Page) -> Locator:
    return page.locator("[aria-live]")


@pytest.mark.parametrize("name", ["fine", "failures", "hostile", "empty", "deployed", "changes"])
def test_axe_finds_no_violation(pages: Pages, name: str) -> None:
    """A dark page differs from the light one in its colours alone, so their rules are asked."""
    page = pages.open(name)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light")
        assert violations(page) == []
        light = layout(page)
        page.emulate_media(color_scheme="dark")
        assert layout(page) == light
        assert violations(page, "cat.color") == []


def test_axe_finds_no_violation_among_200_images_in_20_stacks(pages: Pages) -> None:
    """Their colours in the dark are those of the others, and they take axe long."""
    page = pages.open("stacks")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []


def test_one_of_2000_images_is_found(pages: Pages) -> None:
    page = pages.open("many")
    search(page).fill("c1234 stack34")
    assert len(images(page)) == 1


@pytest.mark.parametrize("name", ["failures", "deployed"])
def test_axe_finds_no_violation_in_forced_colors(pages: Pages, name: str) -> None:
    page = pages.open(name, forced_colors="active")
    assert violations(page) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_screen(pages: Pages, name: str) -> None:
    page = pages.open(name)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for width in (320, 390, 780, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert too_wide(page) == []


def test_the_checks_find_what_they_look_for(pages: Pages) -> None:
    page = pages.open("empty")
    page.evaluate("document.title = ''; document.querySelector('footer').style.width = '3000px'")
    assert [each.partition(":")[0] for each in violations(page)] == ["document-title"]
    assert any("<footer" in each for each in too_wide(page))


class TestSearch:
    def test_all_words_count_in_any_order_and_column(self, pages: Pages) -> None:
        page = pages.open("fine")
        search(page).fill("JSON windows shop-web  lock otel")
        assert images(page) == ["public.ecr.aws/aws-observability/aws-otel-collector:v0.40.0"]
        expect(announced(page)).to_have_text("1 of 6 shown")
        expect(page.get_by_text("1 of 6", exact=True)).to_be_visible()
        expect(page.locator(".stack:visible")).to_have_count(1)

    def test_every_part_of_a_row_is_searched(self, pages: Pages) -> None:
        """Also what is shortened: the hash of an asset, a digest."""
        page = pages.open("fine")
        parts = ["EXEMPT", "newest image", "5" * 64, digest_of("nginx:1.27"), "/shop/api/image"]
        for part in parts:
            search(page).fill(part)
            assert len(images(page)) == 1

    def test_what_no_image_has_says_so_and_offers_the_way_back(self, pages: Pages) -> None:
        page = pages.open("fine")
        search(page).fill("nginx redis")
        expect(page.get_by_text("No image is like that.")).to_be_visible()
        page.get_by_role("button", name="Show all").click()
        assert len(images(page)) == 6
        expect(search(page)).to_be_focused()

    def test_a_status_and_words_are_both_counted(self, pages: Pages) -> None:
        page = pages.open("failures")
        choice(page, "Failed").click()
        expect(choice(page, "Failed")).to_have_attribute("aria-pressed", "true")
        expect(choice(page, "All")).to_have_attribute("aria-pressed", "false")
        assert len(images(page)) == 11
        search(page).fill("service-")
        assert len(images(page)) == 6

    def test_closed_stacks_open_while_something_is_sought(self, pages: Pages) -> None:
        page = pages.open("stacks")
        assert images(page) == []
        search(page).fill("c123")
        assert len(images(page)) == 1
        search(page).fill("")
        assert images(page) == []
        expect(page.locator(".stack:visible")).to_have_count(20)

    def test_the_table_of_images_in_use_is_searched_and_the_drift_stays(self, pages: Pages) -> None:
        page = pages.open("deployed")
        search(page).fill("expiring three")
        rows = page.locator("section[aria-labelledby=images] tbody tr:visible")
        expect(rows).to_have_count(1)
        choice(page, "Without findings").click()
        expect(rows).to_have_count(0)
        expect(page.locator("section[aria-labelledby=drift] tbody tr:visible")).to_have_count(2)


class TestAddress:
    def test_it_holds_what_is_chosen_and_shows_the_same_to_others(self, pages: Pages) -> None:
        page = pages.open("failures")
        search(page).fill("shop-web service")
        choice(page, "Failed").click()
        heading(page, "Image").get_by_role("button").click()
        expected = pages.address("failures", "#?q=shop-web+service&status=failed&sort=Image")
        expect(page).to_have_url(expected)
        shown = images(page)
        page = pages.open("failures", "#?q=shop-web+service&status=failed&sort=Image")
        assert images(page) == shown
        expect(search(page)).to_have_value("shop-web service")
        expect(choice(page, "Failed")).to_have_attribute("aria-pressed", "true")
        expect(heading(page, "Image")).to_have_attribute("aria-sort", "ascending")

    def test_the_back_button_takes_one_step_back(self, pages: Pages) -> None:
        page = pages.open("failures")
        choice(page, "Failed").click()
        search(page).press_sequentially("service-3")
        assert len(images(page)) == 1
        shown = page.locator("tbody tr:visible")
        page.go_back()
        expect(search(page)).to_have_value("")
        expect(shown).to_have_count(11)
        page.go_back()
        expect(shown).to_have_count(17)
        page.go_forward()
        expect(shown).to_have_count(11)

    def test_the_query_of_a_signed_download_stays(self, pages: Pages) -> None:
        page = pages.open("fine", "?X-Amz-Signature=abc")
        search(page).fill("nginx")
        expect(page).to_have_url(re.compile(r"\?X-Amz-Signature=abc#\?q=nginx$"))

    @pytest.mark.parametrize(
        "fragment",
        ["#?sort=constructor", "#?status=__proto__&sort=-nothing", "#%", "#stack-no"],
    )
    def test_what_the_page_does_not_know_changes_nothing(self, pages: Pages, fragment: str) -> None:
        page = pages.open("fine", fragment)
        expect(heading(page, "Image")).to_have_attribute("aria-sort", "none")
        expect(choice(page, "All")).to_have_attribute("aria-pressed", "true")

    def test_a_link_to_a_stack_opens_it(self, pages: Pages) -> None:
        page = pages.open("stacks", "#stack-Production/Stack7")
        stack = page.locator("[id='stack-Production/Stack7']")
        expect(stack).to_have_attribute("open", "")
        expect(page.locator(".stack[open]")).to_have_count(1)
        expect(stack).to_be_in_viewport()

    def test_each_stack_has_a_link_to_itself(self, pages: Pages) -> None:
        page = pages.open("stacks", "#?q=c5")
        page.get_by_role("link", name="Link to the stack Production/Stack5", exact=True).click()
        expect(page).to_have_url(pages.address("stacks", "#stack-Production/Stack5"))
        expect(search(page)).to_have_value("")
        assert len(images(page)) == 10

    def test_a_failure_leads_to_its_stack(self, pages: Pages) -> None:
        page = pages.open("failures")
        page.get_by_role("button", name="Close all").click()
        page.locator(".trouble").get_by_role("link", name="Shop-Jobs").click()
        expect(page.locator("#stack-Shop-Jobs")).to_have_attribute("open", "")


class TestSorting:
    def test_a_column_is_sorted_up_then_down_then_as_written(self, pages: Pages) -> None:
        page = pages.open("failures")
        button = heading(page, "Digest").get_by_role("button")
        written = images(page)
        for order in ("ascending", "descending"):
            button.click()
            expect(heading(page, "Digest")).to_have_attribute("aria-sort", order)
            expect(heading(page, "Image")).to_have_attribute("aria-sort", "none")
            expect(announced(page)).to_have_text(f"Sorted by Digest, {order}")
            *digests, last = column(page, 2)
            assert digests == sorted(digests, reverse=order == "descending")
            assert last == NONE  # in both directions
        button.click()
        expect(heading(page, "Digest")).to_have_attribute("aria-sort", "none")
        assert images(page) == written

    def test_numbers_are_sorted_as_numbers(self, pages: Pages) -> None:
        page = pages.open("stacks", "#stack-Production/Stack0")
        heading(page.locator(".stack[open]"), "Image").get_by_role("button").click()
        numbers = [int(re.findall(r"service-([0-9]+)", name)[0]) for name in images(page)]
        assert len(numbers) == 10
        assert numbers == sorted(numbers)

    def test_what_needs_attention_is_first(self, pages: Pages) -> None:
        page = pages.open("failures", "#?sort=Status")
        assert column(page, 4)[0] == "failed"
        statuses = page.locator("#stack-Shop-Jobs tbody .status").all_inner_texts()
        assert statuses == ["failed", "exempt", "asset"]

    def test_it_is_done_by_keyboard_and_on_a_phone(self, pages: Pages) -> None:
        page = pages.open("fine", width=390)
        button = heading(page, "Image").get_by_role("button")
        expect(button).to_be_in_viewport()
        button.focus()
        page.keyboard.press("Enter")
        expect(heading(page, "Image")).to_have_attribute("aria-sort", "ascending")
        page.keyboard.press("Space")
        expect(heading(page, "Image")).to_have_attribute("aria-sort", "descending")
        expect(button).to_be_focused()


class TestFolding:
    def test_failures_after_five_open_by_keyboard(self, pages: Pages) -> None:
        page = pages.open("failures")
        failures = page.locator(".trouble > ul > li:visible, .trouble .more > ul > li:visible")
        expect(failures).to_have_count(5)
        page.locator(".more > summary").focus()
        page.keyboard.press("Enter")
        expect(failures).to_have_count(8)

    def test_all_stacks_are_closed_and_opened_by_one_button(self, pages: Pages) -> None:
        page = pages.open("fine")
        page.get_by_role("button", name="Close all").click()
        assert images(page) == []
        page.get_by_role("button", name="Open all").click()
        assert len(images(page)) == 6


def test_without_a_script_everything_is_readable(pages: Pages) -> None:
    with pages.open_apart("failures", java_script_enabled=False) as page:
        assert len(images(page)) == 17
        expect(page.locator(".filter")).to_be_hidden()
        expect(page.locator("button:enabled:visible")).to_have_count(0)
        page.locator(".more > summary").click()
        expect(page.locator(".more li").first).to_be_visible()


def test_the_whole_digest_is_copied(pages: Pages) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with pages.open_apart("fine", permissions=permissions) as page:
        button = page.locator("button[data-copy]").first
        digest = button.get_attribute("data-copy")
        button.click()
        expect(announced(page)).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == digest


def test_a_printed_page_is_light_and_has_everything(pages: Pages) -> None:
    page = pages.open("stacks", color_scheme="dark", media="print")
    expect(page.locator(".filter")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(25, 33, 42)"
    row = page.locator("tbody tr").last
    assert row.bounding_box() is not None
    digest = row.locator(".digest code")
    shown = digest.evaluate("one => getComputedStyle(one, '::after').content")
    assert shown == f'"{digest.get_attribute("title")}"'


@pytest.mark.parametrize("name", ["failures", "deployed"])
def test_a_status_is_a_word_and_a_mark_of_its_own(pages: Pages, name: str) -> None:
    page = pages.open(name)
    marks = page.evaluate(
        "[...document.querySelectorAll('.status')].map(one => "
        "[one.classList[1], getComputedStyle(one, '::before').content])"
    )
    by_status = dict(marks)
    assert "none" not in by_status.values()
    assert len(set(by_status.values())) == len(by_status)
    assert all(page.locator(".status").all_text_contents())


def test_forced_colors_show_what_is_chosen_and_what_is_framed(pages: Pages) -> None:
    page = pages.open("failures", forced_colors="active")
    ground = "one => getComputedStyle(one).backgroundColor"
    assert choice(page, "All").evaluate(ground) != choice(page, "Failed").evaluate(ground)
    border = page.locator(".status").first.evaluate("one => getComputedStyle(one).borderTopWidth")
    assert border == "1px"


def test_nothing_that_an_app_wrote_runs_or_becomes_an_element(pages: Pages) -> None:
    page = pages.open("hostile")
    assert page.locator("img, iframe, object, base, main script, main style").count() == 0
    protocols = page.evaluate("[...document.querySelectorAll('a')].map(one => one.protocol)")
    assert set(protocols) == {"file:", "https:"}
    expect(page).to_have_title(re.compile(r"<script>alert\(1\)</script>"))


def test_the_policy_refuses_scripts_that_are_not_the_pages_own(pages: Pages) -> None:
    page = pages.open("fine")
    with page.expect_console_message() as caught:
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), "
            "{ textContent: 'document.title = `run`' }))"
        )
    assert "Content Security Policy" in caught.value.text
    assert pages.messages.pop() == caught.value.text
    expect(page).to_have_title("Container images of shop")
