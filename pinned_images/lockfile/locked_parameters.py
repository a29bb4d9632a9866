"""SSM parameters from the lock file; only missing ones are read from AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import LockFileError
from pinned_images.lockfile.entries import ParameterKey, is_part_of_reference
from pinned_images.lockfile.file import LockFile
from pinned_images.lockfile.update_modes import synth_with_lookups
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.option_types import UpdateMode
from pinned_images.problem import Problem
from pinned_images.resolution import ParameterValues


class LockedParameters:
    """A `ParameterSource` that answers from a lock file and reads what the file lacks.

    A parameter whose account or region is unknown is read and never kept: the next synth may
    read one of another account.

    Args:
        read: Reads the parameters that the file lacks.
        path: The lock file; it need not exist yet.
        mode: See `LockedResolver`.
        syntax: How errors write options.
    """

    def __init__(
        self,
        read: Callable[[Iterable[SsmParameter]], ParameterValues],
        path: str | Path,
        mode: UpdateMode = "missing",
        syntax: OptionSyntax = ARGUMENTS,
    ) -> None:
        self._read = read
        self._path = Path(path)
        self._mode = mode
        self._syntax = syntax

    def read(self, parameters: Iterable[SsmParameter]) -> ParameterValues:
        """See `ParameterSource`.

        Raises:
            LockFileError: The file is broken.
        """
        locked = LockFile.read(self._path).parameters
        values: dict[SsmParameter, str | Problem] = {}
        missing: list[SsmParameter] = []
        for parameter in parameters:
            key = ParameterKey.of(parameter)
            value = None if key is None or self._mode == "always" else locked.get(key)
            if value is not None:
                values[parameter] = value
            elif self._mode == "never":
                values[parameter] = self._not_locked(parameter, key)
            else:
                missing.append(parameter)
        return {**values, **self._read(missing)} if missing else values

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        """See `ParameterSource`.

        Raises:
            LockFileError: The file cannot be written, or another synth has just put another value
                there.
        """
        keyed = {
            key: value
            for parameter, value in values.items()
            if (key := ParameterKey.of(parameter)) is not None and is_part_of_reference(value)
        }
        if self._mode == "never" or not keyed:
            return
        if self._mode == "always":
            LockFile.change(self._path, lambda lock: lock.replaced(parameters=keyed))
            return
        lock = LockFile.change(self._path, lambda lock: lock.merged(parameters=keyed))
        changed = [str(key) for key in keyed if lock.parameters.get(key) != keyed[key]]
        if changed:
            raise LockFileError(
                f"Another synth has just put another value of the SSM parameter {changed[0]!r} "
                f"into the lock file {str(self._path)!r}: synthesize again."
            )

    def _not_locked(self, parameter: SsmParameter, key: ParameterKey | None) -> Problem:
        if key is None:
            return Problem(
                f"The image is read from the SSM parameter {parameter}, and a frozen synth does "
                "not know whose: the stack's account or region is not known.",
                "Give the stack an environment (env=Environment(account=..., region=...)).",
            )
        return Problem(
            f"The image is read from the SSM parameter {str(key)!r}, which is not in the lock "
            f"file {str(self._path)!r}, and the file is frozen.",
            f"Run `{synth_with_lookups()}` and commit the file; the file keeps only "
            "values that are part of an image's name as a whole: give any other with "
            f"{self._syntax.written('ssm_parameters', {key.name: ...})}.",
        )
