"""The references that are found in each format."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.files.changes import with_parts
from pinned_images.files.content import Content
from pinned_images.files.formats import find_images, may_hold_images
from pinned_images.files.places import Place, Skipped

DIGEST = "sha256:" + "0" * 64


def found(name: str, text: str, *, wanted: str = "") -> list[str]:
    content = Content.read(text.encode())
    assert content is not None
    names = frozenset({wanted} if wanted else ())
    places = find_images(PurePath(name), content, names)
    assert not places or may_hold_images(PurePath(name).name, text.encode(), names)
    return [str(each.reference) for each in places if isinstance(each, Place)]


def skipped(name: str, text: str) -> list[str]:
    content = Content.read(text.encode())
    assert content is not None
    return [each.text for each in find_images(PurePath(name), content) if isinstance(each, Skipped)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("task.json", '{"containerDefinitions": [{"image": "nginx:3"}]}', ["nginx:3"]),
        ("task.json", '{"ContainerDefinitions": [{"Image": "nginx:3"}]}', ["nginx:3"]),
        ("task.json", '[{"name": "web", "image": "nginx:3"}]', ["nginx:3"]),
        ("animals.json", '[{"name": "cat", "image": "cat.png"}]', []),
        ("task.json", '[{"name": "web", "image": "nginx", "essential": true}]', ["nginx"]),
        ("values.yaml", "image: nginx\ntag: 1.25\n", []),
        ("values.yaml", "source: {repository: team/code, tag: v1}", []),
        ("values.yaml", "images: {web: {repository: a/b, tag: v1}}", ["a/b:v1"]),
        ("values.yaml", "web: {repository: a/b, tag: v1, pullPolicy: Always}", ["a/b:v1"]),
        ("imagedefinitions.json", '[{"name": "web", "imageUri": "a/b:1"}]', ["a/b:1"]),
        (
            "task.yaml",
            "taskDefinition:\n  containerDefinitions:\n  - image: nginx:3\n",
            ["nginx:3"],
        ),
        ("compose.yaml", "services: {web: {image: nginx}}", ["nginx"]),
        ("compose.yaml", "services: {web: {image: 'nginx:1', build: .}}", []),
        ("stack.yml", "services:\n  web:\n    image: nginx:3\n", ["nginx:3"]),
        (
            "compose.yaml",
            "services: {web: {image: a, volumes: [{type: image, source: b:1, target: /x}]}}",
            ["a", "b:1"],
        ),
        (
            "patch.yaml",
            "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: nginx:3\n",
            ["nginx:3"],
        ),
        ("list.yaml", "apiVersion: v1\nkind: List\nitems: [{kind: Pod, apiVersion: v1}]\n", []),
        (
            "prometheus.yaml",
            "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec: {image: 'a/b:1'}\n",
            ["a/b:1"],
        ),
        (
            "task.yaml",
            "{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: 'a:1'}]}}",
            ["a:1"],
        ),
        (
            "template.yaml",
            """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Fn::ForEach::All:
    - Name
    - [a, b]
    - "${Name}Task":
        Type: AWS::ECS::TaskDefinition
        Properties: {ContainerDefinitions: [{Image: 'a:1'}]}
