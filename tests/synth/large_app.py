"""An app with much of what CDK has to offer, to see what pinning changes in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_cdk import (
    App,
    Aws,
    CfnCondition,
    CfnMapping,
    CfnOutput,
    CfnParameter,
    CfnResource,
    CfnTag,
    Duration,
    Environment,
    Fn,
    NestedStack,
    RemovalPolicy,
    Size,
    Stack,
    Stage,
    Tags,
    Token,
    custom_resources,
)
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_batch as batch
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")


def large_app(outdir: Path, source: Path) -> App:
    """The app.

    Args:
        outdir: Where it is synthesized to.
        source: A folder with a Dockerfile that assets are made of.
    """
    app = App(outdir=str(outdir))
    Tags.of(app).add("team", "shop")
    network = Network(app, "Network", env=ENVIRONMENT, cross_region_references=True)
    Web(app, "Web", network, source)
    Functions(app, "Functions", network, source)
    Kubernetes(app, "Kubernetes", network)
    Elsewhere(app, "Elsewhere", network)
    stage = Stage(app, "Production", env=ENVIRONMENT)
    Web(stage, "Web", Network(stage, "Network"), source)
    return app


class Network(Stack):
    """What other stacks refer to."""

    def __init__(self, scope: Construct, construct_id: str, **arguments: Any) -> None:
        super().__init__(scope, construct_id, **arguments)
        self.vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=1)
        self.repository = ecr.Repository(
            self, "Repository", repository_name="shop", removal_policy=RemovalPolicy.DESTROY
        )
        CfnOutput(self, "VpcId", value=self.vpc.vpc_id, export_name="the-vpc")


class Web(Stack):
    """Services with sidecars, a nested stack, conditions, parameters and escape hatches."""

    def __init__(self, scope: Construct, construct_id: str, network: Network, source: Path) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        cluster = ecs.Cluster(self, "Cluster", vpc=network.vpc)
        service = self._service(cluster, network.repository, source)
        self._escape_hatches(service.task_definition)
        self._conditions()
        Scheduled(self, "Scheduled", cluster)
        asset = assets.Asset(self, "Asset", path=str(source))
        CfnOutput(self, "Asset Url", value=asset.s3_object_url)
        CfnOutput(self, "Image", value=network.repository.repository_uri_for_tag("2.4"))
        CfnOutput(self, "Task", value=service.task_definition.task_definition_arn)

    def _service(
        self, cluster: ecs.ICluster, repository: ecr.IRepository, source: Path
    ) -> patterns.ApplicationLoadBalancedFargateService:
        password = secrets.Secret(self, "Password")
        service = patterns.ApplicationLoadBalancedFargateService(
            self,
            "Service",
            cluster=cluster,
            desired_count=2,
            task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
                image=ecs.ContainerImage.from_ecr_repository(repository, "2.4"),
                environment={"REGION": Aws.REGION, "IMAGE": "nginx:1.27"},
                secrets={"PASSWORD": ecs.Secret.from_secrets_manager(password)},
            ),
        )
        service.task_definition.add_container(
            "proxy",
            image=ecs.ContainerImage.from_registry("nginx:1.27"),
            logging=ecs.LogDrivers.firelens(options={"Name": "null"}),
            health_check=ecs.HealthCheck(command=["CMD", "true"]),
        )
        service.task_definition.add_container(
            "built", image=ecs.ContainerImage.from_asset(str(source)), essential=False
        )
        service.service.auto_scale_task_count(max_capacity=4).scale_on_cpu_utilization(
            "Cpu", target_utilization_percent=60
        )
        return service

    def _escape_hatches(self, definition: ecs.TaskDefinition) -> None:
        resource = definition.node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_property_override("ContainerDefinitions.0.User", "1000")
        resource.add_property_deletion_override("Family")
        resource.add_override("Metadata.Team", "shop")
        resource.add_resource_dependency(
            CfnResource(self, "First", type="AWS::CloudFormation::WaitConditionHandle")
        )

    def _conditions(self) -> None:
        size = CfnParameter(self, "Size", default="small", allowed_values=["small", "large"])
        large = CfnCondition(self, "Large", expression=Fn.condition_equals(size, "large"))
        versions = CfnMapping(self, "Versions", mapping={"cache": {"small": "7.2", "large": "7.4"}})
        conditional = Fn.condition_if(
            large.logical_id,
            Fn.join(":", ["redis", versions.find_in_map("cache", "large")]),
            Fn.sub("redis:${Version}", {"Version": versions.find_in_map("cache", "small")}),
        )
        task = ecs.CfnTaskDefinition(
            self,
            "Cache",
            family="cache",
            container_definitions=[
                ecs.CfnTaskDefinition.ContainerDefinitionProperty(
                    name="cache", image=Token.as_string(conditional), memory=128
                )
            ],
            tags=[CfnTag(key="size", value=size.value_as_string)],
        )
        task.cfn_options.condition = large
        CfnResource(
            self,
            "RawJob",
            type="AWS::Batch::JobDefinition",
            properties={
                "Type": "container",
                "ContainerProperties": {
                    "Image": "acme/job:1",
                    "Environment": [{"Name": "SIZE", "Value": size.value_as_string}],
                },
            },
        )


class Scheduled(NestedStack):
    """Its template is an asset, whose hash stands in the parent's template."""

    def __init__(self, scope: Construct, construct_id: str, cluster: ecs.ICluster) -> None:
        super().__init__(scope, construct_id)
        patterns.ScheduledFargateTask(
            self,
            "Cleanup",
            cluster=cluster,
            schedule=autoscaling.Schedule.rate(Duration.hours(6)),
            scheduled_fargate_task_image_options=patterns.ScheduledFargateTaskImageOptions(
                image=ecs.ContainerImage.from_registry("redis:7.4-alpine"), memory_limit_mib=512
            ),
        )


