"""The names of what is done to an app before it is synthesized."""

from __future__ import annotations

PLAIN = "no aspect"
IDLE = "a Python aspect that does nothing"
ASPECT = "PinImages as an Aspect"
APPLY_TO = "PinImages.apply_to"
