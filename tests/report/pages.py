"""Pages as teams have them: an app that is fine, one with failures, a large one, a hostile one."""

from __future__ import annotations

from dataclasses import replace

from pinned_images.ecr.used_images import Drift, Finding, UsedImage
from pinned_images.ecr.workloads import Use
from pinned_images.reference import Digest, ImageReference
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.comparison.comparison_html import render_comparison_html
from pinned_images.report.comparison.synth_comparison import SynthComparison
from pinned_images.report.deployed import render_deployed_html
from pinned_images.report.html import render_html
from tests.report.conftest import HOSTILE, a_record, unpinned

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ASSET = f"{ECR}/cdk-hnb659fds-container-assets-123456789012-eu-west-1:{'5' * 64}"
LONG = "registry.example.com/" + "/".join(["a-folder-in-a-folder"] * 8) + ":" + "9" * 120


def digest_of(image: str) -> str:
    return str(Digest.of(image.encode()))


def pinned(image: str, **changes: object) -> SiteRecord:
    digest = digest_of(image)
    return a_record(reference=image, pinned=f"{image}@{digest}", digest=digest, **changes)


FINE = [
    pinned("nginx:1.27", container="web", origin="registry-1.docker.io"),
    pinned(
        "public.ecr.aws/aws-observability/aws-otel-collector:v0.40.0",
        container="otel",
        property_path="ContainerDefinitions[1].Image",
        resolved_by="lock-file",
        origin="pinned-images.lock.json",
        platforms=("linux/amd64", "linux/arm64", "windows/amd64"),
    ),
    pinned("nginx:1.27", container="web", construct_path="Shop/Admin/Task"),
    pinned(
        f"{ECR}/shop/api:2026-11-20.4",
        stack="Shop-Api",
        construct_path="Shop/Api/Service/TaskDef",
        container="api",
        resolved_by="ecr-api",
        origin=ECR,
        parameters=("123456789012 eu-west-1 /shop/api/image",),
    ),
    pinned(
        "ghcr.io/acme/agent:1.8",
        stack="Shop-Api",
        construct_path="Shop/Api/Service/TaskDef",
        container="agent",
        resolved_by="lock-file",
        origin="pinned-images.lock.json",
    ),
    unpinned(
        stack="Shop-Jobs",
        construct_path="Shop/Jobs/Resize",
        resource_type="AWS::Lambda::Function",
        property_path="Code.ImageUri",
        reference=ASSET,
        resolved_by="asset",
    ),
    unpinned(
        stack="Shop-Jobs",
        construct_path="Shop/Jobs/Nightly",
        reference="quay.io/acme/report:nightly",
        container="report",
        resolved_by="exempt",
        reason="Built each night; the team reads yesterday's report from the newest image.",
    ),
]

FAILED = (
    [
        unpinned(
            construct_path=f"Shop/Web/Task{number}",
            reference=f"{ECR}/shop/service-{number}:3",
            container="app",
            resolved_by="failed",
            reason=f"The image {ECR}/shop/service-{number}:3 at ContainerDefinitions[0].Image "
            "is not in its registry: push the tag, or name one that exists.",
        )
        for number in range(6)
    ]
    + [
        unpinned(
            stack=stack,
            construct_path=f"Shop/Down/Task{number}",
            reference=f"registry.example.com/tool{number}:1",
            resolved_by="failed",
            reason="Not reached.",
            cause="cannot be resolved: registry.example.com did not answer in 10 s. Try again.",
        )
        for number, stack in enumerate(["Shop-Web", "Shop-Api", "Shop-Jobs", "Shop-Web"])
    ]
    + [
        unpinned(
            reference=LONG,
            construct_path="Shop/Web/" + "VeryLongConstructName" * 12,
            resolved_by="failed",
            reason="x" * 700,
        )
    ]
)


