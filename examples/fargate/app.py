"""A load-balanced web service on AWS Fargate, with a sidecar and a nightly job."""

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns

from pinned_images import PinImages

app = cdk.App()
stack = cdk.Stack(app, "Web")

service = patterns.ApplicationLoadBalancedFargateService(
    stack,
    "Service",
    task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
        image=ecs.ContainerImage.from_registry("nginx:1.27")
    ),
    runtime_platform=ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64),
)
service.task_definition.add_container(
    "traces",
    image=ecs.ContainerImage.from_registry("public.ecr.aws/xray/aws-xray-daemon:3.x"),
)

patterns.ScheduledFargateTask(
    stack,
    "Cleanup",
    cluster=service.cluster,
    schedule=autoscaling.Schedule.cron(minute="0", hour="3"),
    scheduled_fargate_task_image_options=patterns.ScheduledFargateTaskImageOptions(
        image=ecs.ContainerImage.from_registry("redis:7.4-alpine"), memory_limit_mib=512
    ),
)

PinImages.apply_to(app)
app.synth()
