"""Current values of SSM parameters, read as CloudFormation reads them at a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pinned_images.errors import ImageNotFound, ResolutionError
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.worker_pool import Step, run_steps

# SSM API reference, "GetParameters".
_LARGEST_BATCH = 10

_SECURE = "SecureString"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An SSM parameter, in an account and a region.

    Attributes:
        account: The account; None for that of the ambient credentials.
        region: The region.
        name: Its name or ARN, perhaps with a version or a label: ``/app/image``, ``/app/image:3``.
            Public parameters, such as ``/aws/service/aws-for-fluent-bit/stable``, are among them.
    """

    account: str | None
    region: str
    name: str

    def __str__(self) -> str:
        """The parameter in an error."""
        return f"{self.name!r} in {Environment(self.account, self.region)}"


ParameterOutcome = str | ResolutionError

_Step = Step[Parameter, ParameterOutcome]


def fetch_parameters(
    parameters: Iterable[Parameter],
    deadline: float,
    sessions: AwsSessions | None = None,
) -> Mapping[Parameter, ParameterOutcome]:
    """Read parameters.

    Args:
        parameters: The parameters; repeated ones are read once.
        deadline: When to give up, on the clock of `time.monotonic`.
        sessions: Calls to AWS that are shared with others; those with default settings if left
            out.

    Returns:
        The value of each parameter, or its error.

    Example:
        >>> fluent_bit = Parameter(None, "eu-west-1", "/aws/service/aws-for-fluent-bit/stable")
        >>> fetch_parameters([fluent_bit], time.monotonic() + 60)  # doctest: +SKIP
        {Parameter(...): '906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:2.34'}
    """
    distinct = tuple(dict.fromkeys(parameters))
    shared = sessions or AwsSessions()
    tasks = [partial(_ask, batch) for batch in _batches(distinct, shared, deadline)]
    answered = run_steps(tasks, deadline)
    late = shared.late("AWS")
    outcomes: dict[Parameter, ParameterOutcome] = {
        parameter: _error(parameter, late) for parameter in distinct
    }
    outcomes.update(answered)
    return outcomes


@dataclass(frozen=True)
class _Batch:
    environment: Environment
    parameters: tuple[Parameter, ...]
    sessions: AwsSessions
    deadline: float

    def halves(self) -> Iterator[_Batch]:
        half = len(self.parameters) // 2
        yield replace(self, parameters=self.parameters[:half])
        yield replace(self, parameters=self.parameters[half:])


def _batches(
    parameters: Iterable[Parameter], sessions: AwsSessions, deadline: float
) -> Iterator[_Batch]:
    environments: dict[Environment, list[Parameter]] = {}
    for parameter in parameters:
        environment = Environment(parameter.account, parameter.region)
        environments.setdefault(environment, []).append(parameter)
    for environment, wanted in environments.items():
        for start in range(0, len(wanted), _LARGEST_BATCH):
            batch = tuple(wanted[start : start + _LARGEST_BATCH])
            yield _Batch(environment, batch, sessions, deadline)


def _ask(batch: _Batch) -> _Step:
    try:
        answer = batch.sessions.call(
            "ssm",
            "GetParameters",
            batch.environment,
            deadline=batch.deadline,
            Names=[parameter.name for parameter in batch.parameters],
        )
    except AwsFault as fault:
        # One name that is malformed or forbidden fails the whole call.
        if len(batch.parameters) > 1 and (fault.refused or fault.kind is ResolutionError):
            return _Step(tasks=[partial(_ask, half) for half in batch.halves()])
        return _Step({parameter: _error(parameter, fault.error) for parameter in batch.parameters})
    found = _by_name(answer.get("Parameters") or [])
    return _Step(
        {
            parameter: _outcome(parameter, found.get(parameter.name))
            for parameter in batch.parameters
        }
    )


def _by_name(answers: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The answers by all names in requests: name or ARN, version, label."""
    # A name alone means the newest version, whatever else was in the request.
    by_version = sorted(answers, key=lambda answer: int(answer.get("Version") or 0))
    return {
        f"{answer[kind]}{selector}": answer
        for answer in by_version
        for kind in ("Name", "ARN")
        for selector in (answer.get("Selector") or "", f":{answer.get('Version')}")
        if answer.get(kind)
    }


def _outcome(parameter: Parameter, answer: Mapping[str, Any] | None) -> ParameterOutcome:
    if answer is None:
        cause = "there is no such parameter"
        return _error(parameter, ImageNotFound(cause, "create it, or correct the name"))
    if answer.get("Type") == _SECURE:
        cause = f"it is a {_SECURE}, which CloudFormation does not put into an image's name"
        return _error(parameter, ResolutionError(cause, "store it as a String"))
    return str(answer.get("Value", ""))


def _error(parameter: Parameter, error: ResolutionError) -> ResolutionError:
    return error.about(subject=f"The SSM parameter {parameter}", predicate="could not be read")
