"""Errors are made of parts, and their sentences are made from these."""

from __future__ import annotations

import pickle

import pytest

from pinned_images import AccessDenied, NotLocked, ResolutionError

PLACE = "the registry ghcr.io"


def test_a_cause_is_told_of_an_image_and_a_place() -> None:
    error = AccessDenied("it wants credentials", "log in").about("ghcr.io/org/app:1", PLACE)
    assert isinstance(error, AccessDenied)
    assert (error.reference, error.place) == ("ghcr.io/org/app:1", PLACE)
    assert str(error) == (
        "The image 'ghcr.io/org/app:1' could not be resolved at the registry ghcr.io: "
        "it wants credentials; log in."
    )


def test_an_image_can_be_named_otherwise() -> None:
    error = AccessDenied("no", "log in", reference="app:1", place=PLACE).noted("And so on.")
    assert error.sentence("2 images") == (
        "2 images could not be resolved at the registry ghcr.io: no; log in. And so on."
    )


def test_a_predicate_of_its_own_follows_the_image() -> None:
    error = NotLocked("", "run it", reference="app:1", predicate="is not in the lock file")
    assert str(error) == "app:1 is not in the lock file: run it."
    assert error.sentence("The image app:1 at Image") == (
        "The image app:1 at Image is not in the lock file: run it."
    )


def test_errors_with_one_cause_differ_in_their_images_alone() -> None:
    error = AccessDenied("no", "log in", place=PLACE)
    assert error.about("app:1").grouping_key == error.about("app:2").grouping_key
    assert (
        error.about("app:1").grouping_key
        != error.about("app:1", "the registry quay.io").grouping_key
    )


class Own(ResolutionError):
    """An error of a user's resolver, which takes what it likes."""

    def __init__(self, image: str, code: int) -> None:
        super().__init__(f"{image} is blocked by rule {code}")
        self.code = code


class Silent(ResolutionError):
    """One that leaves its base class out."""

    def __init__(self, code: int) -> None:
        self.code = code


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(ResolutionError("The scanner found a virus."), "The scanner found a virus."),
        pytest.param(ResolutionError(), ""),
        pytest.param(Own("app:1", 7), "app:1 is blocked by rule 7"),
        pytest.param(Silent(7), "7"),
    ],
    ids=["text", "nothing", "own", "silent"],
)
def test_a_whole_sentence_of_a_users_resolver_stays_as_it_is(
    error: ResolutionError, text: str
) -> None:
    assert str(error) == text
    assert error.sentence("The image app:1") == text
    assert not error.is_about_image
    noted = error.noted("Look there.")
    assert type(noted) is type(error)
    assert str(noted) == f"{text} Look there."


def test_it_survives_pickling() -> None:
    error = AccessDenied("no", "log in").about("app:1", PLACE).noted("And so on.")
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert str(loaded) == str(error)
    assert loaded.grouping_key == error.grouping_key
