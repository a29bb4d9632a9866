#!/usr/bin/env python3
"""An example app: a web shop with images from many registries, every one pinned at synth."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from pinned_images import ImmutableTags, PinImages

REGION = "eu-west-1"
STAGING, PRODUCTION = "222222222222", "333333333333"
SHARED = "444444444444"


class WebStack(cdk.Stack):
    """A load-balanced service with sidecars, and a scheduled task."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        """Make the stack."""
        super().__init__(scope, construct_id, env=env)
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        # What the shop's own pipeline builds; images in use have a tag by 'pinned-images protect'.
        ecr.Repository(
            self,
            "Builds",
            repository_name="shop/builds",
            lifecycle_rules=[
                ecr.LifecycleRule(tag_prefix_list=["in-use-"], max_image_count=9999),
                ecr.LifecycleRule(
                    tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(14)
                ),
            ],
        )

        task = ecs.FargateTaskDefinition(self, "Task", cpu=512, memory_limit_mib=1024)
        web = task.add_container("web", image=ecs.ContainerImage.from_registry("acme/shop:2.4.1"))
        web.add_port_mappings(ecs.PortMapping(container_port=8080))
        task.add_container("proxy", image=ecs.ContainerImage.from_registry("nginx:1.27"))
        # In the ECR registry of the account that all others share.
        router = ecr.Repository.from_repository_attributes(
            self,
            "Router",
            repository_arn=f"arn:aws:ecr:{REGION}:{SHARED}:repository/platform/router",
            repository_name="platform/router",
        )
        task.add_container("router", image=ecs.ContainerImage.from_ecr_repository(router, "3.2"))
        task.add_container(
            "traces",
            image=ecs.ContainerImage.from_registry("public.ecr.aws/xray/aws-xray-daemon:3.x"),
        )
        task.add_container(
            "metrics",
            image=ecs.ContainerImage.from_registry(
                "ghcr.io/open-telemetry/opentelemetry-collector-releases"
                "/opentelemetry-collector:0.116.1"
            ),
        )
        patterns.ApplicationLoadBalancedFargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            desired_count=2,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        patterns.ScheduledFargateTask(
            self,
            "Cleanup",
            cluster=cluster,
            schedule=autoscaling.Schedule.rate(cdk.Duration.hours(6)),
            scheduled_fargate_task_image_options=patterns.ScheduledFargateTaskImageOptions(
                image=ecs.ContainerImage.from_registry("redis:7.4-alpine"),
                command=["redis-cli", "-h", "cache", "FLUSHDB"],
                memory_limit_mib=512,
            ),
        )


class ReportsStack(cdk.Stack):
    """A task on Graviton; its image has to have a manifest for linux/arm64."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        """Make the stack."""
        super().__init__(scope, construct_id, env=env)
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            runtime_platform=ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64),
        )
        task.add_container("reports", image=ecs.ContainerImage.from_registry("acme/reports:5.0"))
        # In the company's own registry: ECS logs in there with this secret, and so does the synth.
        login = secretsmanager.Secret.from_secret_name_v2(self, "Login", "registry-login")
        task.add_container(
            "ledger",
            image=ecs.ContainerImage.from_registry(
                "registry.acme.example/finance/ledger:7.1", credentials=login
            ),
        )
        # The platform team says in a parameter of each account which agent runs there.
        agent = ssm.StringParameter.value_for_string_parameter(self, "/platform/agent-image")
        task.add_container("agent", image=ecs.ContainerImage.from_registry(agent))


class Shop(cdk.Stage):
    """All that one environment holds."""

    def __init__(self, scope: Construct, construct_id: str, *, account: str) -> None:
        """Make the stage."""
        super().__init__(scope, construct_id)
        env = cdk.Environment(account=account, region=REGION)
        WebStack(self, "Web", env=env)
        ReportsStack(self, "Reports", env=env)


app = cdk.App()
Shop(app, "Staging", account=STAGING)
Shop(app, "Production", account=PRODUCTION)

# A tag of the shop's own repositories stays on its image, but for those that are meant to move.
ImmutableTags.apply_to(app, mutable_tags=["latest", "cache-*"])

# Where no role is named the CDK's lookup role is assumed, which may read images and no secrets.
PinImages.apply_to(
    app,
    ecr_roles={
        account: f"arn:aws:iam::{account}:role/registry-login-reader"
        for account in (STAGING, PRODUCTION)
    },
)

app.synth()
