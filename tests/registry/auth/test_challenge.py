"""The language of WWW-Authenticate."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.registry.auth.challenge import Challenge, parse_challenges

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    ("headers", "challenges"),
    [
        pytest.param([], [], id="none"),
        pytest.param([""], [], id="empty"),
        pytest.param(['Basic realm="x"'], [Challenge("basic", {"realm": "x"})], id="basic"),
        pytest.param(
            [f'Bearer realm="{REALM}",service="registry",scope="repository:a/b:pull,push"'],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": REALM,
                        "service": "registry",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
            id="a comma in quotes",
        ),
        pytest.param(
            ['Negotiate, Basic realm="x" , Bearer realm="y", service=z'],
            [
                Challenge("negotiate"),
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "y", "service": "z"}),
            ],
            id="several in a header",
        ),
        pytest.param(
            ['Basic realm="x"', 'Bearer realm="y"'],
            [Challenge("basic", {"realm": "x"}), Challenge("bearer", {"realm": "y"})],
            id="several headers",
        ),
        pytest.param(
            ['Negotiate YII/abc==, Basic realm="x"'],
            [Challenge("negotiate"), Challenge("basic", {"realm": "x"})],
            id="token68",
        ),
        pytest.param(
            [r'NewAuth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"'],
            [
                Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
                Challenge("basic", {"realm": "simple"}),
            ],
            id="the example of RFC 9110, section 11.6.1",
        ),
        pytest.param(
            ['BEARER Realm = "y" ,, SERVICE="s"'],
            [Challenge("bearer", {"realm": "y", "service": "s"})],
            id="blanks, case and empty elements",
        ),
        pytest.param(
            [f"Bearer realm={REALM},service=s"],
            [Challenge("bearer", {"realm": REALM, "service": "s"})],
            id="forgotten quotes",
        ),
        pytest.param(
            ['realm="lost", Basic realm="x"'],
            [Challenge("basic", {"realm": "x"})],
            id="a parameter of nobody",
        ),
        pytest.param(
            ['Bearer realm="a", realm="b"'],
            [Challenge("bearer", {"realm": "a"})],
            id="a parameter twice",
        ),
        pytest.param(
            [f'Bearer realm="{REALM}" service="s" scope="x"'],
            [Challenge("bearer", {"realm": REALM, "service": "s", "scope": "x"})],
            id="blanks for commas",
        ),
        pytest.param(
            [f'Bearer realm="{REALM}"; service="s" ; scope=x; Basic realm="y"'],
            [
                Challenge("bearer", {"realm": REALM, "service": "s", "scope": "x"}),
                Challenge("basic", {"realm": "y"}),
            ],
            id="semicolons for commas",
        ),
        pytest.param(
            [f"Bearer realm={REALM}?a=b=c,service=s"],
            [Challenge("bearer", {"realm": f"{REALM}?a=b=c", "service": "s"})],
            id="forgotten quotes around a query",
        ),
        pytest.param(
            ["Bearer realm=My Registry, service=s"],
            [Challenge("bearer", {"realm": "My", "service": "s"})],
            id="forgotten quotes around a blank",
        ),
        pytest.param(['Bearer realm="never closed'], [Challenge("bearer")], id="an open quotation"),
    ],
)
def test_challenges_are_read(headers: list[str], challenges: list[Challenge]) -> None:
    assert parse_challenges(headers) == challenges


token = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1)
# A quoted-string may hold tabs, blanks, what is visible, and bytes beyond ASCII.
value = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))
challenge = st.builds(
    Challenge, token.map(str.lower), st.dictionaries(token.map(str.lower), value, max_size=3)
)
separator = st.sampled_from([",", ", ", " ,\t", ",,", " , , "])


def quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@st.composite
def headers_of(draw: st.DrawFn, challenges: list[Challenge]) -> list[str]:
    """Some way to write challenges into header fields."""
    header, headers = "", []
    for each in challenges:
        parts = [
            f"{name}{draw(st.sampled_from(['=', ' = ']))}{quote(text)}"
            for name, text in each.parameters.items()
        ]
        written = each.scheme
        for position, part in enumerate(parts):
            written += (draw(separator) if position else " ") + part
        if header and draw(st.booleans()):
            headers.append(header)
            header = written
        else:
            header += draw(separator) + written if header else written
    return [*headers, header]


@given(st.data(), st.lists(challenge, max_size=4))
def test_what_is_written_by_the_grammar_is_read_back(
    data: st.DataObject, challenges: list[Challenge]
) -> None:
    assert parse_challenges(data.draw(headers_of(challenges))) == challenges


@given(st.lists(st.text(max_size=300)))
def test_any_text_is_read_without_an_error(headers: list[str]) -> None:
    for each in parse_challenges(headers):
        assert each.scheme == each.scheme.lower()


@given(st.text(alphabet=',"\\= aB', max_size=200))
def test_a_challenge_after_any_parameters_in_quotes_is_found(noise: str) -> None:
    header = f'Strange note={quote(noise)}, Bearer realm="{REALM}"'
    assert parse_challenges([header])[-1] == Challenge("bearer", {"realm": REALM})


def test_a_hostile_header_is_read_in_no_time() -> None:
    assert parse_challenges(["Bearer " + '"\\' * 1_000_000]) == [Challenge("bearer")]
