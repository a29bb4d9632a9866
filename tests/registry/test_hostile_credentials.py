"""Files of credentials that are spoilt, or mean harm, and programs that print anything."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinned_images.errors import ResolutionError
from pinned_images.registry.auth.config_file import ConfigFile
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.helper_program import HelperProgram
from tests.hostile import ANY_TEXT, CONTROLS, CORPUS, assert_work_is_linear, json_texts
from tests.registry.user import Programs

SECRET = "hunter2"
PAIR = base64.b64encode(f"alice:{SECRET}".encode()).decode()
NAMES = st.sampled_from(
    [
        "auths",
        "credHelpers",
        "credsStore",
        "auth",
        "username",
        "password",
        "identitytoken",
        "registrytoken",
        "ghcr.io",
        "https://ghcr.io/v2/",
        "docker.io",
        "ghcr.io/team",
    ]
)
VALUES = st.sampled_from([PAIR, SECRET, "<token>", "vault", ""])


def look_up(text: str, registry: str = "ghcr.io") -> Credentials | None:
    return ConfigFile.parse(text, "the file").credentials_for(registry, "team/app", lambda *_: None)


def error_in(text: str) -> ResolutionError | None:
    """The error of a file's text; None where there is none, and nothing is kept in it."""
    try:
        assert look_up(text) is None
    except ResolutionError as error:
        return error
    return None


def config(**sections: object) -> str:
    return json.dumps(sections)


@given(json_texts(NAMES, VALUES))
@example(CORPUS["digits in it"])
@example(CORPUS["braces"])
@example(config(auths={"ghcr.io": {"registrytoken": "\ud800"}}))
@example(config(auths={"ghcr.io": {"username": "a", "password": "b\ud800"}}))
@example(config(auths=None, credHelpers={"ghcr.io": None}, credsStore=""))
@example(config(auths={"ghcr.io": None}))
def test_any_text_is_a_file_of_credentials_or_an_error_of_its_own(text: str) -> None:
    """What is found can be sent: encoded, and in a header."""
    for registry in ("ghcr.io", "docker.io"):
        with suppress(ResolutionError):
            found = look_up(text, registry)
            if found is not None:
                assert found.is_text
                assert found.registry_token.isprintable()


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_a_spoilt_file_is_one_short_printable_error_or_holds_nothing(text: str) -> None:
    error = error_in(text)
    assert error is None or (len(str(error)) < 400 and str(error).isprintable())


HOSTILE = "".join(f"{control}x" for control in CONTROLS)


@pytest.mark.parametrize(
    "text",
    [
        config(auths={HOSTILE: SECRET}),
        config(auths={f"ghcr.io/{HOSTILE}": 7, "ghcr.io": {"auth": PAIR}}),
        config(credHelpers={HOSTILE: HOSTILE}),
        config(credsStore=HOSTILE),
        config(credsStore={"a": SECRET}),
        config(auths={"ghcr.io": {"auth": f"%{SECRET}"}}),
        config(auths={"ghcr.io": {"registrytoken": f"{SECRET}\n{SECRET}"}}),
        f'{{"auths": {{"ghcr.io": {{"auth": "{PAIR}"}}}}, {SECRET}',
    ],
)
def test_no_control_character_and_no_secret_is_in_an_error(text: str) -> None:
    error = error_in(text)
    assert error is not None
    shown = "".join(traceback.format_exception(error))
    assert str(error).isprintable()
    assert SECRET not in shown
    assert PAIR not in shown


@given(json_texts(st.sampled_from(["Username", "Secret", "secret", "username"]), VALUES))
@example('{"Username": "a", "Secret": "\\ud800"}')
@example(CORPUS["deep"])
@example(CORPUS["digits"])
def test_whatever_a_program_prints_is_credentials_or_an_error_of_its_own(text: str) -> None:
    printed = text.encode("utf-8", "surrogatepass")
    with suppress(ResolutionError):
        found = HelperProgram("docker-credential-x", "the file").read_answer(printed, "ghcr.io")
        assert found is None or found.is_text


def test_what_a_program_prints_is_in_no_error(programs: Programs) -> None:
    programs.add("docker-credential-x", f"echo '{SECRET}'; echo '{SECRET}' >&2; exit 1")
    with pytest.raises(ResolutionError) as caught:
        HelperProgram("docker-credential-x", "the file").get("ghcr.io")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@given(ANY_TEXT, ANY_TEXT)
def test_any_key_fits_any_registry_or_does_not(key: str, registry: str) -> None:
    text = config(auths={key: {"username": "alice", "password": SECRET}})
    found = look_up(text, registry)
    assert found is None or found.username == "alice"


@pytest.mark.parametrize(
    "text",
    [
        lambda size: config(auths={f"host-{number}": {"auth": PAIR} for number in range(size)}),
        lambda size: config(auths={f"{'https://' * (n % 2)}ghcr.io/{n}": {} for n in range(size)}),
        lambda size: config(auths={"ghcr.io": {f"name{number}": "x" for number in range(size)}}),
        lambda size: config(credHelpers={f"host-{number}": "vault" for number in range(size)}),
        lambda size: config(
            credsStore="vault",
            auths={f"{'https://' * number}ghcr.io": {} for number in range(min(size, 1))},
            **{f"field{number}": number for number in range(size)},
        ),
    ],
    ids=["hosts", "paths", "fields", "programs", "members"],
)
def test_twice_as_much_is_at_most_twice_the_work(text: Callable[[int], str]) -> None:
    def read(size: int) -> Callable[[], object]:
        written = text(size)
        return lambda: look_up(written)

    assert_work_is_linear(read)