""",
            ["a:1"],
        ),
        ("values.yaml", "web:\n  image: repo:tag\n", ["repo:tag"]),
        ("values-prod.yaml", "sidecarImage: team/app:1\n", ["team/app:1"]),
        ("values.yaml", "image: {repository: a/b, tag: '1.10'}", ["a/b:1.10"]),
        ("values.yaml", f"image: {{repository: a/b, digest: '{DIGEST}'}}", [f"a/b@{DIGEST}"]),
        ("values.yaml", "image: {registry: quay.io, repository: a/b, tag: v1}", ["quay.io/a/b:v1"]),
        ("values.yaml", "image: {repository: a/b, tag: 1.10}", []),
        ("values.yaml", "image: {repository: a/b, tag: 16}", ["a/b:16"]),
        ("kustomization.yaml", "images: [{name: a, newTag: v1}]", ["a:v1"]),
        ("kustomization.yml", "images: [{name: a, newName: b/c, newTag: v1}]", ["b/c:v1"]),
        (".github/workflows/x.yml", "jobs: {a: {container: 'node:18'}}", ["node:18"]),
        (
            ".github/workflows/x.yml",
            "jobs: {a: {steps: [{uses: 'docker://alpine:3'}, {uses: a/b@v1}]}}",
            ["alpine:3"],
        ),
        (".gitlab-ci.yml", "image: ruby:3\njob: {image: {name: 'go:1'}}", ["ruby:3", "go:1"]),
        ("main.tf", 'resource "x" "y" {\n  image = "nginx:3"\n}\n', ["nginx:3"]),
        ("main.tofu", 'x = jsonencode([{ image = "nginx" }])\n', ["nginx"]),
        ("main.tf", 'resource "docker_image" "y" {\n  name = "nginx:3"\n}\n', ["nginx:3"]),
        ("main.tf", 'resource "x" "y" {\n  image = "ubuntu-22.04"\n}\n', []),
        ("main.tf", 'resource "x" "y" {\n  image = "aws/codebuild/standard:7.0"\n}\n', []),
        ("main.tf", '# image = "nginx:3"\n', []),
        ("main.tf", 'locals {\n  web_image = "nginx:3"\n  x = "a/b:1"\n}\n', ["nginx:3"]),
        ("main.tf", 'variable "image" {\n  default = "nginx:3"\n}\n', ["nginx:3"]),
        ("main.tf", 'variable "name" {\n  default = "nginx:3"\n}\n', []),
        ("main.tf", 'x = ["ghcr.io/a/b:1", "run ghcr.io/a/b:1"]\n', ["ghcr.io/a/b:1"]),
        ("bake.hcl", 'target "x" { args = { B = "ghcr.io/a/b:1" } }\n', ["ghcr.io/a/b:1"]),
        (
            ".circleci/config.yml",
            "jobs: {b: {docker: [{image: 'ghcr.io/a/b:1'}], steps: [checkout]}}",
            ["ghcr.io/a/b:1"],
        ),
        ("app.py", 'web_image = "nginx:3"\n', ["nginx:3"]),
        ("app.py", 'from_registry("nginx:3")\n', ["nginx:3"]),
        ("app.py", 'run(image="nginx:3")\n', ["nginx:3"]),
        ("app.py", 'ecs.ContainerImage.from_registry("nginx")\n', ["nginx"]),
        ("app.py", 'other("nginx:3"); image = pick("a", "b:1")\n', []),
        ("app.ts", "ContainerImage.fromRegistry('nginx', { a: 1 })", ["nginx"]),
        ("app.py", "other = 'types/node:18'\n", []),
        ("app.py", "# image = 'ghcr.io/a/b:1'\n", []),
        ("app.py", "x = f'{registry}/team/app:1.0'\n", []),
        ("app.ts", "const image = 'nginx:3';", ["nginx:3"]),
        ("app.ts", "new GenericContainer('redis:7')", ["redis:7"]),
        ("app.tsx", "const a = <App image='x' />; const image = `nginx:3`;", ["nginx:3"]),
        ("app.ts", "import a from 'types/node:18'; run('./scripts/build:all');", []),
        ("Dockerfile", "FROM nginx:3\n", ["nginx:3"]),
        ("web.dockerfile", "FROM nginx:3\n", ["nginx:3"]),
        ("Containerfile", "FROM nginx AS web\nFROM web\nCOPY --from=web a b\n", ["nginx"]),
        ("notes.yaml", "note: nginx:3\nother: ghcr.io/a/b:1\nimage: x\n", ["ghcr.io/a/b:1"]),
        ("notes.json", '{"image": "nginx:3", "other": "ghcr.io/a/b:1"}', ["ghcr.io/a/b:1"]),
        ("chart/templates/a.yaml", "image: ghcr.io/a/b:1\n{{ if x }}\n", ["ghcr.io/a/b:1"]),
        ("broken.json", '{"image": "ghcr.io/a/b:1"', ["ghcr.io/a/b:1"]),
        # The last of several values counts.
        ("compose.yaml", "services: {a: {image: 'a:1', image: 'b:2'}}", ["b:2"]),
        # Charts with other names of the parts.
        ("values.yaml", "image: {name: a/b, tag: v1}", ["a/b:v1"]),
        ("values.yaml", "web: {image: {repo: a/b, tag: v1}}", ["a/b:v1"]),
        ("values.yaml", "web: {name: a/b, tag: v1}", []),
        ("kustomization.yaml", "images: [{name: a, newTag: 1.25}]", ["a:1.25"]),
        (
            "kustomization.yaml",
            f"images: [{{name: a, newTag: 1.10, digest: '{DIGEST}'}}]",
            [f"a:1.10@{DIGEST}"],
        ),
        # Templates of documents: the values of the keys for images that are no template.
        ("chart/templates/a.yaml", "{{ if x }}\nimage: nginx:3\n# image: a:1\n", ["nginx:3"]),
        ("chart/templates/a.yaml", "- image: 'nginx:3'\n  image: {{ .x }}\n", ["nginx:3"]),
        ("task.json", '{"cpu": ${cpu}, "image": "nginx:3", "image": "${x}"}', ["nginx:3"]),
        ("task.json.tpl", '[{"image":"nginx:3","cpu":${cpu}}]', ["nginx:3"]),
        ("a.yaml.j2", "image: nginx:3 # image: b:1\nimage: b\nmy-image: c:1\n", ["nginx:3"]),
        # Services that build, by the names of their files or by the keys of jobs.
        (
            ".circleci/config.yml",
            "{docker: [{image: 'a:1'}], machine: {image: 'ubuntu-2204:2024.01.1'}}",
            ["a:1"],
        ),
        (
            "azure-pipelines.yml",
            """
