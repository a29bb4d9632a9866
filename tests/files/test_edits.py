"""Edits of places with more than one string."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import PurePath

import pytest

from pinned_images.files.changes import FileChange, plan, with_parts
from pinned_images.files.content import Content
from pinned_images.files.formats import find_images
from pinned_images.files.places import Place
from pinned_images.files.scanning import ScannedFile
from pinned_images.files.walking import TreeFile

DIGEST = "sha256:" + "0" * 64
TEMPLATE = """\
Parameters: {{P: {{Type: String, Default: nginx:1}}}}
Mappings: {{M: {{a: {{b: "1.0"}}}}}}
Conditions: {{C: !Equals [a, b]}}
Resources:
  T:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Image: {}
          Name: web
"""
BLOCK = """!Join
            - ""
            - - nginx
              - ":"
              - !FindInMap [M, a, b]"""


TAGS = "images:\r\n- name: a\r\n  newTag: v1 # c\r\n- newTag: v2\r\n  name: b\r\n"
VALUES = """\
a: {image: {repository: a, tag: 16, digest: ~}}
b:
  image:
    digest:
    repository: b
    tag: v1
"""


def changes(name: str, text: str, tag: str | None, digest: str | None) -> list[FileChange]:
    raw = text.encode()
    content = Content.read(raw)
    assert content is not None
    found = find_images(PurePath(name), content)
    places = tuple(each for each in found if isinstance(each, Place))
    skipped = tuple(each for each in found if not isinstance(each, Place))
    file = ScannedFile(TreeFile(name, name), raw, content, places, skipped)
    return plan(
        [file], lambda place: with_parts(place, tag or place.reference.effective_tag, digest)
    )


def edited(
    name: str, text: str, *, tag: str | None = None, digest: str | None = DIGEST
) -> tuple[str, list[str]]:
    """The text with another tag or digest (``@D``), and what was refused."""
    [change] = changes(name, text, tag, digest)
    reasons = [refusal.reason for refusal in change.refusals]
    return change.result.decode().replace(DIGEST, "D"), reasons


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nginx:1", "nginx:1@D"),
        ('!Sub "nginx:1"', '!Sub "nginx:1@D"'),
        ('!Sub ["nginx:${V}", {V: "1"}]', '!Sub ["nginx:${V}@D", {V: "1"}]'),
        ('!Join ["", ["a/b", ":1"]]', '!Join ["", ["a/b", ":1@D"]]'),
        ('!Join [":", ["a/b", "1"]]', '!Join [":", ["a/b", "1@D"]]'),
        (
            '!Join ["", [nginx, ":", !FindInMap [M, a, b]]]',
            '!Join ["", [nginx, ":", !FindInMap [M, a, b], "@D"]]',
        ),
        (BLOCK, f'{BLOCK}\n              - "@D"'),
        ("!If [C, a:1, b:2]", "!If [C, a:1@D, b:2@D]"),
        ('!If [C, !Ref "AWS::NoValue", b:2]', '!If [C, !Ref "AWS::NoValue", b:2@D]'),
        ('{"Fn::Join": ["", ["a/b", ":1"]]}', '{"Fn::Join": ["", ["a/b", ":1@D"]]}'),
        ("\n            Fn::Sub: nginx:1", "\n            Fn::Sub: nginx:1@D"),
    ],
)
def test_functions_of_cloudformation(before: str, after: str) -> None:
    assert edited("t.yaml", TEMPLATE.format(before)) == (TEMPLATE.format(after), [])


def test_the_default_of_a_parameter_that_is_the_image() -> None:
    text = TEMPLATE.format("!Ref P")
    after = text.replace("nginx:1}", "nginx:9@D}")
    assert edited("t.yaml", text, tag="9") == (after, [])


@pytest.mark.parametrize(
    "value", ['!Sub ["nginx:${V}", {V: "1"}]', '!Join ["", [nginx, ":", !FindInMap [M, a, b]]]']
)
def test_a_tag_that_functions_make_up_is_refused_and_left(value: str) -> None:
    text = TEMPLATE.format(value)
    after, reasons = edited("t.yaml", text, tag="2")
    assert after == text
    assert reasons == ["functions make up the part that would have to change"]


@pytest.mark.parametrize(
    ("name", "before", "after", "tag", "digest"),
    [
        (
            "kustomization.yaml",
            TAGS,
            TAGS.replace("# c", "# c\r\n  digest: D").replace("v2", "v2\r\n  digest: D"),
            None,
            DIGEST,
        ),
        (
            "kustomization.yaml",
            "images:\n  - name: a\n    newTag: v1",
            "images:\n  - name: a\n    newTag: v1\n    digest: D",
            None,
            DIGEST,
        ),
        (
            "kustomization.yaml",
            f"images: [{{name: a, newTag: 'v1', digest: '{DIGEST}'}}]",
            "images: [{name: a, newTag: 'v2', digest: ''}]",
            "v2",
            None,
        ),
        (
            "values.yaml",
            VALUES,
            VALUES.replace("~", "D").replace("digest:\n", "digest: D\n"),
            None,
            DIGEST,
        ),
        (
            "values.yaml",
            "image: {repository: a, tag: v1}\n",
            'image: {repository: a, tag: "1.30"}\n',
            "1.30",
            None,
        ),
        (
            "values.yaml",
            f"image:\n  repository: a\n  tag: v1@{DIGEST}\n",
            "image:\n  repository: a\n  tag: v2\n",
            "v2",
            None,
        ),
        ("values.yaml", "image: {repository: 'x:1'}", "image: {repository: 'x:1@D'}", None, DIGEST),
        ("c.yaml", "image: &nginx nginx", "image: &nginx nginx:latest@D", None, DIGEST),
        ("c.yaml", "image: !!str 'x:1'", "image: !!str 'x:1@D'", None, DIGEST),
        ("c.yaml", 'image: "a\\x2fb:1"', 'image: "a\\x2fb:1@D"', None, DIGEST),
        ("c.yaml", 'image: "a\\x2fb:1"', 'image: "a/b:2"', "2", None),
        ("c.yaml", "image: >\n      q:1\n", "image: >\n      q:1@D\n", None, DIGEST),
    ],
)
def test_fields_and_scalars_of_yaml(
    name: str, before: str, after: str, tag: str | None, digest: str | None
) -> None:
    if name == "c.yaml":
        before, after = f"services:\n  a:\n    {before}", f"services:\n  a:\n    {after}"
    assert edited(name, before, tag=tag, digest=digest) == (after, [])


def test_text_that_held_an_image_for_its_digest_s_sake_alone() -> None:
    before = f"nginx:1 is none, nginx@{DIGEST} is one.\nghcr.io/a/b:1@{DIGEST}\n"
    after = "nginx:1 is none, nginx:2 is one.\nghcr.io/a/b:2\n"
    assert edited("notes.txt", before, tag="2", digest=None) == (after, [])


def test_a_dockerfile_keeps_its_quotes_and_continuation_lines() -> None:
    before = 'FROM "nginx:1" AS a\nFROM alpine\\\n  AS b\nARG C=redis:7\n'
    after = 'FROM "nginx:1@D" AS a\nFROM alpine:latest@D\\\n  AS b\nARG C=redis:7\n'
    assert edited("Dockerfile", before) == (after, [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kustomization.yaml", TAGS),
        ("Dockerfile", "FROM a:1\nFROM b:1\nRUN x\n" * 3 + "RUN y\n" * 9 + "FROM c:1"),
        ("compose.yaml", "services:\n" + "".join(f"  s{n}: {{image: a}}\n" for n in range(300))),
        ("template.yaml", TEMPLATE.format(BLOCK)),
    ],
)
def test_a_diff_is_that_of_difflib(name: str, text: str) -> None:
    [change] = changes(name, text, None, DIGEST)
    before, after = (
        each.decode().splitlines(keepends=True) for each in (text.encode(), change.result)
    )
    lines = unified_diff(before, after, f"a/{name}", f"b/{name}")
    whole = [
        each if each.endswith("\n") else f"{each}\n\\ No newline at end of file\n" for each in lines
    ]
    assert change.diff().decode() == "".join(whole)
