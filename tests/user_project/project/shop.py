"""The infrastructure of a small shop: a web service, and a report every night."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, Environment, Stack, Stage, aws_ecs
from constructs import Construct
from pinned_images import PinImages

IRELAND = Environment(account="123456789012", region="eu-west-1")


class Shop(Stack):
    """The web service with its cache, and the nightly report."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=IRELAND)
        web = aws_ecs.FargateTaskDefinition(self, "Web", cpu=256, memory_limit_mib=512)
        web.add_container("web", image=aws_ecs.ContainerImage.from_registry("nginx:1.27"))
        web.add_container("cache", image=aws_ecs.ContainerImage.from_registry("redis:7.4"))
        report = aws_ecs.FargateTaskDefinition(self, "Report")
        image = aws_ecs.ContainerImage.from_registry("ghcr.io/shop/report:2026.10")
        report.add_container("report", image=image)


def build(app: App, **pinning: Any) -> App:
    """The whole app; `pinning` is handed to `PinImages`."""
    Shop(app, "Shop")
    Shop(Stage(app, "Production"), "Shop")
    PinImages.apply_to(app, **pinning)
    return app


if __name__ == "__main__":
    build(App()).synth()
