"""The images of a Dockerfile, with their byte spans.

The format is that of the Dockerfile reference (docs.docker.com/reference/dockerfile) as BuildKit
reads it. The parsers on PyPI give no byte offsets (`dockerfile-parse`, `dockerfile`), know neither
here-documents nor the escape directive (`dockerfile-parse`), or leave variables and stages to their
users (`tree-sitter-containerfile`), which is most of what is done here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pinned_images.files.dockerfile_words import (
    Heredoc,
    LogicalLine,
    Unexpandable,
    Word,
    expand,
    heredocs,
)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DIRECTIVE = re.compile(r"#\s*(?P<name>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>\S.*?)\s*")
_DIRECTIVES = ("syntax", "escape", "check")
_KEYWORD = re.compile(r"[^ \t\v\f\r]+")
_SCRATCH = "scratch"
#: Build arguments that name the platform are set without an ``ARG`` of their own.
_PLATFORM_ARGUMENTS = tuple(
    f"{of}{part}"
    for of in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)
_SYNTAX_ARGUMENT = "BUILDKIT_SYNTAX"
_CONTEXT_IMAGE = "docker-image://"

Instruction = Literal["syntax", "FROM", "COPY", "RUN", "build context"]


class DockerfileImage(NamedTuple):
    """An image that a Dockerfile names.

    Attributes:
        instruction: Where it is named.
        line: The number of that instruction's first line, from 1.
        written: How it is written there, variables and quotes included.
        image: The image, variables filled in; None where that cannot be known.
        problem: Why it cannot be known, as the end of a sentence about the image.
        span: The bytes that hold the whole image, and nothing else: in the instruction, or in the
            default of the ``ARG`` that it is read from. None where there are no such bytes.
        variables: The names of the variables that it is made of.
        unset: Those of them that have no value, and read as nothing.
        platform: The platform in ``FROM``, where it is known.
    """

    instruction: Instruction
    line: int
    written: str
    image: str | None
    problem: str = ""
    span: tuple[int, int] | None = None
    variables: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    platform: str | None = None


class Build(NamedTuple):
    """The options of a build.

    Attributes:
        target: The stage to build; the last one if left out.
        arguments: Build arguments.
        platform: The platform to build for: ``linux/arm64``.
        contexts: Build contexts by the name of the stage or image that they take the place of.
    """

    target: str | None = None
    arguments: Mapping[str, str] = {}
    platform: str | None = None
    contexts: Mapping[str, str] = {}


class UnknownTarget(LookupError):
    """The target stage of a build is missing in the Dockerfile."""


class Reference(NamedTuple):
    """An image, or the name of a stage, in an instruction."""

    instruction: Instruction
    line: int
    word: Word


@dataclass(slots=True)
class Stage:
    """A stage.

    Attributes:
        index: Its number, from 0.
        name: Its name in lower case; empty without one.
        base: Its base.
        platform: The value of ``--platform``.
        sources: The sources of its copies and mounts.
        triggers: The sources of its ``ONBUILD`` instructions, for stages based on it.
    """

    index: int
    name: str
    base: Reference
    platform: Word | None
    sources: list[Reference] = field(default_factory=list)
    triggers: list[Reference] = field(default_factory=list)


@dataclass(slots=True)
class Dockerfile:
    r"""A parsed Dockerfile.

    Attributes:
        problem: Why it can be read in part only; None where all of it could.
        escape: The escape character.
        syntax: The image of the frontend that builds it.
        arguments: The words of each ``ARG`` before the first stage.
        stages: Its stages.

    Example:
        >>> dockerfile = Dockerfile.parse(b"ARG TAG=3.12\nFROM python:$TAG AS base\nFROM base")
        >>> [(each.line, each.written, each.image) for each in dockerfile.images()]
        [(2, 'python:$TAG', 'python:3.12')]
    """

    problem: str | None = None
    escape: str = "\\"
    syntax: Reference | None = None
    arguments: list[Word] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    @classmethod
    def parse(cls, content: bytes) -> Dockerfile:
        """Parse a Dockerfile; invalid instructions are skipped."""
        dockerfile = cls()
        reader = _Reader(content)
        directives = dict(reader.directives())
        if (syntax := directives.get("syntax")) is not None:
            end = syntax.word.text.find(" ")
            word = syntax.word if end == -1 else syntax.word.cut(0, end)
            dockerfile.syntax = syntax._replace(word=word)
        escape = directives.get("escape")
        if escape is not None and escape.word.text in ("\\", "`"):
            dockerfile.escape = escape.word.text
        for line in reader.instructions(dockerfile.escape):
            dockerfile._add(line)
        dockerfile.problem = reader.problem
        return dockerfile

    def images(self, build: Build | None = None) -> list[DockerfileImage]:
        """The images of all stages; or those that one build needs.

        Args:
            build: The options of the build; without them, every ``ARG`` has its default.

        Raises:
            UnknownTarget: There is no such stage.
        """
        return list(_Images(self, build or Build()).all(only_needed=build is not None))

    def _add(self, line: LogicalLine) -> None:
        keyword = _KEYWORD.match(line.text)
        if keyword is None:
            return
        flags, position = line.flags(keyword.end(), self.escape)
        instruction = keyword[0].upper()
        if instruction == "FROM":
            self._add_stage(line, flags, position)
        elif instruction == "ARG" and not self.stages:
            self.arguments.extend(line.quoted_words(position, self.escape))
        elif instruction == "ONBUILD" and self.stages:
            trigger = _KEYWORD.match(line.text, position)
            if trigger is not None:
                flags, _ = line.flags(trigger.end(), self.escape)
                self.stages[-1].triggers.extend(_sources(trigger[0].upper(), line.number, flags))
        elif self.stages:
            self.stages[-1].sources.extend(_sources(instruction, line.number, flags))

    def _add_stage(self, line: LogicalLine, flags: list[Word], position: int) -> None:
        words = list(line.words(position))
        if not words:
            return
        is_named = len(words) > 2 and words[1].text.lower() == "as"  # noqa: PLR2004
        stage = Stage(
            len(self.stages),
            words[2].text.lower() if is_named else "",
            Reference("FROM", line.number, words[0]),
            next((value for name, value in _named(flags) if name == "--platform"), None),
        )
        self.stages.append(stage)


def _named(flags: list[Word]) -> Iterator[tuple[str, Word]]:
    for flag in flags:
        name, equals, _ = flag.text.partition("=")
        if equals:
            yield name, flag.cut(len(name) + 1)


def _sources(instruction: str, line: int, flags: list[Word]) -> Iterator[Reference]:
    for name, value in _named(flags):
        if instruction == "COPY" and name == "--from":
            yield Reference("COPY", line, value)
        elif instruction == "RUN" and name == "--mount":
            source = _mount_source(value)
            if source is not None:
                yield Reference("RUN", line, source)


def _mount_source(mount: Word) -> Word | None:
    """The ``from`` of a mount, which is a line of comma-separated values."""
    position = 0
    for part in mount.text.split(","):
        start, end = position, position + len(part)
        position = end + 1
        if part.startswith('"') and part.endswith('"') and len(part) > 1:
            start, end = start + 1, end - 1
        key, equals, _ = mount.text[start:end].partition("=")
        if equals and key.lower() == "from":
            return mount.cut(start + len(key) + 1, end)
    return None


class _Reader:
    """The lines of a Dockerfile, joined to instructions."""

    def __init__(self, content: bytes) -> None:
        self._start = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
        self._lines = content[self._start :].decode("latin-1").split("\n")
        self.problem: str | None = None

    def directives(self) -> Iterator[tuple[str, Reference]]:
        """The parser directives, which are comments before all else."""
        offset = self._start
        for number, line in enumerate(self._lines, 1):
            match = _DIRECTIVE.fullmatch(line.strip("\r"))
            if match is not None and match["name"].lower() in _DIRECTIVES:
                start, end = offset + match.start("value"), offset + match.end("value")
                word = Word(match["value"], tuple(range(start, end)))
                yield match["name"].lower(), Reference("syntax", number, word)
            elif not (number == 1 and line.startswith("#!")):
                return
            offset += len(line) + 1

    def instructions(self, escape: str) -> Iterator[LogicalLine]:
        """Each instruction as one line, without comments and the content of here-documents."""
        lines = self._numbered()
        for number, offset, line in lines:
            parts: list[tuple[str, int]] = []
            first, position = number, offset
            text, goes_on = _without_continuation(_without_comment(line), escape)
            indent = len(text) - len(text.lstrip())
            parts.append((text[indent:], position + indent))
            while goes_on:
                following = next(lines, None)
                if following is None:
                    break
                _, position, text = following
                if not text.strip() or _is_comment(text):
                    continue
                text, goes_on = _without_continuation(text, escape)
                parts.append((text, position))
            logical = LogicalLine.joined(first, parts)
            yield logical
            for heredoc in heredocs(logical.text) if _may_hold_heredocs(logical) else ():
                self._skip(heredoc, logical.number, lines)

    def _numbered(self) -> Iterator[tuple[int, int, str]]:
        offset = self._start
        for number, line in enumerate(self._lines, 1):
            yield number, offset, line.rstrip("\r")
            offset += len(line) + 1

    def _skip(self, heredoc: Heredoc, number: int, lines: Iterator[tuple[int, int, str]]) -> None:
        for _, _, line in lines:
            if (line.lstrip("\t") if heredoc.ignores_tabs else line) == heredoc.name:
                return
        self.problem = f"The here-document that line {number} begins has no end."


def _without_comment(line: str) -> str:
    return "" if _is_comment(line) else line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _without_continuation(line: str, escape: str) -> tuple[str, bool]:
    """The line without the escape character at its end, and whether there is one."""
    text = line.rstrip(" \t")
    if not text.endswith(escape) or text.endswith(escape * 2):
        return line, False
    return text[:-1], True


def _may_hold_heredocs(line: LogicalLine) -> bool:
    """Whether an instruction may have here-documents: its JSON form has no shell."""
    words = line.text.split(None, 1)
    if len(words) > 1 and words[0].upper() == "ONBUILD":
        words = words[1].split(None, 1)
    if len(words) < 2 or words[0].upper() not in ("ADD", "COPY", "RUN"):  # noqa: PLR2004
        return False
    if not words[1].startswith("["):
        return True
    try:
        return not isinstance(json.loads(words[1]), list)
    except (ValueError, RecursionError):
        return True


class _Images:
    """The images of one build of a Dockerfile."""

    def __init__(self, dockerfile: Dockerfile, build: Build) -> None:
        self._dockerfile = dockerfile
        self._build = build
        self._stages = dockerfile.stages
        self._escape = dockerfile.escape
        self._variables = self._evaluated_arguments()
        self._names = {stage.name: stage for stage in self._stages if stage.name}

    def all(self, *, only_needed: bool) -> Iterator[DockerfileImage]:
        """The images, in the order of the file."""
        yield from self._syntax()
        bases = self._bases()
        needed = self._needed(bases) if only_needed else {stage.index for stage in self._stages}
        for stage in self._stages:
            if stage.index in needed and not self._is_replaced(stage):
                if bases[stage.index] is None:
                    yield from self._base(stage)
                for source in self._sources_of(stage, bases, with_own_triggers=not only_needed):
                    if self._stage_of(source) is None:
                        yield from self._source(source)

    def _syntax(self) -> Iterator[DockerfileImage]:
        syntax = self._dockerfile.syntax
        told = self._build.arguments.get(_SYNTAX_ARGUMENT, "").split()
        if told:
            yield DockerfileImage("syntax", 0, told[0], told[0])
        elif syntax is not None:
            text = syntax.word.text
            yield DockerfileImage("syntax", syntax.line, text, text, span=syntax.word.span)

    def _base(self, stage: Stage) -> Iterator[DockerfileImage]:
        _, line, word = stage.base
        platform = self._platform(stage)
        try:
            expanded = expand(word, self._escape, self._variables)
        except Unexpandable as problem:
            yield DockerfileImage("FROM", line, _shown(word), None, str(problem), platform=platform)
            return
        text = expanded.word.text
        if text != _SCRATCH:
            image = DockerfileImage(
                "FROM",
                line,
                _shown(word),
                text,
                span=expanded.word.span,
                variables=expanded.variables,
                unset=expanded.unset,
                platform=platform,
            )
            yield from self._in_context(image)

    def _source(self, source: Reference) -> Iterator[DockerfileImage]:
        """The image of a source, without variables: BuildKit expands none there."""
        text = source.word.text
        if text and text != _SCRATCH and not text.isdecimal():
            image = DockerfileImage(
                source.instruction, source.line, _shown(source.word), text, span=source.word.span
            )
            yield from self._in_context(image)

    def _in_context(self, image: DockerfileImage) -> Iterator[DockerfileImage]:
        """The image, or the build context that replaces it."""
        context = self._build.contexts.get(_familiar(image.image or ""))
        if context is None:
            yield image
        elif context.startswith(_CONTEXT_IMAGE):
            text = context.removeprefix(_CONTEXT_IMAGE)
            yield DockerfileImage("build context", image.line, context, text)

    def _platform(self, stage: Stage) -> str | None:
        if stage.platform is None:
            return None
        try:
            return expand(stage.platform, self._escape, self._variables).word.text or None
        except Unexpandable:
            return None

    def _is_replaced(self, stage: Stage) -> bool:
        return bool(stage.name) and stage.name in self._build.contexts

    def _bases(self) -> list[Stage | None]:
        """The stage that each stage is based on; None where that is an image."""
        bases: list[Stage | None] = []
        names: dict[str, Stage] = {}
        for stage in self._stages:
            try:
                base = expand(stage.base.word, self._escape, self._variables).word.text
            except Unexpandable:
                base = ""
            bases.append(names.get(base.lower()))
            if stage.name:
                names[stage.name] = stage
        return bases

    def _stage_of(self, source: Reference) -> Stage | None:
        text = source.word.text
        if source.instruction == "COPY" and text.isdecimal():
            index = int(text[:9])
            return self._stages[index] if index < len(self._stages) else None
        return self._names.get(text.lower())

    def _sources_of(
        self, stage: Stage, bases: list[Stage | None], *, with_own_triggers: bool
    ) -> Iterator[Reference]:
        """The sources of a stage; the triggers of its base run in it."""
        yield from stage.sources
        base = bases[stage.index]
        if base is not None and not with_own_triggers:
            yield from base.triggers
        if with_own_triggers:
            yield from stage.triggers

    def _needed(self, bases: list[Stage | None]) -> set[int]:
        pending = [self._target()] if self._stages else []
        needed: set[int] = set()
        while pending:
            stage = pending.pop()
            if stage.index in needed:
                continue
            needed.add(stage.index)
            if self._is_replaced(stage):
                continue
            base = bases[stage.index]
            sources = self._sources_of(stage, bases, with_own_triggers=False)
            found = (base, *map(self._stage_of, sources))
            pending.extend(each for each in found if each is not None)
        return needed

    def _target(self) -> Stage:
        target = self._build.target
        if target is None or not target:
            return self._stages[-1]
        if target.isdecimal() and int(target[:9]) < len(self._stages):
            return self._stages[int(target[:9])]
        stage = self._names.get(target.lower())
        if stage is None:
            raise UnknownTarget(target)
        return stage

    def _evaluated_arguments(self) -> dict[str, Word | None]:
        """The variables that ``FROM`` sees: those of the platform, and each ``ARG`` before it."""
        variables: dict[str, Word | None] = dict(self._of_platform())
        for argument in self._dockerfile.arguments:
            name, equals, _ = argument.text.partition("=")
            told = self._build.arguments.get(name)
            if told is not None:
                variables[name] = Word.of(told)
            elif equals:
                try:
                    value = expand(argument.cut(len(name) + 1), self._escape, variables)
                    variables[name] = value.word
                except Unexpandable:
                    variables[name] = None
        return variables

    def _of_platform(self) -> Iterator[tuple[str, Word | None]]:
        system, _, rest = (self._build.platform or "").partition("/")
        architecture, _, variant = rest.partition("/")
        known = {
            "TARGETPLATFORM": self._build.platform,
            "TARGETOS": system,
            "TARGETARCH": architecture,
            "TARGETVARIANT": variant,
        }
        for name in _PLATFORM_ARGUMENTS:
            told = self._build.arguments.get(name)
            value = known.get(name) if told is None and architecture else told
            yield name, None if value is None else Word.of(value)
        target = self._build.target or (self._stages[-1].name if self._stages else "")
        yield "TARGETSTAGE", Word.of(target or "default")


def _shown(word: Word) -> str:
    return word.text.encode("latin-1").decode("utf-8", "replace")


def _familiar(image: str) -> str:
    """An image in the short form of build contexts (`docker.io/library/` left out)."""
    name = image.removeprefix("docker.io/").removeprefix("library/")
    return name.removesuffix(":latest")
