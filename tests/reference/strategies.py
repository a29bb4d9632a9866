"""References as hypothesis draws them: well-formed ones by their parts, and near misses."""

from __future__ import annotations

import string

from hypothesis import strategies as st

_LOWER = string.ascii_lowercase + string.digits
_LETTERS = string.ascii_letters + string.digits

# `from_regex` takes several times as long.
_words = st.text(_LOWER, min_size=1, max_size=8)
_separators = st.sampled_from([".", "_", "__", "-", "--", "---"])
path_components = st.tuples(
    _words, st.lists(st.tuples(_separators, _words).map("".join), max_size=2).map("".join)
).map("".join)
paths = st.lists(path_components, min_size=1, max_size=4).map("/".join)
tags = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=128).filter(
    lambda tag: tag[0] not in ".-"
)
digests = st.one_of(
    [
        st.binary(min_size=size, max_size=size).map(bytes.hex).map(f"{algorithm}:".__add__)
        for algorithm, size in (("sha256", 32), ("sha384", 48), ("sha512", 64))
    ]
)

_labels = st.text(_LETTERS + "-", min_size=1, max_size=8).filter(
    lambda label: label[0] != "-" != label[-1]
)
_names = st.lists(_labels, min_size=2, max_size=4).map(".".join)
_hosts = st.one_of(
    st.just("localhost"),
    _names,
    st.text(string.hexdigits + ":", min_size=1, max_size=12)
    .filter(lambda address: ":" in address)
    .map("[{}]".format),
)
_ports = st.one_of(st.just(""), st.integers(0, 65535).map(":{}".format))
hosts = st.one_of(
    st.tuples(_hosts, _ports).map("".join),
    st.sampled_from(
        ["docker.io", "index.docker.io", "ghcr.io", "LOCALHOST:5000", "public.ecr.aws"]
    ),
)


@st.composite
def references(draw: st.DrawFn) -> str:
    """A well-formed reference, in one of the spellings that people use."""
    host = draw(st.one_of(st.just(""), hosts.map("{}/".format)))
    path = draw(paths)
    if not host:  # a dot in the first part would make it a host
        first, slash, rest = path.partition("/")
        path = first.replace(".", "-") + slash + rest if slash else path
    tag = draw(st.one_of(st.just(""), tags.map(":{}".format)))
    digest = draw(st.one_of(st.just(""), digests.map("@{}".format)))
    return f"{host}{path}{tag}{digest}"


_PIECES = [
    *":/@.-_[]",
    "__",
    "//",
    "sha256:",
    "localhost",
    "docker.io/",
    "index.docker.io/",
    "library/",
    "latest",
    "0" * 64,
    "A",
    "é",
    " ",
    "\n",
    "\x00",
]

near_misses = st.lists(
    st.one_of(st.sampled_from(_PIECES), references(), st.text(_LOWER, max_size=6)), max_size=8
).map("".join)

any_text = st.one_of(st.text(), st.text(_LETTERS + ":/@.-_[]"), near_misses)
