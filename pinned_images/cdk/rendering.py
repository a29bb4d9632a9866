"""Rendering of a stack's template before it is written."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import BootstraplessSynthesizer, ISynthesisSession, Stack
from aws_cdk.cx_api import CloudAssemblyBuilder


@jsii.implements(ISynthesisSession)
class ThrowawaySession:
    """A synthesis session whose assembly is thrown away."""

    def __init__(self, folder: str) -> None:
        self._builder = CloudAssemblyBuilder(folder)
        self._folder = folder

    @property
    def assembly(self) -> CloudAssemblyBuilder:
        return self._builder

    @property
    def outdir(self) -> str:
        return self._folder

    @property
    def validate_on_synth(self) -> bool:
        return False


def renderer_of(stack: Stack) -> Any:
    """The renderer of a stack, with the methods that CDK keeps for synthesizers.

    It is not the stack's own synthesizer: CDK binds a copy of one that was made in Python, and
    jsii takes the copy for the original, which has no stack.
    """
    renderer = BootstraplessSynthesizer()
    renderer.bind(stack)
    return renderer


def render_template(stack: Stack) -> Mapping[str, Any]:
    """The template of one stack, as it would be written now.

    Args:
        stack: A stack or a nested stack.

    Returns:
        The template; the stack's own folder is not touched.
    """
    with tempfile.TemporaryDirectory(prefix="pinned-images-") as folder:
        session = ThrowawaySession(folder)
        renderer_of(stack)._synthesize_template(session)  # noqa: SLF001  for synthesizers
        template: Mapping[str, Any] = json.loads(
            (Path(folder) / stack.template_file).read_text(encoding="utf-8")
        )
    return template