class Functions(Stack):
    """Functions in zip files and in images, a published version, a table, a build project."""

    def __init__(self, scope: Construct, construct_id: str, network: Network, source: Path) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        )
        zipped = lambda_.Function(
            self,
            "Zipped",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(source)),
            vpc=network.vpc,
        )
        table.grant_read_data(zipped)
        image = lambda_.DockerImageFunction(
            self,
            "Image",
            code=lambda_.DockerImageCode.from_ecr(network.repository, tag_or_digest="function-3"),
        )
        lambda_.Alias(self, "Live", alias_name="live", version=image.current_version)
        codebuild.Project(
            self,
            "Build",
            build_spec=codebuild.BuildSpec.from_object({"version": "0.2"}),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.from_docker_registry("ghcr.io/acme/build:22")
            ),
        )
        batch.EcsJobDefinition(
            self,
            "Job",
            container=batch.EcsFargateContainerDefinition(
                self,
                "JobContainer",
                image=ecs.ContainerImage.from_registry("acme/job:2"),
                cpu=1,
                memory=Size.gibibytes(2),
            ),
        )
        custom_resources.AwsCustomResource(
            self,
            "Call",
            on_update=custom_resources.AwsSdkCall(
                service="s3",
                action="listBuckets",
                physical_resource_id=custom_resources.PhysicalResourceId.of("call"),
            ),
            policy=custom_resources.AwsCustomResourcePolicy.from_sdk_calls(
                resources=custom_resources.AwsCustomResourcePolicy.ANY_RESOURCE
            ),
        )


class Kubernetes(Stack):
    """A cluster with manifests and a chart."""

    def __init__(self, scope: Construct, construct_id: str, network: Network) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        layer = "arn:aws:lambda:eu-west-1:123456789012:layer:kubectl:1"
        cluster = eks.Cluster(
            self,
            "Cluster",
            version=eks.KubernetesVersion.V1_31,
            vpc=network.vpc,
            default_capacity=0,
            kubectl_layer=lambda_.LayerVersion.from_layer_version_arn(self, "Kubectl", layer),
            masters_role=iam.Role(self, "Masters", assumed_by=iam.AccountRootPrincipal()),
        )
        cluster.add_manifest(
            "Web",
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web", "annotations": {"vpc": network.vpc.vpc_id}},
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [
                                {
                                    "name": "web",
                                    "image": network.repository.repository_uri_for_tag("2.4"),
                                },
                                {"name": "proxy", "image": "nginx:1.27", "args": ['"', "\\", "é"]},
                            ]
                        }
                    }
                },
            },
        )
        cluster.add_helm_chart("Chart", chart="chart", values={"replicas": 2})


class Elsewhere(Stack):
    """A stack in another region, which refers to one in this region."""

    def __init__(self, scope: Construct, construct_id: str, network: Network) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=ENVIRONMENT.account, region="us-east-1"),
            cross_region_references=True,
        )
        task = ecs.FargateTaskDefinition(self, "Task")
        task.add_container(
            "app", image=ecs.ContainerImage.from_ecr_repository(network.repository, "2.4")
        )
        CfnOutput(self, "Repository", value=json.dumps({"arn": network.repository.repository_arn}))
