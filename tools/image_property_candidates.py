"""Which properties of CloudFormation may hold a container image, and which are new.

They are derived anew from the AWS CDK's service specification and compared with the catalog:

    python tools/image_property_candidates.py [path to the npm package @aws-cdk/aws-service-spec]

Without a path the package is looked for in `node_modules`. Get the newest one with
`npm pack @aws-cdk/aws-service-spec` (and unpack it), or `npm install @aws-cdk/aws-service-spec`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "node_modules" / "@aws-cdk" / "aws-service-spec"
CATALOG = PROJECT / "pinned_images" / "cloudformation" / "image_properties.json"

#: A name that says image, or the address of a container.
_NAME = re.compile(
    r"\w*Images?(Ur[il]|UR[IL]|Identifier|Reference)?|\w*(Container|Ecr|ECR|Docker)(Ur[il]|UR[IL])"
)
#: Words of the documentation that tell of a container image, whatever the property's name; the
#: environment of a RoboMaker application is one (botocore's model of the service).
_DOCUMENTATION = re.compile(
    r"\b(container|docker) image\b|\bimage ur[il]\b|\bECR\b|Elastic Container Registry"
    r"|container registry|environment of the (robot|simulation) application",
    re.IGNORECASE,
)
#: Names of properties whose documentation mentions images, and which hold something else.
_OTHER_NAME = re.compile(
    r"\w*(Arns?|Role|Command|Args|Name|Type|Policy|Version|Digest|Framework|Id|Prefix|Key"
    r"|Description|Status)"
)


class Candidate(NamedTuple):
    """A property that may hold a container image."""

    resource_type: str
    path: str
    documentation: str


def candidates(package: Path) -> list[Candidate]:
    """Every property that may hold a container image.

    Args:
        package: The unpacked npm package ``@aws-cdk/aws-service-spec``.

    Raises:
        FileNotFoundError: The package is not there.
    """
    return sorted({each for each in text_properties(package) if _may_hold_an_image(each)})


def text_properties(package: Path) -> Iterator[Candidate]:
    """Every property of every resource type that is a text or any JSON."""
    with gzip.open(package / "db.json.gz", "rt", encoding="utf-8") as database:
        schema = json.load(database)["schema"]
    definitions = {each["$id"]: each for each in schema["typeDefinition"]["entities"]}
    for resource in schema["resource"]["entities"]:
        for path, documentation in _paths(resource["properties"], definitions, ()):
            yield Candidate(resource["cloudFormationType"], path, documentation)


def _paths(
    properties: Mapping[str, Any], definitions: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for name, declared in properties.items():
        for kind in (declared["type"], *declared.get("previousTypes", ())):
            for path, documentation in _paths_of_type(kind, definitions, above):
                yield f"{name}{path}", documentation or declared.get("documentation", "")


def _paths_of_type(
    kind: Mapping[str, Any], definitions: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """What stands below a value of a type; a type inside itself is followed once."""
    match kind:
        case {"type": "string" | "json"}:
            yield "", ""
        case {"type": "array" | "map" as collection, "element": element}:
            mark = "[]" if collection == "array" else "{}"
            for path, documentation in _paths_of_type(element, definitions, above):
                yield f"{mark}{path}", documentation
        case {"type": "union", "types": types}:
            for each in types:
                yield from _paths_of_type(each, definitions, above)
        case {"type": "ref", "reference": {"$ref": name}} if name not in above:
            below = _paths(definitions[name]["properties"], definitions, (*above, name))
            for path, documentation in below:
                yield f".{path}", documentation


def _may_hold_an_image(candidate: Candidate) -> bool:
    name = re.sub(r"[\[\]{}]", "", candidate.path.rpartition(".")[2])
    if _NAME.fullmatch(name):
        return True
    told = _DOCUMENTATION.search(candidate.documentation) is not None
    return told and not _OTHER_NAME.fullmatch(name)


def unknown_to_the_catalog(found: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that the catalog neither lists nor names as something else."""
    catalog = json.loads(CATALOG.read_text("utf-8"))
    listed = {(entry["type"], entry["path"]) for entry in catalog["properties"]}
    others = [
        (_pattern(entry["type"]), _pattern(entry["path"]))
        for entry in catalog["not_container_images"]
    ]
    return [
        each
        for each in found
        if (each.resource_type, each.path) not in listed
        and not any(
            of_type.fullmatch(each.resource_type) and at_path.fullmatch(each.path)
            for of_type, at_path in others
        )
    ]


def outdated_false_friends(found: Iterable[Candidate]) -> list[str]:
    """The entries of the catalog that name something else than an image, and match nothing."""
    candidates_found = list(found)
    return [
        f"{entry['type']} {entry['path']}"
        for entry in json.loads(CATALOG.read_text("utf-8"))["not_container_images"]
        if not any(
            _pattern(entry["type"]).fullmatch(each.resource_type)
            and _pattern(entry["path"]).fullmatch(each.path)
            for each in candidates_found
        )
    ]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))


def main(arguments: list[str]) -> int:
    """Print the candidates; 1 means that the catalog does not know some of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0] if __doc__ else None)
    parser.add_argument("package", nargs="?", type=Path, default=PACKAGE)
    package = parser.parse_args(arguments).package
    try:
        found = candidates(package)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is not there: npm install @aws-cdk/aws-service-spec")
    unknown = unknown_to_the_catalog(found)
    for each in found:
        print("new " if each in unknown else "known", each.resource_type, each.path)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
