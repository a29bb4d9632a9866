"""``pinned-images check-deployed``: what runs, in an Amazon of moto and in one of many services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pinned_images.reference import Digest
from pinned_images.report import FILE_NAME, SiteRecord, SynthReport
from tests.cli.conftest import LockedFolder, Run
from tests.documentation import example, page
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OCI_INDEX,
    OCI_MANIFEST,
    FakeAws,
    Moto,
    access_denied,
    host_of,
    image_answer,
    index_of,
    manifest_of,
    operation_of,
)
from tests.registry_aws.conftest import fake_aws

__all__ = ["fake_aws"]

REGION = "eu-west-1"
HOST = host_of(HOME_ACCOUNT, REGION)
_ECS = botocore.session.get_session().get_service_model("ecs")


def valid(operation: str, direction: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the model of botocore takes as an operation's input, or as its output."""
    model = _ECS.operation_model(operation)
    shape = model.input_shape if direction == "input" else model.output_shape
    assert shape is not None
    report = ParamValidator().validate(content, shape)
    assert not report.has_errors(), report.generate_report()
    assert set(content) <= set(shape.members)
    return content


class ServiceRevisions:
    """The revisions of ECS services, which moto does not have, before moto.

    Attributes:
        images: By service name: what a revision holds in its ``containerImages``.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self.images: dict[str, list[dict[str, str]]] = {}

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        operation = operation_of(environ.get("HTTP_X_AMZ_TARGET"), body)
        if operation == "DescribeServiceRevisions":
            asked = valid(operation, "input", json.loads(body))["serviceRevisionArns"]
            assert len(asked) <= 20
            answer = {"serviceRevisions": [self._revision(arn) for arn in asked], "failures": []}
            return self._send(valid(operation, "output", answer), start_response)
        if operation != "DescribeServices":
            return self._application(environ, start_response)
        status: list[Any] = []
        answer = json.loads(b"".join(self._application(environ, lambda *said: status.append(said))))
        for service in answer.get("services", ()):
            if service["serviceName"] in self.images:
                arn = f"{service['serviceArn'].replace(':service/', ':service-revision/')}/1"
                service["currentServiceRevisions"] = [{"arn": arn}]
        return self._send(answer, start_response)

    def _revision(self, arn: str) -> dict[str, Any]:
        name = arn.split("/")[-2]
        definition = f"arn:aws:ecs:{REGION}:{HOME_ACCOUNT}:task-definition/{name}:1"
        return {
            "serviceRevisionArn": arn,
            "taskDefinition": definition,
            "containerImages": self.images[name],
        }

    @staticmethod
    def _send(answer: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        content = json.dumps(answer).encode()
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]


@pytest.fixture
def revisions(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> ServiceRevisions:
    before = ServiceRevisions(moto._application._application)
    monkeypatch.setattr(moto._application, "_application", before)
    return before


def deploy(
    moto: Moto, name: str, image: str, revisions: ServiceRevisions | None, digest: str
) -> None:
    """A service, whose deployment recorded a digest for its image."""
    ecs = moto.client("ecs", REGION)
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "app", "image": image, "memory": 128}]
    )
    ecs.create_service(cluster="shop", serviceName=name, taskDefinition=name, desiredCount=1)
    if revisions is not None:
        revisions.images[name] = [{"containerName": "app", "image": image, "imageDigest": digest}]


def move(moto: Moto, repository: str, tag: str, manifest: str) -> None:
    """Move a tag; moto, other than ECR, deletes at once the image that has no tag any more."""
    moto.client("ecr", REGION).put_image(
        repositoryName=repository,
        imageManifest=manifest,
        imageManifestMediaType=OCI_MANIFEST,
        imageTag=tag,
        imageDigest=Digest.of(manifest.encode()),
    )


def put_untagged_rule(moto: Moto, repository: str) -> None:
    rule = {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 30,
        },
        "action": {"type": "expire"},
    }
    moto.client("ecr", REGION).put_lifecycle_policy(
        repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": [rule]})
    )


def check(run: Run, *arguments: str) -> tuple[int, dict[str, Any], str]:
    result = run("check-deployed", "--region", REGION, "--json", *arguments)
    return result.exit_code, json.loads(result.stdout), result.stderr


def kinds(document: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        image["reference"]: [finding["kind"] for finding in image["findings"]]
        for image in document["images"]
    }


def test_the_outage_is_found(run: Run, moto: Moto, revisions: ServiceRevisions) -> None:
    """A service on a tag that moved on, whose image was deleted then."""
    old = moto.push("web", {"v1": manifest_of("old")})["v1"]
    image = f"{HOST}/web:v1"
    deploy(moto, "front", image, revisions, old)
    code, document, stderr = check(run)
    assert document["unseen"] == []
    assert (code, kinds(document)) == (0, {image: ["unpinned"]})

    move(moto, "web", "v1", manifest_of("new"))
    code, document, stderr = check(run)
    assert (code, kinds(document)) == (1, {image: ["gone", "moved", "unpinned"]})
    assert document["version"] == 1
    assert document["unseen"] == []
    [found] = document["images"]
    assert (found["digest"], found["account"], found["region"], found["repository"]) == (
        old,
        HOME_ACCOUNT,
        REGION,
        "web",
    )
    [user] = found["used_by"]
    assert (user["kind"], user["container"]) == ("service", "app")
    assert user["name"].endswith("service/shop/front")
    assert found["findings"][0]["severity"] == "error"
    assert "the next scale-out of the service front fails" in found["findings"][0]["message"]
    assert stderr == "1 image in use: 1 gone, 1 moved, 1 unpinned.\n"

    text = run("check-deployed", "--region", REGION)
    assert text.exit_code == 1
    row = f"{image} {old.short} 1 service gone, moved, unpinned".split()
    assert row in [line.split() for line in text.stdout.splitlines()]


@pytest.mark.parametrize(
    ("fail_on", "code"), [([], 0), (["--fail-on", "unpinned"], 1), (["--fail-on", "gone"], 0)]
)
def test_the_findings_that_fail_can_be_chosen(
    run: Run, moto: Moto, revisions: ServiceRevisions, fail_on: list[str], code: int
) -> None:
    digest = moto.push("web", {"v1": manifest_of("web")})["v1"]
    deploy(moto, "front", f"{HOST}/web:v1", revisions, digest)
    assert check(run, *fail_on)[0] == code


def test_an_image_that_the_lifecycle_policy_takes_once_its_tag_moves(
    run: Run, moto: Moto, revisions: ServiceRevisions
) -> None:
    digest = moto.push("web", {"v1": manifest_of("web")})["v1"]
    put_untagged_rule(moto, "web")
    pinned = f"{HOST}/web:v1@{digest}"
    deploy(moto, "front", pinned, revisions, digest)
    code, document, _ = check(run)
    assert (code, kinds(document)) == (0, {pinned: ["expiring"]})
    [finding] = document["images"][0]["findings"]
    assert finding["at"] is not None
    assert "once its tag v1 has moved, on 2" in finding["message"]
    assert "rule 1 expires untagged images 30 days after their push" in finding["message"]


def test_rules_start_tasks_by_their_tags_and_names(run: Run, moto: Moto) -> None:
    moto.push("jobs", {"v1": index_of("linux/amd64")}, media_type=OCI_INDEX)
    ecs, events = moto.client("ecs", REGION), moto.client("events", REGION)
    cluster = ecs.create_cluster(clusterName="shop")["cluster"]["clusterArn"]
    for name, image in (("nightly", f"{HOST}/jobs:v1"), ("weekly", f"{HOST}/jobs:v2")):
        answer = ecs.register_task_definition(
            family=name,
            containerDefinitions=[{"name": "app", "image": image, "memory": 128}],
            runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        )
        arn = answer["taskDefinition"]["taskDefinitionArn"]
        events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
        events.put_targets(
            Rule=name,
            Targets=[
                {
                    "Id": "1",
                    "Arn": cluster,
                    "RoleArn": f"arn:aws:iam::{HOME_ACCOUNT}:role/run",
                    "EcsParameters": {"TaskDefinitionArn": arn},
                }
            ],
        )
    code, document, _ = check(run)
    assert (code, document["unseen"]) == (1, [])
    assert kinds(document) == {
        f"{HOST}/jobs:v1": ["platform-missing", "unpinned"],
        f"{HOST}/jobs:v2": ["gone", "unpinned"],
    }
    assert document["images"][0]["used_by"] == [
        {"kind": "rule", "name": "default/nightly", "container": "app"}
    ]
    assert document["images"][0]["digest"] is None


def test_the_digests_of_every_side(
    run: Run, moto: Moto, revisions: ServiceRevisions, lock: LockedFolder
) -> None:
    images = {"v1": manifest_of("old"), "v2": manifest_of("new")}
    digests = moto.push("web", images)
    image = f"{HOST}/web:v2"
    lock.add(image)
    deploy(moto, "front", image, revisions, digests["v1"])
    code, document, _ = check(run, "--lock-file", str(lock.path))
    assert (code, kinds(document)) == (0, {image: ["moved", "unpinned"]})
    assert document["images"][0]["drift"] == {
        "declared": None,
        "locked": digests["v2"],
        "registry": digests["v2"],
        "running": digests["v1"],
    }
    text = run("check-deployed", "--region", REGION, "--lock-file", str(lock.path))
    old, new = digests["v1"].short, digests["v2"].short
    rows = [line.split() for line in text.stdout.splitlines()]
    assert [image, "-", new, new, old] in rows


def test_a_service_that_is_not_there_was_not_looked_at(run: Run, moto: Moto) -> None:
    moto.client("ecs", REGION).create_cluster(clusterName="shop")
    code, document, stderr = check(run, "--cluster", "shop", "--service", "front")
    assert code == 3
    [sentence] = document["unseen"]
    assert sentence.startswith("There is no service 'front' in the account of the credentials, ")
    assert "1 thing could not be looked at." in stderr
    assert "Limited to the cluster shop, the service front" in stderr


def test_without_a_region_the_command_asks_for_one(run: Run, moto: Moto) -> None:
    result = run("check-deployed")
    assert result.exit_code == 2
    assert "--region" in result.stderr


def test_a_profile_is_used(run: Run, moto: Moto, folder: Path) -> None:
    (folder / "config").write_text("[profile shop]\nregion = eu-west-1\n")
    (folder / "credentials").write_text(
        "[shop]\naws_access_key_id = AKIASHOP\naws_secret_access_key = secret\n"
    )
    result = run("check-deployed", "--profile", "shop")
    assert (result.exit_code, result.stderr) == (0, "0 images in use: nothing found.\n")
    result = run("check-deployed", "--profile", "absent", "--region", REGION)
    assert result.exit_code != 0
    assert "absent" in result.stderr


class ManyServices:
    """Amazon ECS and ECR with a number of services, each of an image of its own."""

    def __init__(self, fake: FakeAws, number: int) -> None:
        self.manifests = {
            Digest.of(text.encode()): text for text in map(manifest_of, map(str, range(number)))
        }
        self.names = [f"service-{each}" for each in range(number)]
        self.digests = dict(zip(self.names, self.manifests, strict=True))
        self.calls = fake.requests
        fake.answers |= {
            "ListClusters": (200, {"clusterArns": [self._arn("cluster/shop")]}),
            "ListServices": lambda asked: self._page(
                asked, "serviceArns", [self._arn(f"service/shop/{each}") for each in self.names]
            ),
            "ListTasks": lambda asked: self._page(
                asked, "taskArns", [self._arn(f"task/shop/{each}") for each in self.names]
            ),
            "DescribeServices": self._services,
            "DescribeTasks": self._tasks,
            "DescribeServiceRevisions": self._revisions,
            "ListEventBuses": (200, {"EventBuses": [{"Name": "default"}]}),
            "ListRuleNamesByTarget": (200, {"RuleNames": []}),
            "BatchGetImage": self._images,
            "GetLifecyclePolicy": (400, {"__type": "LifecyclePolicyNotFoundException"}),
        }
        fake.blobs["/2015-03-31/functions/"] = 200, b'{"Functions": []}'
        fake.blobs["/2015-03-31/functions"] = 200, b'{"Functions": []}'
        fake.blobs["/schedules"] = 200, b'{"Schedules": []}'

    @staticmethod
    def _arn(name: str) -> str:
        return f"arn:aws:ecs:{REGION}:{HOME_ACCOUNT}:{name}"

    @staticmethod
    def _page(asked: Mapping[str, Any], key: str, arns: list[str]) -> tuple[int, dict[str, Any]]:
        start = int(asked.get("nextToken", 0))
        end = start + asked["maxResults"]
        further = {"nextToken": str(end)} if end < len(arns) else {}
        return 200, {key: arns[start:end], **further}

    def _services(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        assert len(valid("DescribeServices", "input", asked)["services"]) <= 10
        services = [
            {
                "serviceArn": arn,
                "serviceName": arn.rpartition("/")[2],
                "clusterArn": self._arn("cluster/shop"),
                "desiredCount": 1,
                "runningCount": 1,
                "currentServiceRevisions": [{"arn": arn.replace("service/", "service-revision/")}],
            }
            for arn in asked["services"]
        ]
        return 200, dict(valid("DescribeServices", "output", {"services": services}))

    def _tasks(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        assert len(valid("DescribeTasks", "input", asked)["tasks"]) <= 100
        tasks = []
        for arn in asked["tasks"]:
            name = arn.rpartition("/")[2]
            container = {
                "name": "app",
                "image": f"{HOST}/web@{self.digests[name]}",
                "imageDigest": str(self.digests[name]),
            }
            tasks.append(
                {
                    "taskArn": arn,
                    "clusterArn": self._arn("cluster/shop"),
                    "group": f"service:{name}",
                    "taskDefinitionArn": self._arn(f"task-definition/{name}:1"),
                    "containers": [container],
                }
            )
        return 200, dict(valid("DescribeTasks", "output", {"tasks": tasks}))

    def _revisions(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        arns = valid("DescribeServiceRevisions", "input", asked)["serviceRevisionArns"]
        assert len(arns) <= 20
        found = []
        for arn in arns:
            digest = str(self.digests[arn.rpartition("/")[2]])
            image = f"{HOST}/web@{digest}"
            images = [{"containerName": "app", "image": image, "imageDigest": digest}]
            found.append({"serviceRevisionArn": arn, "containerImages": images})
        answer = {"serviceRevisions": found}
        return 200, dict(valid("DescribeServiceRevisions", "output", answer))

    def _images(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        digests = [each["imageDigest"] for each in asked["imageIds"]]
        assert len(digests) <= 100
        images = [image_answer("x", self.manifests[digest]) for digest in digests]
        for image in images:
            del image["imageId"]["imageTag"]
        return 200, {"images": images}


def test_two_thousand_services_take_as_many_calls_as_they_have_pages(
    run: Run, fake_aws: FakeAws
) -> None:
    many = ManyServices(fake_aws, 2000)
    code, document, _ = check(run)
    assert (code, document["unseen"]) == (0, [])
    assert len(document["images"]) == 2000
    counts = {name: len(fake_aws.asked(name)) for name, _ in many.calls}
    assert counts == {
        "GetCallerIdentity": 1,
        "ListClusters": 1,
        "ListServices": 20,
        "DescribeServices": 200,
        "ListTasks": 20,
        "DescribeTasks": 20,
        "DescribeServiceRevisions": 100,
        "ListEventBuses": 1,
        "ListRuleNamesByTarget": 1,
        "BatchGetImage": 20,
        "GetLifecyclePolicy": 1,
    }
    of_ecr = counts["BatchGetImage"] + counts["GetLifecyclePolicy"]
    assert f"takes {sum(counts.values()) - of_ecr}\ncalls to Amazon ECS" in page(
        "check-deployed.md"
    )


def test_what_may_not_be_read_is_told_once_and_the_rest_is_looked_at(
    run: Run, fake_aws: FakeAws
) -> None:
    ManyServices(fake_aws, 25)
    fake_aws.answers["DescribeTasks"] = access_denied("ecs:DescribeTasks")
    fake_aws.answers["GetLifecyclePolicy"] = access_denied("ecr:GetLifecyclePolicy")
    fake_aws.blobs.pop("/schedules")
    code, document, stderr = check(run)
    assert code == 3
    assert len(document["images"]) == 25
    tasks, schedules, policy = document["unseen"]
    assert "tasks of arn:aws:ecs" in tasks
    assert "ecs:DescribeTasks" in tasks
    assert "schedules could not be read" in schedules
    assert policy.startswith("The repository 'web' could not be read")
    assert stderr.count("\n") == 4


def test_what_is_gone_counts_more_than_what_was_not_seen(run: Run, fake_aws: FakeAws) -> None:
    many = ManyServices(fake_aws, 1)
    fake_aws.answers["DescribeTasks"] = access_denied("ecs:DescribeTasks")
    [digest] = many.manifests
    failure = {"imageId": {"imageDigest": digest}, "failureCode": "ImageNotFound"}
    fake_aws.answers["BatchGetImage"] = 200, {"images": [], "failures": [failure]}
    code, document, _ = check(run)
    assert code == 1
    assert [image["findings"][0]["kind"] for image in document["images"]] == ["gone"]


def test_an_archived_image(run: Run, fake_aws: FakeAws) -> None:
    many = ManyServices(fake_aws, 1)
    [digest] = many.manifests
    failure = {"imageId": {"imageDigest": digest}, "failureCode": "ImageInaccessible"}
    fake_aws.answers["BatchGetImage"] = 200, {"images": [], "failures": [failure]}
    detail = {"imageDigest": digest, "imagePushedAt": 1790000000.0, "imageStatus": "ARCHIVED"}
    fake_aws.answers["DescribeImages"] = 200, {"imageDetails": [detail]}
    code, document, _ = check(run)
    assert (code, document["unseen"]) == (1, [])
    assert [each["kind"] for each in document["images"][0]["findings"]] == ["archived"]


def test_a_function_of_an_image(run: Run, fake_aws: FakeAws) -> None:
    many = ManyServices(fake_aws, 1)
    fake_aws.answers["ListClusters"] = 200, {"clusterArns": []}
    [digest] = many.manifests
    listed = {"FunctionName": "resize", "PackageType": "Image", "Version": "$LATEST"}
    arn = f"arn:aws:lambda:{REGION}:{HOME_ACCOUNT}:function:resize"
    code = {"ImageUri": f"{HOST}/web@{digest}", "ResolvedImageUri": f"{HOST}/web@{digest}"}
    answer = {"Configuration": {**listed, "FunctionArn": arn}, "Code": code}
    versions = [listed, {**listed, "Version": "1"}, {"FunctionName": "z", "PackageType": "Zip"}]
    content = json.dumps({"Functions": versions}).encode()
    fake_aws.blobs["/2015-03-31/functions/"] = 200, content
    fake_aws.blobs["/2015-03-31/functions"] = 200, content
    fake_aws.blobs["/2015-03-31/functions/resize"] = 200, json.dumps(answer).encode()
    _, document, _ = check(run)
    [image] = document["images"]
    assert image["used_by"] == [{"kind": "function", "name": arn, "container": ""}]
    assert (image["digest"], image["findings"]) == (digest, [])


def test_the_page_shows_what_is_printed(
    run: Run,
    moto: Moto,
    revisions: ServiceRevisions,
    lock: LockedFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = moto.push("web", {"v1": manifest_of("old")})["v1"]
    api = moto.push("api", {"2.4": manifest_of("api")})["2.4"]
    put_untagged_rule(moto, "api")
    lock.add(f"{HOST}/web:v1", f"{HOST}/api:2.4")
    deploy(moto, "front", f"{HOST}/web:v1", revisions, old)
    deploy(moto, "api", f"{HOST}/api:2.4@{api}", revisions, api)
    move(moto, "web", "v1", manifest_of("new"))
    monkeypatch.setenv("COLUMNS", "110")
    for title, arguments in (
        ("what is wrong", []),
        ("the drift", ["--lock-file", "pinned-images.lock.json"]),
    ):
        command, _, printed = example("check-deployed.md", title).partition("\n")
        assert command == " ".join(["$ pinned-images check-deployed", *arguments])
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        result = run("check-deployed", *arguments)
        assert undated(result.stdout + result.stderr) == undated(printed)


def undated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", "2027-01-01", text)


def test_the_policy_of_the_page_has_every_action_that_is_asked_for(
    run: Run, fake_aws: FakeAws
) -> None:
    policy = json.loads(example("check-deployed.md", "policy"))
    [statement] = policy["Statement"]
    actions = {action.partition(":")[2] for action in statement["Action"]}
    ManyServices(fake_aws, 1)
    check(run)
    assert {name for name, _ in fake_aws.requests} - {"GetCallerIdentity"} <= actions
    assert not [
        each for each in actions if not each.startswith(("List", "Describe", "Get", "Batch"))
    ]
    assert actions >= {"DescribeTaskDefinition", "ListTargetsByRule", "GetSchedule", "GetFunction"}


def test_credentials_that_are_missing_are_told_once(
    run: Run, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    code, document, stderr = check(run)
    assert (code, document["images"]) == (3, [])
    [sentence] = document["unseen"]
    assert sentence.startswith("In eu-west-1, clusters, event buses, schedules, functions could")
    assert stderr.count("\n") == 2


def test_protect_takes_what_is_in_use(
    run: Run, moto: Moto, revisions: ServiceRevisions, folder: Path
) -> None:
    digest = moto.push("web", {"v1": manifest_of("web")})["v1"]
    put_untagged_rule(moto, "web")
    deploy(moto, "front", f"{HOST}/web:v1@{digest}", revisions, digest)
    result = run("check-deployed", "--region", REGION, "--json", "--fail-on", "expiring")
    assert result.exit_code == 1
    (folder / "deployed.json").write_text(result.stdout)
    assert run("protect", "--deployed", "deployed.json").exit_code == 0
    code, document, _ = check(run, "--fail-on", "expiring")
    assert (code, document["images"][0]["findings"]) == (0, [])


def test_the_drift_from_the_last_synth_of_the_app(
    run: Run, moto: Moto, revisions: ServiceRevisions, folder: Path
) -> None:
    digests = moto.push("web", {"v1": manifest_of("old"), "v2": manifest_of("new")})
    image = f"{HOST}/web:v2"
    deploy(moto, "front", f"{image}@{digests['v1']}", revisions, digests["v1"])
    record = SiteRecord(
        "Shop",
        "Shop/Web",
        "AWS::ECS::TaskDefinition",
        "ContainerDefinitions[0].Image",
        image,
        "registry",
        pinned=f"{image}@{digests['v2']}",
        digest=digests["v2"],
    )
    (folder / "cdk.out").mkdir()
    (folder / "cdk.out" / FILE_NAME).write_text(SynthReport.of([record]).to_json())
    _, document, _ = check(run, "--app", "cdk.out")
    assert document["images"][0]["drift"] == {
        "declared": digests["v2"],
        "locked": None,
        "registry": digests["v2"],
        "running": digests["v1"],
    }


def test_several_regions_are_one_list(run: Run, moto: Moto, revisions: ServiceRevisions) -> None:
    digest = moto.push("web", {"v1": manifest_of("web")})["v1"]
    deploy(moto, "front", f"{HOST}/web:v1@{digest}", revisions, digest)
    _, document, _ = check(run, "--region", "us-east-1", "--region", REGION)
    assert document["unseen"] == []
    assert [image["used_by"][0]["name"] for image in document["images"]] == [
        f"arn:aws:ecs:{REGION}:{HOME_ACCOUNT}:service/shop/front"
    ]


def test_schedules_start_tasks(run: Run, moto: Moto) -> None:
    moto.push("jobs", {"v1": manifest_of("job")})
    ecs, scheduler = moto.client("ecs", REGION), moto.client("scheduler", REGION)
    cluster = ecs.create_cluster(clusterName="shop")["cluster"]["clusterArn"]
    answer = ecs.register_task_definition(
        family="job",
        containerDefinitions=[{"name": "app", "image": f"{HOST}/jobs:v1", "memory": 128}],
    )
    role = f"arn:aws:iam::{HOME_ACCOUNT}:role/run"
    scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": cluster,
            "RoleArn": role,
            "EcsParameters": {"TaskDefinitionArn": answer["taskDefinition"]["taskDefinitionArn"]},
        },
    )
    _, document, _ = check(run)
    assert document["unseen"] == []
    [image] = document["images"]
    [user] = image["used_by"]
    assert (user["kind"], image["digest"]) == ("schedule", None)
    assert user["name"].endswith(":schedule/default/nightly")


def test_markdown_and_a_page_are_written_too(
    run: Run, moto: Moto, revisions: ServiceRevisions
) -> None:
    digest = moto.push("web", {"v1": manifest_of("web")})["v1"]
    deploy(moto, "front", f"{HOST}/web:v1", revisions, digest)
    markdown = run("check-deployed", "--region", "eu-west-1", "--markdown")
    assert "### Images in use" in markdown.stdout
    assert f"`{HOST}/web:v1`" in markdown.stdout
    page = run("check-deployed", "--region", "eu-west-1", "--html")
    assert page.stdout.startswith("<!doctype html>")
    assert f">{HOST}/web:v1</a>" in page.stdout
    both = run("check-deployed", "--html", "--markdown")
    assert both.exit_code == 2
