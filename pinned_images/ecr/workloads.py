"""Deployed workloads and the image of each of their containers, read out of answers of AWS.

What a service pulls at its next scale-out is in its service revisions (Amazon ECS API reference,
"DescribeServiceRevisions"). Services without revisions, which are those of other deployment
controllers, are known by their tasks, and by their task definitions where no task has a digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pinned_images.reference import Platform

WorkloadKind = Literal["service", "task", "rule", "schedule", "function"]

_OPERATING_SYSTEMS = {"": "linux", "LINUX": "linux"}
#: ECS API reference, RuntimePlatform: cpuArchitecture; Lambda, FunctionConfiguration.
_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A container of a deployed workload, with the image that it was given.

    Attributes:
        kind: What the workload is.
        name: Its ARN, or the name of a rule.
        container: The name of the container; empty for a function.
        image: The image as the task definition or the function names it.
        digest: The digest that the service or task holds; None where none is recorded.
        is_recorded: Whether the digest was recorded at the deployment, of the tag.
        is_consistent: False where ``versionConsistency`` is disabled.
        platform: The platform of a workload that has not run yet; None where it runs, or where
            it is not known.
    """

    kind: WorkloadKind
    name: str
    image: str
    container: str = ""
    digest: str | None = None
    is_recorded: bool = False
    is_consistent: bool = True
    platform: Platform | None = None


def uses_of(
    *,
    services: Iterable[Mapping[str, Any]] = (),
    revisions: Mapping[str, Mapping[str, Any]] | None = None,
    tasks: Sequence[Mapping[str, Any]] = (),
    task_definitions: Mapping[str, Mapping[str, Any]] | None = None,
    rules: Iterable[tuple[str, str]] = (),
    schedules: Iterable[tuple[str, str]] = (),
    functions: Iterable[Mapping[str, Any]] = (),
) -> list[Use]:
    """The images that workloads use, in the shapes in which the APIs of AWS answer.

    Args:
        services: ``Service`` of Amazon ECS, each.
        revisions: ``ServiceRevision`` by ARN.
        tasks: ``Task``, each.
        task_definitions: ``TaskDefinition`` by the name that a service, rule or schedule has for
            it, as far as they were read.
        rules: The name of each EventBridge rule that starts a task, and its task definition.
        schedules: The ARN of each schedule that starts a task, and its task definition.
        functions: Answers of ``GetFunction``.
    """
    definitions = task_definitions or {}
    by_group: dict[str, list[Mapping[str, Any]]] = {}
    for task in tasks:
        by_group.setdefault(f"{task.get('clusterArn')} {task.get('group')}", []).append(task)
    found: list[Use] = []
    for service in services:
        group = f"{service.get('clusterArn')} service:{service.get('serviceName')}"
        found += _of_service(service, revisions or {}, by_group.get(group, ()), definitions)
    held = {(use.image, use.digest) for use in found}
    for task in tasks:
        is_alone = not str(task.get("group")).startswith("service:")
        found += [
            use
            for use in _of_task("task", str(task.get("taskArn")), task, {})
            # What a service's task has not pulled yet is known from its service.
            if (is_alone or use.digest is not None) and (use.image, use.digest) not in held
        ]
    kinds: tuple[tuple[WorkloadKind, Iterable[tuple[str, str]]], ...] = (
        ("rule", rules),
        ("schedule", schedules),
    )
    for kind, starters in kinds:
        for name, definition_name in starters:
            found += _of_definition(kind, name, definitions.get(definition_name, {}))
    for function in functions:
        found += _of_function(function)
    return list(dict.fromkeys(found))


def _of_service(
    service: Mapping[str, Any],
    revisions: Mapping[str, Mapping[str, Any]],
    tasks: Iterable[Mapping[str, Any]],
    definitions: Mapping[str, Mapping[str, Any]],
) -> list[Use]:
    arn = str(service.get("serviceArn"))
    current = [
        revisions[each["arn"]]
        for each in service.get("currentServiceRevisions") or ()
        if each.get("arn") in revisions
    ]
    runs = bool(service.get("runningCount"))
    found = [
        use
        for revision in current
        for use in _of_revision(
            arn, revision, definitions.get(str(revision.get("taskDefinition")), {}), runs=runs
        )
    ]
    if found:
        return found
    found = [
        use
        for task in tasks
        for use in _of_task(
            "service", arn, task, definitions.get(str(task.get("taskDefinitionArn")), {})
        )
        if use.digest is not None
    ]
    if found:
        return found
    names = [each.get("taskDefinition") for each in service.get("taskSets") or ()]
    return [
        use
        for name in names or [service.get("taskDefinition")]
        for use in _of_definition("service", arn, definitions.get(str(name), {}), runs=runs)
    ]


def _of_revision(
    arn: str, revision: Mapping[str, Any], definition: Mapping[str, Any], *, runs: bool
) -> Iterator[Use]:
    for each in revision.get("containerImages") or ():
        container = str(each.get("containerName") or "")
        yield Use(
            kind="service",
            name=arn,
            image=str(each.get("image") or ""),
            container=container,
            digest=each.get("imageDigest"),
            is_recorded=bool(each.get("imageDigest")),
            is_consistent=_is_consistent(definition, container),
            platform=None if runs else _platform_of(definition),
        )


def _of_task(
    kind: WorkloadKind, name: str, task: Mapping[str, Any], definition: Mapping[str, Any]
) -> Iterator[Use]:
    for each in task.get("containers") or ():
        # Containers that Amazon ECS adds by itself, such as that of Service Connect, name none.
        if each.get("image"):
            container = str(each.get("name") or "")
            yield Use(
                kind=kind,
                name=name,
                image=str(each["image"]),
                container=container,
                digest=each.get("imageDigest"),
                is_consistent=_is_consistent(definition, container),
            )


def _of_definition(
    kind: WorkloadKind, name: str, definition: Mapping[str, Any], *, runs: bool = False
) -> Iterator[Use]:
    for each in definition.get("containerDefinitions") or ():
        container = str(each.get("name") or "")
        yield Use(
            kind=kind,
            name=name,
            image=str(each.get("image") or ""),
            container=container,
            # A task on its own has no deployment that tasks could differ from.
            is_consistent=kind != "service" or _is_consistent(definition, container),
            platform=None if runs else _platform_of(definition),
        )


def _of_function(function: Mapping[str, Any]) -> Iterator[Use]:
    configuration, code = function.get("Configuration") or {}, function.get("Code") or {}
    image = str(code.get("ImageUri") or "")
    if image:
        digest = str(code.get("ResolvedImageUri") or "").partition("@")[2] or None
        yield Use(
            kind="function",
            name=str(configuration.get("FunctionArn")),
            image=image,
            digest=digest,
            is_recorded=digest is not None,
        )


def _is_consistent(definition: Mapping[str, Any], container: str) -> bool:
    return all(
        each.get("versionConsistency") != "disabled"
        for each in definition.get("containerDefinitions") or ()
        if each.get("name") == container
    )


def _platform_of(definition: Mapping[str, Any]) -> Platform | None:
    """The platform that a task definition names; none for Windows, whose builds differ."""
    platform = definition.get("runtimePlatform") or {}
    architecture = _ARCHITECTURES.get(str(platform.get("cpuArchitecture") or ""))
    system = _OPERATING_SYSTEMS.get(str(platform.get("operatingSystemFamily") or ""))
    if architecture is None or system is None:
        return None
    return Platform.of(system, architecture)