def many(images: int, stacks: int) -> list[SiteRecord]:
    return [
        replace(
            pinned(
                f"ghcr.io/acme/service-{number % 700}:{number % 9}.{number % 31}",
                stack=f"Production/Stack{number % stacks}",
                construct_path=f"Production/Stack{number % stacks}/Service{number}",
                container=f"c{number}",
            ),
            platforms=("linux/amd64",) if number % 3 else ("linux/amd64", "linux/arm64"),
        )
        for number in range(images)
    ]


CHANGED = [
    replace(FINE[0], digest=digest_of("nginx moved"), platforms=("linux/amd64",)),
    replace(FINE[1], reference="public.ecr.aws/aws-observability/aws-otel-collector:v0.41.0"),
    replace(FINE[2], digest=digest_of("nginx moved"), platforms=("linux/amd64",)),
    replace(FINE[4], stack="Shop-Web"),
    replace(FINE[5], reference=ASSET.replace("5" * 64, "6" * 64)),
    pinned("quay.io/acme/report:nightly", stack="Shop-Jobs", construct_path="Shop/Jobs/Nightly"),
    pinned("ghcr.io/acme/new:1", construct_path="Shop/Web/New"),
    *FAILED[:1],
]

STEERING = "javascript:alert(1)//\u202e\x07 onerror=alert(1) </style></script><img src=x>"

HOSTILE_RECORDS = [
    a_record(
        stack=f"{text}{number}",
        construct_path=text,
        property_path=text,
        container=text,
        reference=reference,
        digest=text,
        platforms=(text, "linux/amd64"),
        platform=text,
        origin=text,
        reason=text,
        parameters=(text,),
        cause=cause,
        resolved_by=by,
    )
    for number, text in enumerate([HOSTILE, STEERING, "w" * 300, "/" * 300, "\ud800"])
    for reference in (text, "nginx:1.25")
    for by, cause in (
        ("registry", None),
        ("exempt", None),
        ("failed", None),
        ("failed", f"are gone{text}"),
    )
]


def used(image: str, *findings: Finding, drift: Drift | None = None) -> UsedImage:
    cluster = "arn:aws:ecs:eu-west-1:123456789012:service/production"
    uses = tuple(Use(kind="service", name=f"{cluster}/{name}", image=image) for name in "ab")
    return UsedImage(
        ImageReference.parse(image), Digest(digest_of(image)), uses, findings, drift=drift
    )


DEPLOYED = [
    used(
        f"{ECR}/shop/api:v7",
        Finding("gone", "The image shop/api:v7 is gone: the next scale-out of api fails."),
        Finding("moved", "The tag v7 leads to another image now."),
        drift=Drift(digest_of("new"), digest_of("new"), None, digest_of("old")),
    ),
    used("nginx:1.27"),
    used("ghcr.io/acme/agent:1.8", drift=Drift(None, digest_of("a"), digest_of("a"), None)),
    *(
        used(f"quay.io/acme/{name}:1", Finding("expiring", f"{name} expires on 3 May {LONG}"))
        for name in ("one", "two", "three", "four", "five")
    ),
]


def pages() -> dict[str, str]:
    """The pages by name."""
    return {
        "fine": render_html(SynthReport.of(FINE), app="shop"),
        "failures": render_html(SynthReport.of(FINE + FAILED), app="shop"),
        "stacks": render_html(SynthReport.of(many(200, stacks=20)), app="shop"),
        "many": render_html(SynthReport.of(many(2_000, stacks=40)), app="shop"),
        "hostile": render_html(SynthReport.of(HOSTILE_RECORDS), app=HOSTILE),
        "empty": render_html(SynthReport()),
        "changes": render_comparison_html(
            SynthComparison.of(SynthReport.of(FINE), SynthReport.of(CHANGED)), app="shop"
        ),
        "hostile-changes": render_comparison_html(
            SynthComparison.of(SynthReport.of(HOSTILE_RECORDS), SynthReport.of(FINE)), app=HOSTILE
        ),
        "deployed": render_deployed_html(DEPLOYED, ["The schedules could not be read: no access."]),
    }
