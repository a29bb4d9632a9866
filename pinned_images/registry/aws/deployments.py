"""Deployed workloads of an account and region, read through the APIs of AWS; nothing is changed.

The calls grow by pages wherever the API has pages. For S services and T tasks in C clusters, with D
task definitions that have to be read, these are the calls, of the last page of each list one more:

- ListClusters C/100, ListServices S/100, DescribeServices S/10, DescribeServiceRevisions S/20;
- ListTasks T/100, DescribeTasks T/100;
- DescribeTaskDefinition D: one each, since the API has no batch. Read are those of rules and
  schedules, of services without a digest for each container, and of services of which no task
  runs though some should;
- ListEventBuses, then ListRuleNamesByTarget once for each cluster and bus, and ListTargetsByRule
  for each rule that starts a task;
- ListSchedules, and GetSchedule for each that starts a task;
- ListFunctions, and GetFunction for each image of a function.

The sizes of batches and pages are those of the API references. Calls are made one after another,
with the SDK's adaptive retries, which keep to the rate that AWS lets through.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pinned_images.printable import listed
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions

#: ECS API reference: ListServices, ListTasks, ListClusters `maxResults`; DescribeTasks `tasks`.
_PAGE = 100
#: ECS API reference, DescribeServices: services.
_SERVICES = 10
#: ECS API reference, DescribeServiceRevisions: serviceRevisionArns.
_REVISIONS = 20
#: Against a server that never stops paging.
_MOST_PAGES = 10_000


@dataclass(slots=True)
class DeployedWorkloads:
    """The answers of the APIs, in their own shapes.

    Attributes:
        services: ``Service`` of Amazon ECS, each.
        revisions: ``ServiceRevision`` by ARN.
        tasks: ``Task``, each.
        task_definitions: ``TaskDefinition`` by the ARN or the family that names it.
        rules: The name of each EventBridge rule that starts a task, and its task definition.
        schedules: The ARN of each schedule that starts a task, and its task definition.
        functions: ``Configuration`` and ``Code`` of each AWS Lambda function of an image.
        unseen: What could not be read, a sentence each.
    """

    services: list[dict[str, Any]] = field(default_factory=list)
    revisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    task_definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[tuple[str, str]] = field(default_factory=list)
    schedules: list[tuple[str, str]] = field(default_factory=list)
    functions: list[dict[str, Any]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


class Deployments:
    """Reads the deployed workloads of one account and region.

    Args:
        sessions: Calls to AWS.
        environment: The account and region.
        timeout: Seconds that one call may take, with its retries.
        progress: Called with what is read next.
    """

    def __init__(
        self,
        sessions: AwsSessions,
        environment: Environment,
        timeout: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sessions = sessions
        self._environment = environment
        self._timeout = timeout
        self._progress = progress
        self._found = DeployedWorkloads()
        self._faults: dict[tuple[str, str], tuple[AwsFault, list[str]]] = {}

    def read(self, clusters: Sequence[str] = (), services: Sequence[str] = ()) -> DeployedWorkloads:
        """Read what is deployed; what cannot be read is listed in ``unseen``.

        Args:
            clusters: Names or ARNs of clusters; every cluster if left out.
            services: Names of services; every service if left out. Where clusters or services are
                named, rules, schedules and functions are not read.
        """
        self._found = DeployedWorkloads()
        self._faults = {}
        whole = not clusters and not services
        known = list(clusters) or self._clusters()
        for number, cluster in enumerate(known, 1):
            self._progress(f"cluster {number} of {len(known)} in {self._environment.region}")
            self._read_cluster(cluster, services)
        if services:
            self._tell_missing(services)
        self._read_revisions()
        if whole:
            self._read_rules(known)
            self._read_schedules()
            self._read_functions()
        self._read_task_definitions()
        self._tell_faults()
        return self._found

    def _clusters(self) -> list[str]:
        pages = self._list("ecs", "ListClusters", "clusters", maxResults=_PAGE)
        return [arn for page in pages for arn in page.get("clusterArns", ())]

    def _read_cluster(self, cluster: str, services: Sequence[str]) -> None:
        names = list(services)
        if not names:
            what = f"services of {cluster}"
            pages = self._list("ecs", "ListServices", what, cluster=cluster, maxResults=_PAGE)
            names = [arn for page in pages for arn in page.get("serviceArns", ())]
        found: list[dict[str, Any]] = []
        for some in _batches(names, _SERVICES):
            what = f"services of {cluster}"
            answer = self._ask("ecs", "DescribeServices", what, cluster=cluster, services=some)
            found += [
                each for each in answer.get("services", ()) if each.get("status") != "INACTIVE"
            ]
            self._tell_failures(answer, "service", but_missing=True)
        self._found.services += found
        scopes = [{"serviceName": each["serviceName"]} for each in found] if services else [{}]
        tasks = [
            arn
            for scope in scopes
            for page in self._list(
                "ecs",
                "ListTasks",
                f"tasks of {cluster}",
                cluster=cluster,
                maxResults=_PAGE,
                **scope,
            )
            for arn in page.get("taskArns", ())
        ]
        for some in _batches(tasks, _PAGE):
            what = f"tasks of {cluster}"
            answer = self._ask("ecs", "DescribeTasks", what, cluster=cluster, tasks=some)
            self._found.tasks += answer.get("tasks", ())
            # A task that has ended meanwhile is missing, which is no failure.
            self._tell_failures(answer, "task", but_missing=True)

    def _tell_missing(self, services: Sequence[str]) -> None:
        known = {
            name
            for each in self._found.services
            for name in (each["serviceName"], each["serviceArn"])
        }
        self._found.unseen += [
            f"There is no service {name!r} in {self._environment}: correct its name or its cluster."
            for name in services
            if name not in known
        ]

    def _read_revisions(self) -> None:
        arns = [
            each["arn"]
            for service in self._found.services
            for each in service.get("currentServiceRevisions", ())
        ]
        self._progress(f"{len(arns)} service revisions in {self._environment.region}")
        for some in _batches(list(dict.fromkeys(arns)), _REVISIONS):
            answer = self._ask(
                "ecs", "DescribeServiceRevisions", "service revisions", serviceRevisionArns=some
            )
            for each in answer.get("serviceRevisions", ()):
                self._found.revisions[each["serviceRevisionArn"]] = each
            self._tell_failures(answer, "service revision")

    def _read_rules(self, clusters: Sequence[str]) -> None:
        """Rules by the cluster that they target: others start no task."""
        self._progress(f"rules in {self._environment.region}")
        buses = [
            bus["Name"]
            for page in self._list("events", "ListEventBuses", "event buses", cursor="NextToken")
            for bus in page.get("EventBuses", ())
        ]
        rules: dict[tuple[str, str], None] = {}
        for bus in buses:
            for cluster in clusters:
                pages = self._list(
                    "events",
                    "ListRuleNamesByTarget",
                    f"rules of the event bus {bus}",
                    cursor="NextToken",
                    TargetArn=cluster,
                    EventBusName=bus,
                )
                rules.update(
                    ((bus, name), None) for page in pages for name in page.get("RuleNames", ())
                )
        for bus, name in rules:
            pages = self._list(
                "events",
                "ListTargetsByRule",
                f"the rule {name}",
                cursor="NextToken",
                Rule=name,
                EventBusName=bus,
            )
            self._found.rules += [
                (f"{bus}/{name}", target["EcsParameters"]["TaskDefinitionArn"])
                for page in pages
                for target in page.get("Targets", ())
                if target.get("EcsParameters", {}).get("TaskDefinitionArn")
            ]

    def _read_schedules(self) -> None:
        self._progress(f"schedules in {self._environment.region}")
        pages = self._list(
            "scheduler", "ListSchedules", "schedules", cursor="NextToken", MaxResults=_PAGE
        )
        for page in pages:
            for each in page.get("Schedules", ()):
                if ":ecs:" not in each.get("Target", {}).get("Arn", ""):
                    continue
                answer = self._ask(
                    "scheduler",
                    "GetSchedule",
                    f"the schedule {each['Name']}",
                    Name=each["Name"],
                    GroupName=each.get("GroupName", "default"),
                )
                parameters = answer.get("Target", {}).get("EcsParameters", {})
                if parameters.get("TaskDefinitionArn"):
                    self._found.schedules.append((each["Arn"], parameters["TaskDefinitionArn"]))

    def _read_functions(self) -> None:
        """Functions and their published versions, to which an alias may lead; each image once."""
        self._progress(f"functions in {self._environment.region}")
        seen: set[tuple[str, str]] = set()
        pages = self._list(
            "lambda",
            "ListFunctions",
            "functions",
            cursor="Marker",
            answered="NextMarker",
            FunctionVersion="ALL",
        )
        for page in pages:
            for each in page.get("Functions", ()):
                key = each["FunctionName"], each.get("CodeSha256", "")
                if each.get("PackageType") != "Image" or key in seen:
                    continue
                seen.add(key)
                answer = self._ask(
                    "lambda",
                    "GetFunction",
                    f"the function {each['FunctionName']}",
                    FunctionName=each["FunctionName"],
                    Qualifier=each.get("Version", "$LATEST"),
                )
                if answer:
                    self._found.functions.append(answer)

    def _read_task_definitions(self) -> None:
        found = self._found
        names = [name for _, name in (*found.rules, *found.schedules)]
        resolved = {task.get("group", "") for task in found.tasks if not _lacks_digest(task)}
        for service in found.services:
            revisions = [
                found.revisions[each["arn"]]
                for each in service.get("currentServiceRevisions", ())
                if each["arn"] in found.revisions
            ]
            cannot_start = service.get("desiredCount", 0) > 0 and not service.get("runningCount")
            names += [
                each["taskDefinition"]
                for each in revisions
                if each.get("taskDefinition")
                and (cannot_start or _lacks_digest(each, "containerImages"))
            ]
            if not revisions and f"service:{service['serviceName']}" not in resolved:
                names += task_definitions_of(service)
        distinct = list(dict.fromkeys(names))
        for number, name in enumerate(distinct, 1):
            self._progress(f"task definition {number} of {len(distinct)}")
            answer = self._ask(
                "ecs", "DescribeTaskDefinition", f"the task definition {name}", taskDefinition=name
            )
            if answer:
                found.task_definitions[name] = answer["taskDefinition"]

    def _list(
        self,
        service: str,
        operation: str,
        what: str,
        cursor: str = "nextToken",
        answered: str | None = None,
        **parameters: object,
    ) -> Iterator[dict[str, Any]]:
        further: dict[str, object] = {}
        for _ in range(_MOST_PAGES):
            page = self._ask(service, operation, what, **parameters, **further)
            yield page
            following = page.get(answered or cursor)
            if not following:
                return
            further = {cursor: following}

    def _ask(self, service: str, operation: str, what: str, **parameters: object) -> dict[str, Any]:
        """An answer; an empty one, listed in ``unseen``, where there is none."""
        try:
            return self._sessions.call(
                service,
                operation,
                self._environment,
                deadline=time.monotonic() + self._timeout,
                **parameters,
            )
        except AwsFault as fault:
            key = fault.cause, fault.remedy
            _, parts = self._faults.setdefault(key, (fault, []))
            if what not in parts:
                parts.append(what)
            return {}

    def _tell_faults(self) -> None:
        """A sentence for each cause: missing credentials, for one, fail every call."""
        for fault, parts in self._faults.values():
            subject = f"In {self._environment.region}, {listed(parts)}"
            error = fault.error.about(subject=subject, predicate="could not be read")
            self._found.unseen.append(str(error))

    def _tell_failures(
        self, answer: dict[str, Any], what: str, *, but_missing: bool = False
    ) -> None:
        self._found.unseen += [
            f"The {what} {failure.get('arn')} could not be read: {failure.get('reason')}."
            for failure in answer.get("failures", ())
            if not (but_missing and failure.get("reason") == "MISSING")
        ]


def task_definitions_of(service: dict[str, Any]) -> list[str]:
    """The task definitions of a service: its own, or those of its task sets."""
    sets = [
        each["taskDefinition"] for each in service.get("taskSets", ()) if each.get("taskDefinition")
    ]
    own = service.get("taskDefinition")
    return list(dict.fromkeys(sets or ([own] if own else [])))


def _lacks_digest(holder: dict[str, Any], containers: str = "containers") -> bool:
    images = holder.get(containers, ())
    return not images or any(not each.get("imageDigest") for each in images)


def _batches(items: Sequence[str], size: int) -> Iterable[list[str]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))
