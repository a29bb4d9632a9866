"""The record of one synth, and the ways to read it.

Renderers are imported from their own modules: `pinned_images.report.html`, `.markdown` and
`.terminal` (which needs rich).
"""

from __future__ import annotations

from pinned_images.report.synth_report import FILE_NAME, ResolvedBy, SiteRecord, SynthReport

__all__ = ["FILE_NAME", "ResolvedBy", "SiteRecord", "SynthReport"]
