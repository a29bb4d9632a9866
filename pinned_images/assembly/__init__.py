"""Pinning and the gate for a finished cloud assembly, of an app in any language.

It does what `PinImages` and its gate do, on plain data: the templates of the assembly are read, all
images are resolved at once, and the templates are replaced together with everything that refers to
them. It needs no aws-cdk-lib.
"""

from pinned_images.assembly.assembly_outcome import (
    AssemblyOutcome,
    check_assembly,
    check_template,
    pin_assembly,
)

__all__ = ["AssemblyOutcome", "check_assembly", "check_template", "pin_assembly"]