resources: {containers: [{container: c, image: 'a:1'}]}
pool: {vmImage: 'x:1'}
jobs: [{container: c}, {container: 'b:2'}, {container: {image: 'd:3'}}]
""",
            ["a:1", "b:2", "d:3"],
        ),
        (
            "bitbucket-pipelines.yml",
            "{image: 'a:1', pipelines: {default: [{step: {image: {name: 'b:2'}}}]}}",
            ["a:1", "b:2"],
        ),
        ("cloudbuild.yaml", "{steps: [{name: 'a:1'}], images: [gcr.io/a/b:1]}", ["a:1"]),
        (".woodpecker/test.yaml", "{steps: {test: {image: 'a:1'}}}", ["a:1"]),
        ("ci/build.yml", "{build: {image: 'a:1', services: ['b:2'], script: [x]}}", ["a:1", "b:2"]),
        (
            ".devcontainer/devcontainer.json",
            '{"image": "a:1", /* with a tag or a digest */ "features": {"ghcr.io/a/b:1": {}}}',
            ["a:1"],
        ),
        (".buildkite/pipeline.yml", "{steps: [{plugins: [{x: {image: 'a:1'}}]}]}", ["a:1"]),
        # Tools that deploy.
        (
            "copilot.yml",
            """
type: Backend Service
image: {location: 'a:1'}
sidecars: {x: {image: 'b:2'}}
environments: {test: {image: {location: 'c:3'}}, prod: {image: {build: x}}}
""",
            ["a:1", "b:2", "c:3"],
        ),
        (
            "serverless.yml",
            """
service: x
provider: {name: aws, ecr: {images: {base: {uri: 'ghcr.io/a:1'}, built: {path: .}}}}
functions: {a: {image: base}, b: {image: 'b:2'}, c: {image: {uri: 'c:3'}}}
""",
            ["ghcr.io/a:1", "b:2", "c:3"],
        ),
        (
            "site.yml",
            "[{hosts: all, tasks: [{community.docker.docker_container: {image: 'a:1'}}]}]",
            ["a:1"],
        ),
        (
            "argo.yaml",
            """
