"""Cloud assemblies of many forms, as a strategy: synthesizers, nested stacks, Stages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ACCOUNT, REGION = "123456789012", "eu-west-1"
TASK = "AWS::ECS::TaskDefinition"
IMAGES = (
    "nginx:1.27",
    "ghcr.io/org/app:1",
    "ghcr.io/org/app:2",
    f"ghcr.io/org/pinned:1@sha256:{'a' * 64}",
)


@dataclass(frozen=True)
class Template:
    """A template with the templates that are nested in it."""

    images: tuple[str, ...]
    nested: tuple[Template, ...] = ()
    description: str = ""
    is_joined: bool = True


@dataclass(frozen=True)
class Uploads:
    """How a synthesizer uploads templates: where to, and under which keys."""

    key: str
    destinations: int = 1
    has_url: bool = True


SYNTHESIZERS: dict[str, Uploads | None] = {
    "default": Uploads("{hash}.json"),
    "prefix": Uploads("folder/{hash}.json"),
    "app staging": Uploads("deploy-time/{hash}.json"),
    "regions": Uploads("{hash}.json", destinations=2),
    "own name": Uploads("{name}-v1.json"),
    "metadata file": None,
    "no url": Uploads("{hash}.json", has_url=False),
    "legacy": None,
}


@dataclass(frozen=True)
class Stack:
    """A top-level stack."""

    template: Template
    synthesizer: str


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly with those nested in it."""

    stacks: tuple[Stack, ...]
    stages: tuple[Assembly, ...] = ()
    indent: int | None = 1

    def write(self, folder: Path, path: str = "") -> None:
        """Write it, with that of each Stage in a folder below."""
        folder.mkdir(parents=True, exist_ok=True)
        artifacts: dict[str, Any] = {}
        for number, stack in enumerate(self.stacks):
            _Writer(folder, f"{path}Stack{number}", stack, self.indent).write(artifacts)
        for number, stage in enumerate(self.stages):
            name = f"{path}Stage{number}"
            stage.write(folder / f"assembly-{name}", name)
            artifacts[f"assembly-{name}"] = {
                "type": "cdk:cloud-assembly",
                "properties": {"directoryName": f"assembly-{name}", "displayName": name},
            }
        manifest = {"version": "36.0.0", "artifacts": artifacts}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), "utf-8")
        (folder / "cdk.out").write_text('{"version":"36.0.0"}', "utf-8")


@dataclass
class _Writer:
    folder: Path
    name: str
    stack: Stack
    indent: int | None
    files: dict[str, Any] = field(default_factory=dict)
    legacy: list[dict[str, Any]] = field(default_factory=list)

    def write(self, artifacts: dict[str, Any]) -> None:
        file = f"{self.name}.template.json"
        uploads = SYNTHESIZERS[self.stack.synthesizer]
        keys = self._template(self.stack.template, file, is_top=True)
        properties = {"templateFile": file}
        if uploads is not None:
            if uploads.has_url:
                url = f"s3://cdk-assets-{ACCOUNT}/{keys[0]}"
                properties["stackTemplateAssetObjectUrl"] = url
            manifest = f"{self.name}.assets.json"
            content = {"version": "36.0.0", "files": self.files, "dockerImages": {}}
            (self.folder / manifest).write_text(json.dumps(content, indent=2), "utf-8")
            artifacts[f"{self.name}.assets"] = {
                "type": "cdk:asset-manifest",
                "properties": {"file": manifest},
            }
        artifacts[self.name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": properties,
            "metadata": {},
        }
        metadata = {f"/{self.name}": self.legacy} if self.legacy else {}
        if self.stack.synthesizer == "metadata file":
            file = f"{self.name}.metadata.json"
            (self.folder / file).write_text(json.dumps(metadata, indent=2), "utf-8")
            artifacts[self.name]["additionalMetadataFile"] = file
        else:
            artifacts[self.name]["metadata"] = metadata

    def _template(self, template: Template, file: str, *, is_top: bool = False) -> list[str]:
        resources: dict[str, Any] = {
            f"Task{number}": {
                "Type": TASK,
                "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": image}]},
            }
            for number, image in enumerate(template.images)
        }
        parameters: dict[str, Any] = {}
        for number, inner in enumerate(template.nested):
            name = f"{file.partition('.')[0]}{number}.nested.template.json"
            keys = self._template(inner, name)
            url: Any
            if SYNTHESIZERS[self.stack.synthesizer] is None:
                parameter = f"AssetParameters{keys[0]}S3VersionKey"
                parameters[parameter] = {"Type": "String"}
                url = {"Fn::Join": ["", ["https://s3.amazonaws.com/bucket/", {"Ref": parameter}]]}
            elif template.is_joined:
                begin = ["https://s3.eu-west-1.", {"Ref": "AWS::URLSuffix"}]
                url = {"Fn::Join": ["", [*begin, f"/cdk-assets/{keys[0]}"]]}
            else:
                url = {"Fn::Sub": f"https://s3.${{AWS::Region}}.amazonaws.com/cdk/{keys[0]}"}
            resources[f"Nested{number}"] = {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": url},
                "Metadata": {"aws:asset:path": name, "aws:asset:property": "TemplateURL"},
            }
        document: dict[str, Any] = {"Resources": resources}
        if template.description:
            document["Description"] = template.description
        if parameters:
            document["Parameters"] = parameters
        text = json.dumps(document, indent=self.indent)
        (self.folder / file).write_text(text, "utf-8")
        return self._upload(file, text, is_top=is_top)

    def _upload(self, file: str, text: str, *, is_top: bool) -> list[str]:
        digest = hashlib.sha256(text.encode()).hexdigest()
        uploads = SYNTHESIZERS[self.stack.synthesizer]
        if uploads is None:
            if not is_top:
                asset = {"path": file, "id": digest, "packaging": "file", "sourceHash": digest}
                self.legacy.append({"type": "aws:cdk:asset", "data": asset})
            return [digest]
        key = uploads.key.format(hash=digest, name=file.partition(".")[0])
        keys = [key, *(f"region{n}/{key}" for n in range(1, uploads.destinations))]
        entry = self.files.setdefault(
            f"{digest}-{file}", {"source": {"path": file, "packaging": "file"}, "destinations": {}}
        )
        for number, each in enumerate(keys):
            entry["destinations"][f"{ACCOUNT}-region{number}"] = {
                "bucketName": f"cdk-assets-{ACCOUNT}",
                "objectKey": each,
                "region": f"region{number}",
            }
        return keys


_images = st.lists(st.sampled_from(IMAGES), max_size=2).map(tuple)
_descriptions = st.sampled_from(["", "Größe", "\ud83d\ude00 \u2028"])

templates = st.recursive(
    st.builds(Template, _images, description=_descriptions),
    lambda inner: st.builds(
        Template, _images, st.lists(inner, max_size=3).map(tuple), _descriptions, st.booleans()
    ),
    max_leaves=5,
)
stacks = st.builds(Stack, templates, st.sampled_from(sorted(SYNTHESIZERS)))
_indents = st.sampled_from([None, 1, 2, 4])
assemblies = st.recursive(
    st.builds(Assembly, st.lists(stacks, min_size=1, max_size=3).map(tuple), indent=_indents),
    lambda inner: st.builds(
        Assembly,
        st.lists(stacks, max_size=2).map(tuple),
        st.lists(inner, min_size=1, max_size=2).map(tuple),
        _indents,
    ),
    max_leaves=3,
)
