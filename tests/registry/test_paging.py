"""The tags of a repository, page by page, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, ResolutionError, UntrustedAnswer
from pinned_images.reference import ImageReference
from pinned_images.registry import RegistryResolver, RegistrySettings
from pinned_images.registry.paging import next_page, parse_tags
from pinned_images.testing import RegistryServer
from tests.registry.images import encode
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.user import SETTINGS, Home

Serve = Callable[[Callable[[Received], Reply]], LoopbackServer]


def list_tags(host: str, **options: Any) -> list[str]:
    resolver = RegistryResolver(RegistrySettings(**{**SETTINGS, **options}))
    return resolver.list_tags(ImageReference.parse(f"{host}/team/app"))


def page(*tags: str, link: str | None = None) -> Reply:
    headers = {} if link is None else {"Link": link}
    return Reply(200, headers, encode({"name": "team/app", "tags": tags}))


@pytest.mark.parametrize("scheme", ["bearer", "basic"])
def test_the_tags_of_a_guarded_registry_are_listed(
    scheme: Literal["bearer", "basic"], home: Home
) -> None:
    with RegistryServer() as registry:
        tags = [f"1.{number}" for number in range(2500)]
        digest = registry.push("team/app:1.0")
        for tag in tags:
            registry.move_tag(f"team/app:{tag}", to=digest)
        registry.protect("*", scheme, "alice", "wonder:land")
        home.log_in(registry.host, "alice", "wonder:land")
        assert sorted(list_tags(registry.host)) == sorted(tags)


def test_pages_are_followed_as_their_links_say(make_server: Serve) -> None:
    pages = {
        None: page("a", "b", link='</v2/team/app/tags/list?last=b&n=2>; rel="next"'),
        "b": page("c", link='<tags/list?last=c>; rel="prev", <?last=c>; foo="a,b";rel=next'),
        "c": page("d", "a"),
    }
    server = make_server(lambda received: pages[received.query.get("last", [None])[0]])
    assert list_tags(server.netloc) == ["a", "b", "c", "d"]
    assert len(server.requests) == 3


def test_more_tags_than_can_be_kept_are_an_error(make_server: Serve) -> None:
    def respond(received: Received) -> Reply:
        number = int(received.query.get("last", ["0"])[0])
        tags = [f"{number}.{each:x}" for each in range(200_000)]
        return page(*tags, link=f'<?last={number + 1}>; rel="next"')

    server = make_server(respond)
    with pytest.raises(UntrustedAnswer, match="more than 500000 tags"):
        list_tags(server.netloc)
    assert len(server.requests) == 3


def test_a_registry_behind_a_proxy_may_name_itself_with_http(make_server: Serve) -> None:
    def respond(received: Received) -> Reply:
        if "last" in received.query:
            return page("b")
        return page("a", link='<https://127.0.0.1:9/v2/team/app/tags/list?last=a>; rel="next"')

    server = make_server(respond)
    assert list_tags(server.netloc) == ["a", "b"]


def test_no_page_is_read_from_another_host(make_server: Serve) -> None:
    server = make_server(lambda _: page("a", link='<http://127.0.0.2/v2/x>; rel="next"'))
    with pytest.raises(UntrustedAnswer, match="another host"):
        list_tags(server.netloc)


def test_a_list_without_an_end_is_an_error(make_server: Serve) -> None:
    circle = make_server(lambda _: page("a", link='</v2/team/app/tags/list?n=1000>; rel="next"'))
    with pytest.raises(UntrustedAnswer, match="no end"):
        list_tags(circle.netloc)
    count = iter(range(10**6))
    endless = make_server(lambda _: page("a", link=f'<?last={next(count)}>; rel="next"'))
    with pytest.raises(UntrustedAnswer, match="no end within 200 pages"):
        list_tags(endless.netloc)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"tags":7}', b'{"tags":{"a":1}' + b"["])
def test_what_is_no_list_is_an_error(make_server: Serve, body: bytes) -> None:
    server = make_server(lambda _: Reply(200, {}, body))
    with pytest.raises(UntrustedAnswer, match="no list of tags"):
        list_tags(server.netloc)


def test_an_empty_repository_has_no_tags(make_server: Serve) -> None:
    server = make_server(lambda _: Reply(200, {}, b'{"name":"team/app","tags":null}'))
    assert list_tags(server.netloc) == []


@pytest.mark.parametrize(("status", "kind"), [(404, ImageNotFound), (403, AccessDenied)])
def test_an_error_names_the_repository_and_the_registry(
    make_server: Serve, status: int, kind: type[ResolutionError]
) -> None:
    server = make_server(lambda _: Reply(status))
    with pytest.raises(kind) as caught:
        list_tags(server.netloc)
    assert str(caught.value).startswith(
        f"The tags of '{server.netloc}/team/app' could not be listed at the registry "
        f"{server.netloc}: "
    )


def test_a_mirror_is_asked_in_the_place_of_its_registry(make_server: Serve) -> None:
    server = make_server(lambda received: page(received.path.replace("/", "_").strip("_")))
    resolver = RegistryResolver(RegistrySettings(mirrors={"docker.io": f"{server.url}/hub"}))
    tags = resolver.list_tags(ImageReference.parse("nginx"))
    assert tags == ["v2_hub_library_nginx_tags_list"]


def test_what_is_no_tag_is_left_out() -> None:
    assert parse_tags(b'{"tags":["a", 7, null, "-x", "b\\u001b", "1.2_3-x"]}') == ["a", "1.2_3-x"]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (None, None),
        ("", None),
        ('</n>; rel="prev"', None),
        ('</n>; rel="last next"', "http://h/n"),
        ("</n>; rel=next", "http://h/n"),
        ('</n>;rel="nextish"', None),
        ('</n>; rel="NEXT"', "http://h/n"),
        ('</n>; title="a", </m>; rel=next', "http://h/m"),
        ("</n", None),
        ("rel=next", None),
    ],
)
def test_the_link_header(link: str | None, expected: str | None) -> None:
    assert next_page("http://h/v2/x/tags/list", link) == expected
