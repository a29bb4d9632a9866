"""The documentation's site: ``make docs`` builds it, and every warning is an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import SphinxError
from sphinx.ext.autodoc.mock import mock
from sphinx.ext.napoleon.docstring import GoogleDocstring

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PAGES = Path(__file__).parent
sys.path[:0] = [str(PAGES.parent), str(PAGES)]

# The reference is made from the docstrings. The AWS CDK and the test tools are not installed for
# it: none of them is called while the package is imported, but for the decorators of jsii.
autodoc_mock_imports = ["aws_cdk", "constructs", "pytest", "syrupy"]
jsii = sys.modules["jsii"] = ModuleType("jsii")
jsii.implements = jsii.member = lambda *_, **__: lambda decorated: decorated
with mock(autodoc_mock_imports):
    import pinned_images
    from pinned_images import aspect, gate, immutability
    from pinned_images.cli.application import application
    from pinned_images.version import __version__

from command_reference import command_reference  # noqa: E402  beside this file

# `pinned_images` itself gives these where it finds the AWS CDK.
pinned_images.PinImages = aspect.PinImages
pinned_images.PinnedImagesGate = gate.PinnedImagesGate
pinned_images.ImmutableTags = immutability.ImmutableTags

project = "pinned-images"
version = release = __version__
language = "en"
smartquotes = False  # options begin with two dashes
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "requirements.txt"]
nitpicky = True

html_theme = "furo"
html_title = f"pinned-images {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["output.css"]
html_show_copyright = html_show_sphinx = False
# A block without a language is output.
highlight_language = "text"
copybutton_prompt_text = "$ "
copybutton_here_doc_delimiter = "EOF"
copybutton_line_continuation_character = "\\"

myst_heading_anchors = 3

add_module_names = False
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def _whole(docstring: GoogleDocstring) -> tuple[str, list[str]]:
    """The docstring of an attribute, in which a colon ends no type: types are annotated."""
    lines = docstring._dedent(docstring._consume_to_end())  # noqa: SLF001  there is no setting
    return "", GoogleDocstring(lines, docstring._config).lines()  # noqa: SLF001


GoogleDocstring._consume_inline_attribute = _whole  # noqa: SLF001


def _signature(
    _app: Sphinx,
    kind: str,
    name: str,
    _value: object,
    _options: object,
    signature: str | None,
    _returned: str | None,
) -> tuple[str, None] | None:
    """No signature for errors that are only caught, and no private argument in any other."""
    if signature is None:
        return None
    if kind == "exception" and not name.endswith(".ResolutionError"):
        return "", None
    return (re.sub(r", _\w+: [^,)]*", "", signature), None) if kind == "class" else None


def _resolve(
    _app: Sphinx, _environment: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    """The text itself, for names of Python that the reference does not hold.

    The types of the standard library and of the AWS CDK are documented elsewhere, which a build
    without network cannot ask; and docstrings name arguments, and parts that are not public.
    """
    return content if node["refdomain"] == "py" else None


def _complete(_app: Sphinx, page: str, source: list[str]) -> None:
    """Add what is generated to the pages that are written."""
    if page == "commands":
        source[0] += "\n" + command_reference(application, "pinned-images")
    if page == "index":
        listed = {page, *source[0].split()}
        further = sorted({path.stem for path in PAGES.glob("*.md")} - listed)
        contents = ["```{toctree}", ":hidden:", ":caption: Further pages", "", *further, "```"]
        source[0] += "\n" + "\n".join(contents) if further else ""


def _let_messages_wrap(_app: Sphinx, document: nodes.document, _page: str) -> None:
    """A block of output with long lines wraps, as in a terminal, unless there is a table in it."""
    for block in document.findall(nodes.literal_block):
        if block.get("language", "text") in ("text", "console") and "───" not in block.astext():
            block["classes"].append("wraps")


_EXTERNAL = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\ssrc=["']?(?:https?:)?//[^>]*>
    |<link\b[^>]*\shref=["']?(?:https?:)?//[^>]*>
    |@import\s[^;]*//[^;]*;
    |url\(["']?(?:https?:)?//[^)]*\)""",
    re.VERBOSE,
)


def _stays_home(app: Sphinx, error: Exception | None) -> None:
    """Fail where a page would load something from another host: a font, a script, a picture."""
    if error is None and app.builder.format == "html":
        for file in sorted(Path(app.outdir).rglob("*")):
            if file.suffix in (".html", ".css"):
                found = _EXTERNAL.search(file.read_text(encoding="utf-8"))
                if found:
                    raise SphinxError(f"{file} loads from another host: {found[0][:200]}")


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("autodoc-process-signature", _signature)
    app.connect("missing-reference", _resolve)
    app.connect("source-read", _complete)
    app.connect("doctree-resolved", _let_messages_wrap)
    app.connect("build-finished", _stays_home)
