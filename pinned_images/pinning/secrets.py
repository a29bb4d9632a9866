"""The secret that a container pulls its image with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.intermediate import NeedsCondition
from pinned_images.cloudformation.partitions import partition_of
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site
from pinned_images.problem import Problem

_GIVE_ARN = "Name it by its ARN, or log in to the registry."


def secret_of(site: Site, scope: TemplateScope) -> str | Problem | None:
    """The ECS ``repositoryCredentials`` of a container, or the ``SrcCreds`` of an ECR deployment.

    Args:
        site: Where the container's image stands.
        scope: The template.

    Returns:
        The ARN of a secret in AWS Secrets Manager, perhaps without the characters that AWS puts
        behind the name; why it is not known at synth; or None where the container names no secret.
    """
    value = _named_secret(site)
    if value is None:
        return None
    text = text_of(value, scope, site.assumed(scope))
    if isinstance(text, str) and ":" in text and not text.startswith("arn:"):
        return None  # cdk-ecr-deployment takes user:password as text, too
    if isinstance(text, Problem):
        return text
    if isinstance(text, NeedsCondition):
        return Problem("Which secret it is depends on a condition of the template.", _GIVE_ARN)
    if not isinstance(text, str):
        return Problem("The name of the secret is known at deployment only.", _GIVE_ARN)
    return text if text.startswith("arn:") else _arn_of(text, scope)


def _named_secret(site: Site) -> Any:
    credentials = site.setting("RepositoryCredentials")
    if isinstance(credentials, Mapping):
        return value_of(credentials, "CredentialsParameter")
    return site.setting("SrcCreds") if site.image_property.path == "SrcImage" else None


def _arn_of(name: str, scope: TemplateScope) -> str | Problem:
    """Amazon ECS takes a name too, for a secret in the task's own account and region."""
    if scope.account is None or scope.region is None:
        return Problem(f"The account or the region of the secret {name!r} is unknown.", _GIVE_ARN)
    partition = partition_of(scope.region).name
    return f"arn:{partition}:secretsmanager:{scope.region}:{scope.account}:secret:{name}"