apiVersion: argoproj.io/v1alpha1
kind: Application
spec: {source: {helm: {valuesObject: {image: {repository: a, tag: v1}, webImage: 'b:2'}}}}
""",
            ["a:v1", "b:2"],
        ),
        (
            "flux.yaml",
            """
{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, spec: {values: {image: 'a:1'}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
spec: {images: [{name: b, newTag: '2'}]}
""",
            ["a:1", "b:2"],
        ),
        # Expressions of Terraform, and languages in its strings.
        ("main.tf", 'image = var.x == "a:1" ? "b:2" : "c:3"\n', ["b:2", "c:3"]),
        ("main.tf", 'web_image = coalesce(var.x, ("b:2"))\n', ["b:2"]),
        ("main.tf", 'image = lookup(var.x, "a:1", "b:2")\n', ["b:2"]),
        ("main.tf", 'image = replace("a:1", "b:2", "c:3")\n', []),
        (
            "main.tf",
            'images = { web = "a:1", job = ["b:2"] }\nwebImage = "c:3"\n',
            ["a:1", "b:2", "c:3"],
        ),
        ("main.tf", 'x = "[{\\"image\\": \\"a:1\\"}]"\n', ["a:1"]),
        ("main.tf", "values = [<<EOT\nimage: a:1\nEOT\n]\n", ["a:1"]),
        ("docker-bake.hcl", 'contexts = { a = "docker-image://a:1" }\n', ["a:1"]),
        (
            "main.tf.json",
            """{"resource": {"docker_image": {"a": {"name": "a:1"}}, "x": {"web_image": "b:2"}},
            "variable": {"image": {"default": "c:3"}}, "locals": {"name": "d:4"}}""",
            ["a:1", "b:2", "c:3"],
        ),
    ],
)
def test_found(name: str, text: str, expected: list[str]) -> None:
    assert found(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("compose.yaml", "services: {a: {image: '${REG}/team/app:1.0'}}", ["${REG}/team/app:1.0"]),
        ("compose.yaml", "services: {a: {image: $IMAGE}}", ["$IMAGE"]),
        ("compose.yaml", "services: {a: {image: '${IMAGE:-nginx:1}'}}", ["${IMAGE:-nginx:1}"]),
        ("compose.yaml", "services:\n\ta:\n\t\timage: nginx:3\n", ["the YAML"]),
        ("task.json", '{"containerDefinitions": [{"image": "nginx:3"', ["the JSON"]),
        ("compose.yaml", "services: {a: {image: 'app:v1-{{x}}'}}", ["app:v1-{{x}}"]),
        ("compose.yaml", "services: {a: {image: 'app:__TAG__'}}", ["app:__TAG__"]),
        ("task.json", '{"containerDefinitions": [{"image": "app:<tag>"}]}', ["app:<tag>"]),
        ("values.yaml", "image: {repository: a/b, tag: ''}", ["a/b"]),
        ("values.yaml", "image: nginx\ntag: 1.25\n", ["nginx"]),
        ("values.yaml", "image: {repository: a/b, tag: 1.10}", ["a/b:1.10"]),
        ("kustomization.yaml", "images: [{name: a, newTag: 1.10}]", ["a:1.10"]),
        ("compose.yaml", "services: {a: {image: !override 'a:1'}}", ["a:1"]),
        ("compose.yaml", f"services: {{a: {{image: '{DIGEST}'}}}}", [DIGEST]),
        ("Dockerfile", "ARG TAG=3\nFROM nginx:$TAG\n", ["nginx:$TAG"]),
        ("Dockerfile", "FROM $REGISTRY:1\n", ["$REGISTRY:1"]),
        ("compose.yaml", "services: {a: {image: 3.14}, b: {image: true}, c: {image: }}", ["3.14"]),
        ("task.json", '{"containerDefinitions": [{"image": 7}, {"image": null}]}', ["7"]),
        ("task.json", '{"containerDefinitions": [{"image": IMAGE, "cpu": CPU}]}', ["IMAGE"]),
        ("main.tf", 'image = "${var.r}/a:1"\n', ["${var.r}/a:1"]),
        (
            "argo.yaml",
            """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
spec: {template: {spec: {source: {helm: {values: "image: a:1"}}}}}
""",
            ["the values of the chart"],
        ),
        (".gitlab-ci.yml", "image: $CI_REGISTRY_IMAGE:1", ["$CI_REGISTRY_IMAGE:1"]),
    ],
)
def test_values_that_only_something_else_can_fill_in_are_told(
    name: str, text: str, expected: list[str]
) -> None:
    assert found(name, text) == []
    assert skipped(name, text) == expected


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://bob:secret@ghcr.io/a/b:1", "https://***@ghcr.io/a/b:1"),
        ("bob:secret@ghcr.io/a/b:1", "***@ghcr.io/a/b:1"),
        ("ghcr.io/a/b:1?token=secret&x=y", "ghcr.io/a/b:1?***"),
        ("${IMAGE?is not set}", "${IMAGE?is not set}"),
        ("a/b:$TAG@sha256:0", "a/b:$TAG@sha256:0"),
    ],
)
def test_a_value_that_is_told_shows_no_password(written: str, shown: str) -> None:
    content = Content.read(f"services: {{a: {{image: '{written}'}}}}\n".encode())
    assert content is not None
    [each] = find_images(PurePath("compose.yaml"), content)
    assert isinstance(each, Skipped)
    assert each.shown == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run ghcr.io/org/app:1.0.", ["ghcr.io/org/app:1.0"]),
        ("(ghcr.io/org/app:1.0), then", ["ghcr.io/org/app:1.0"]),
        ("ghcr.io/org/app:1,ghcr.io/org/b:2", ["ghcr.io/org/app:1", "ghcr.io/org/b:2"]),
        ('x="ghcr.io/org/app:1";', ["ghcr.io/org/app:1"]),
        ("--image=ghcr.io/org/app:1", ["ghcr.io/org/app:1"]),
        ("<code>ghcr.io/org/app:1</code>", ["ghcr.io/org/app:1"]),
        ("**ghcr.io/org/app:1**", ["ghcr.io/org/app:1"]),
        ('"a\\nghcr.io/org/app:1\\n"', ["ghcr.io/org/app:1"]),
        ("docker://ghcr.io/org/app:1", ["ghcr.io/org/app:1"]),
        ("localhost:5000/app:1 r:5000/app:1", ["localhost:5000/app:1", "r:5000/app:1"]),
        ("10.0.0.1:5000/app:1 localhost/app:1", ["10.0.0.1:5000/app:1", "localhost/app:1"]),
        (f"nginx@{DIGEST}.", [f"nginx@{DIGEST}"]),
        (f"team/a.b:1@{DIGEST}", [f"team/a.b:1@{DIGEST}"]),
        ("ghcr.io/team/a.b:1", ["ghcr.io/team/a.b:1"]),
        ("docker.io/library/nginx:3", ["docker.io/library/nginx:3"]),
        ("nginx:3 team/app:1.0 types/node:18 ./scripts/build:all", []),
        ("src/main.go:12 pkg/a.b/main.go:12:3 github.com/org/repo/main.go:12", []),
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12", []),
        ("${REG}/team/app:1.0 $REG/team/app:1.0 {{ .Reg }}/team/app:1.0", []),
        ("ghcr.io/org/app:v1-{{x}} ghcr.io/org/app:v1-${X} ghcr.io/org/app:v1-<sha>", []),
        ("ghcr.io/org/app:1.* ghcr.io/org/app:{tag} ghcr.io/org/app:%s", []),
        ("ghcr.io/org/app:__TAG__ ghcr.io/org/app:@TAG@ ghcr.io/org/app:#{tag}", []),
        ("https://ghcr.io/org/app:1 http://localhost:80/app:1 user@ghcr.io/a:1", []),
        ("ghcr.io/org/app ghcr.io/org/App:1 -ghcr.io/org/app:1", []),
    ],
)
def test_text(text: str, expected: list[str]) -> None:
    assert found("notes.txt", text) == expected


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("docker.io/team/app", "team/app:1 and docker.io/team/app:1", 2),
        ("docker.io/team/app", "index.docker.io/team/app:1", 1),
        ("docker.io/team/app", f"team/app@{DIGEST}", 1),
        ("docker.io/library/nginx", "nginx:3 library/nginx:3 docker.io/nginx:3", 3),
        ("docker.io/team/app", "a/team/app:1 team/app-b:1 myteam/app:1 team/app", 0),
        ("docker.io/library/nginx", "nginx is not nginx, nor http://nginx:80/", 0),
        ("ghcr.io/team/app", "team/app:1", 0),
    ],
)
def test_any_spelling_of_a_wanted_repository_counts_in_text(
    wanted: str, text: str, expected: int
) -> None:
    assert len(found("notes.txt", text, wanted=wanted)) == expected


def test_a_lock_file_is_left_alone() -> None:
    lock = f'{{"version": 1, "images": {{"ghcr.io/a/b:1": {{"digest": "{DIGEST}"}}}}}}'
    assert found("any.json", lock) == []


def test_hostile_documents_end_in_text_and_in_linear_time() -> None:
    deep = "[" * 5000 + '"ghcr.io/a/b:1", "image"' + "]" * 5000
    assert found("deep.json", deep) == ["ghcr.io/a/b:1"]
    assert found("deep.yaml", deep) == ["ghcr.io/a/b:1"]
    bombs = "image: &a [x]\n" + "".join(
        f"k{n}: &k{n} [{', '.join([f'*k{n - 1}' if n else '*a'] * 9)}]\n" for n in range(40)
    )
    assert found("compose.yaml", bombs) == []
    branches = "X0: &x0 'a:1'\n" + "".join(
        f"X{n}: &x{n} !If [C{n}, *x{n - 1}, *x{n - 1}]\n" for n in range(1, 40)
    )
    task = "{Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Image: *x39}]}}"
    assert found("t.yaml", f"{branches}Resources: {{A: {task}}}\n") == ["a:1"]
    assert skipped("t.yaml", f"{branches}Resources: {{A: {task}}}\n") == [
        "ContainerDefinitions[0].Image"
    ]
    merges = "a0: &a0 {image: x}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 30)}]}}\n" for n in range(1, 30)
    )
    assert found("compose.yaml", f"{merges}services: {{web: *a29}}\n") == ["x"]
    assert found("notes.txt", "/a" * 200_000 + " " + "ghcr.io/" * 50_000) == []
    functions = 'r "a" "b" {\n' + 'image_uri = "a:1"\n' * 4000 + "}\n"
    assert len(found("main.tf", functions)) == 4000
    assert len(skipped("Dockerfile", "FROM $X\n" * 20_000)) == 20_000
    assert found("notes.json", "{{ " + "image:" * 200_000 + "!") == []
    assert found("notes.txt", "docker push -x " * 50_000 + "ghcr.io/a/b:1") == ["ghcr.io/a/b:1"]
    assert found("notes.txt", ("a" * 1990 + "(/a:1 ") * 2000) == []


def places(name: str, text: str) -> list[Place]:
    content = Content.read(text.encode())
    assert content is not None
    return [each for each in find_images(PurePath(name), content) if isinstance(each, Place)]


@pytest.mark.parametrize(
    ("name", "text", "style", "platform"),
    [
        (
            "t.yaml",
            "Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: a:1}}",
            "digest",
            "linux/amd64",
        ),
        (
            "t.yaml",
            "Type: AWS::Serverless::Function, Properties: {ImageUri: a:1, Architectures: [arm64]}",
            "digest",
            "linux/arm64",
        ),
        (
            "t.yaml",
            "Type: AWS::CodeBuild::Project, Properties: {Environment: {Image: a:1}}",
            "digest",
            None,
        ),
        (
            "t.yaml",
            "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Image: a:1}]}",
            "tag-and-digest",
            None,
        ),
        ("f.tf", 'image_uri = "a:1"', "digest", "linux/amd64"),
        ("f.tf", 'image_uri = "a:1"\n architectures = ["arm64"]', "digest", "linux/arm64"),
        ("f.tf", 'image = "a:1"', "tag-and-digest", None),
        ("f.tf.json", '"image_uri": "a:1", "architectures": ["arm64"]', "digest", "linux/arm64"),
        (
            "serverless.yml",
            "service: x\nprovider: {name: aws, architecture: arm64}\nfunctions: {a: {image: 'a'}}",
            "digest",
            "linux/arm64",
        ),
        # Names under which an image is built or pushed take no digest.
        ("docker-bake.hcl", 'tags = ["ghcr.io/a/b:1"]', "tag", None),
        ("build.sh", "docker build -t ghcr.io/a/b:1 .", "tag", None),
        ("build.sh", "docker buildx build --tag=ghcr.io/a/b:1 .", "tag", None),
        ("build.sh", "podman push --quiet ghcr.io/a/b:1", "tag", None),
        ("build.sh", "docker tag web ghcr.io/a/b:1", "tag", None),
        ("buildspec.yml", "args: ['--destination', 'ghcr.io/a/b:1']", "tag", None),
        ("build.sh", "docker run -t ghcr.io/a/b:1", "tag-and-digest", None),
        ("build.sh", "docker run -it --name tag ghcr.io/a/b:1", "tag-and-digest", None),
    ],
)
def test_how_a_service_takes_a_digest(
    name: str, text: str, style: str, platform: str | None
) -> None:
    whole = {
        ".yaml": f"Resources: {{R: {{{text}}}}}\n",
        ".tf": f'r "a" "b" {{\n{text}\n}}\n',
        ".json": f"{{{text}}}",
    }.get(PurePath(name).suffix, text)
    [place] = places(name, whole)
    assert place.style == style
    assert (None if place.platform is None else str(place.platform)) == platform


def test_services_that_take_no_digest_keep_their_tags() -> None:
    catalog = Catalog.default()
    tagged = [each for each in catalog.properties if each.style == "tag"]
    assert tagged
    for image_property in tagged:
        value: Any = "team/app:1"
        for step in reversed(image_property.steps):
            if step.collection:
                value = [value] if step.collection == "[]" else {"key": value}
            value = {step.name: value}
        resource = {"Type": image_property.resource_type, "Properties": value}
        [place] = places("t.json", json.dumps({"Resources": {"R": resource}}))
        assert not place.wants_digest
        assert str(with_parts(place, "2", DIGEST)) == "team/app:2"
