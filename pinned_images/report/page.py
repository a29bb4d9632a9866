"""Self-contained HTML pages, made from the Jinja2 templates in `templates/`.

Foreign text cannot become markup: every value that a template prints is made printable and escaped.
The Content-Security-Policy of a page allows only the script and the style that it carries, by their
hashes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pinned_images.grouping import named
from pinned_images.printable import printable
from pinned_images.wording import counted


def render_page(template: str, **values: object) -> str:
    """A page from one of the templates.

    Args:
        template: The name of a template that extends ``page.html``.
        values: What the template shows.

    Returns:
        The whole document; equal values give the same bytes.
    """
    style, script = _resource("page.css"), _resource("page.js")
    policy = {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "style-src": _source_hash(style),
        "script-src": _source_hash(script),
    }
    own = {
        "policy": "; ".join(f"{directive} {source}" for directive, source in policy.items()),
        "style": style,
        "script": script,
    }
    trusted = {name: Markup(text) for name, text in own.items()}  # noqa: S704 - nothing foreign
    return _environment().get_template(template).render(**trusted, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pinned_images.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"counted": counted, "named": named}
    return environment


def _finalized(value: object) -> str:
    """A value as a template prints it, before it is escaped."""
    return value if isinstance(value, Markup) else printable(str(value))


@cache
def _resource(name: str) -> str:
    folder = files("pinned_images.report").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _source_hash(source: str) -> str:
    """The hash of an inline script or style (Content Security Policy Level 3, "hash-source")."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
