"""One page that shows every image, and runs nothing that an app wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.html import render_html


class Page(HTMLParser):
    """The elements and the visible text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def test_the_page_shows_tag_digest_platforms_and_reasons(report: SynthReport) -> None:
    page = Page(render_html(report))
    text = " ".join(page.texts)
    for shown in ("Shop-Web", "linux/arm64", "Built each night.", "There is no tag '3'.", "latest"):
        assert shown in text
    digest = report.by_stack()["Shop-Web"][0].digest
    assert digest is not None
    assert digest in page.attributes("title")
    assert digest in page.attributes("data-copy")


def test_what_failed_stands_before_the_stacks(report: SynthReport) -> None:
    page = render_html(report)
    assert page.index("There is no tag") < page.index('class="stack"')


def test_an_image_used_in_two_places_is_one_row_that_names_both(report: SynthReport) -> None:
    page = render_html(report)
    assert page.count("nginx:<b") == 1
    assert "2 places" in page
    assert "Shop/Web/Other" in page


@pytest.mark.parametrize(("stacks", "are_open"), [(12, True), (13, False)])
def test_many_stacks_are_a_list_to_choose_from(
    record: SiteRecord,
    stacks: int,
    are_open: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    report = SynthReport.of(replace(record, stack=f"Stack{number}") for number in range(stacks))
    found = [
        attributes
        for tag, attributes in Page(render_html(report)).elements
        if tag == "details" and attributes.get("class") == "stack"
    ]
    assert len(found) == stacks
    assert all(("open" in attributes) is are_open for attributes in found)


def test_a_closed_stack_tells_what_is_not_pinned_in_it(report: SynthReport) -> None:
    page = render_html(report)
    summary = page[page.rindex("<summary><h2>Shop-Web") :].partition("</summary>")[0]
    assert "1 exempt" in summary
    assert "1 failed" in summary


def test_an_image_from_a_parameter_names_it(record: SiteRecord) -> None:
    parameter = "123456789012 eu-west-1 /shop/image"
    report = SynthReport.of([replace(record, parameters=(parameter,))])
    assert f"from the SSM parameter <code>{parameter}</code>" in render_html(report)


def test_a_page_without_images_says_so() -> None:
    assert "No container images." in render_html(SynthReport())


def test_the_page_asks_nobody_for_anything(report: SynthReport) -> None:
    text = render_html(report)
    page = Page(text)
    assert not re.search(r"url\(|@import", text)
    assert not {"src", "action"} & {name for _, one in page.elements for name in one}
    assert not {"link", "base", "iframe", "form"} & {tag for tag, _ in page.elements}
    assert "default-src 'none'; base-uri 'none'; form-action 'none'" in text


def test_texts_of_the_app_add_no_element_and_no_attribute(
    report: SynthReport, hostile: SynthReport
) -> None:
    usual, strange = Page(render_html(report)), Page(render_html(hostile))
    known = {(tag, name) for tag, attributes in usual.elements for name in (*attributes, "")}
    found = {(tag, name) for tag, attributes in strange.elements for name in (*attributes, "")}
    assert found <= known
    assert [tag for tag, _ in strange.elements].count("script") == 1
    assert any("<script>alert(1)</script>" in text for text in strange.texts)


def test_the_policy_names_the_script_and_the_style_of_the_page(report: SynthReport) -> None:
    page = render_html(report)
    assert "unsafe-inline" not in page
    assert len(re.findall(r"sha256-[A-Za-z0-9+/]{43}=", page)) == 2


def test_the_same_report_gives_the_same_page(report: SynthReport) -> None:
    again = SynthReport.from_json(report.to_json())
    assert render_html(again) == render_html(report)


def links_of(page: str) -> list[str]:
    """Where the page leads: the addresses of its links to elsewhere."""
    links = [attributes for tag, attributes in Page(page).elements if tag == "a"]
    leading_out = [each for each in links if not str(each["href"]).startswith("#")]
    assert all(each["rel"] == "noopener noreferrer" for each in leading_out)
    return [str(each["href"]) for each in leading_out]


def test_an_image_leads_to_its_page_at_the_registry(record: SiteRecord) -> None:
    images = ("nginx:1.27", "ghcr.io/acme/agent:1", "registry.example.com/app:1")
    report = SynthReport.of(replace(record, reference=image) for image in images)
    assert links_of(render_html(report)) == [
        "https://ghcr.io/acme/agent",
        "https://hub.docker.com/_/nginx/tags?name=1.27",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "https://evil.example/nginx",
        "//evil.example/nginx:1",
        "ghcr.io/a/b?x=1",
        "ghcr.io/../b:1",
        'ghcr.io/a/b:1" onclick="alert(1)',
        "docker.io\u202e/a/b",
        "evil.example#ghcr.io/a/b",
    ],
)
def test_no_link_holds_what_is_no_reference(record: SiteRecord, text: str) -> None:
    assert links_of(render_html(SynthReport.of([replace(record, reference=text)]))) == []


def test_the_title_names_the_app(report: SynthReport) -> None:
    assert "<title>Container images of shop &amp; co</title>" in render_html(report, "shop & co")
    assert "<title>Container images</title>" in render_html(report)


def test_each_stack_has_an_anchor_of_its_own(record: SiteRecord) -> None:
    """Whatever a stack is called: in the address of a link it is the same in every synth."""
    names = ["Web", "Production/Web", "a b", "a-b", "a\tb", '"><b>', "w" * 900, "w" * 901]
    page = Page(render_html(SynthReport.of(replace(record, stack=name) for name in names)))
    anchors = [str(anchor) for anchor in page.attributes("id")]
    assert len(set(anchors)) == len(names)
    assert all(re.fullmatch(r"stack-[A-Za-z0-9_./-]+", anchor) for anchor in anchors)
    assert {"stack-Web", "stack-Production/Web"} < set(anchors)
    assert {f"#{anchor}" for anchor in anchors} == set(page.attributes("href")) - {
        "https://hub.docker.com/_/nginx/tags?name=1.25"
    }


@pytest.mark.parametrize(("failures", "folded"), [(5, 0), (6, 1), (12, 7)])
def test_failures_are_folded_after_five(record: SiteRecord, failures: int, folded: int) -> None:
    report = SynthReport.of(
        replace(record, reference=f"app{number}:1", resolved_by="failed", reason="It is gone.")
        for number in range(failures)
    )
    trouble = render_html(report).partition('class="trouble"')[2].partition("</section>")[0]
    shown, _, more = trouble.partition('<details class="more">')
    assert shown.count("It is gone.") == failures - folded
    assert more.count("It is gone.") == folded
    assert (f"<summary>{folded} more</summary>" in more) is bool(folded)


def test_a_container_is_named_and_its_index_is_in_the_title(record: SiteRecord) -> None:
    page = render_html(SynthReport.of([replace(record, container="web")]))
    assert '<code title="ContainerDefinitions[0].Image">web</code>' in page


def test_columns_are_sorted_by_buttons(report: SynthReport) -> None:
    page = Page(render_html(report))
    headings = [attributes for tag, attributes in page.elements if tag == "th"]
    columns = [each for each in headings if each["scope"] == "col"]
    assert {each["aria-sort"] for each in columns} == {"none"}
    buttons = [each for tag, each in page.elements if tag == "button"]
    sorting = [each for each in buttons if each.get("class") == "sort"]
    assert len(sorting) == len(columns)
