# mypy: ignore-errors
from aws_cdk import App
from aws_cdk.assertions import Match, Template
from pinned_images.testing import FixedResolver, assert_pinned, masking
from syrupy.filters import props

from shop import build

NGINX = "sha256:" + "1a" * 32
REDIS = "sha256:" + "2b" * 32


def test_every_image_is_pinned(synthesize, fixed_resolver):
    app = synthesize(build(App(), resolver=fixed_resolver))
    images = assert_pinned(app)
    assert sorted(image.repository for image in images) == [
        "library/nginx",
        "library/redis",
        "shop/report",
    ]


def test_a_test_may_choose_the_digests(synthesize):
    resolver = FixedResolver.derived({"nginx:1.27": NGINX, "redis:7.4": REDIS})
    app = synthesize(build(App(), resolver=resolver))
    template = Template.from_json(app.template("Production/Shop"))
    containers = [
        Match.object_like({"Name": "web", "Image": f"nginx:1.27@{NGINX}"}),
        Match.object_like({"Name": "cache", "Image": f"redis:7.4@{REDIS}"}),
    ]
    template.has_resource_properties(
        "AWS::ECS::TaskDefinition", {"ContainerDefinitions": containers}
    )


def test_an_unknown_image_stops_the_synth(synthesize):
    resolver = FixedResolver({"nginx:1.27": NGINX, "redis:7.4": REDIS})
    app = synthesize(build(App(), resolver=resolver), check=False)
    assert app.errors
    assert all("ghcr.io/shop/report:2026.10" in error for error in app.errors)


def test_template(synthesize, fixed_resolver, template_snapshot):
    app = synthesize(build(App(), resolver=fixed_resolver))
    assert app.template("Shop") == template_snapshot(
        matcher=masking(asset_hashes=True),
        exclude=props("BootstrapVersion", "CheckBootstrapVersion", "CDKMetadata"),
    )


def test_a_tag_that_moves_changes_its_digest_alone(synthesize, registry):
    for image in ("docker.io/library/nginx:1.27", "docker.io/library/redis:7.4"):
        registry.push(image, platforms=("linux/amd64", "linux/arm64"))
    registry.push("ghcr.io/shop/report:2026.10")

    before = assert_pinned(synthesize(build(App(), mirrors=registry.mirrors)))
    moved = registry.move_tag("docker.io/library/nginx:1.27")
    after = assert_pinned(synthesize(build(App(), mirrors=registry.mirrors)))

    assert [image.digest for image in after if image not in before] == [moved]
