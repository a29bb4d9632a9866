"""A pipeline of CDK Pipelines that deploys one service to two accounts."""

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from pinned_images import PinImages

REGION = "eu-west-1"
TOOLS, STAGING, PRODUCTION = "111111111111", "222222222222", "333333333333"


class Shop(cdk.Stage):
    """All that one environment runs."""

    def __init__(self, scope: Construct, name: str, account: str) -> None:
        """Create the stacks of the environment."""
        super().__init__(scope, name, env=cdk.Environment(account=account, region=REGION))
        task = ecs.FargateTaskDefinition(cdk.Stack(self, "Web"), "Task")
        task.add_container("web", image=ecs.ContainerImage.from_registry("ghcr.io/acme/shop:2.4.1"))


app = cdk.App()
stack = cdk.Stack(app, "Pipeline", env=cdk.Environment(account=TOOLS, region=REGION))
pipeline = pipelines.CodePipeline(
    stack,
    "Pipeline",
    cross_account_keys=True,
    synth=pipelines.ShellStep(
        "Synth",
        input=pipelines.CodePipelineSource.s3(
            s3.Bucket.from_bucket_name(stack, "Source", "shop-source"), "shop.zip"
        ),
        commands=["pip install -r requirements.txt", "npx cdk synth"],
        # The commit decides what is deployed: its lock file has every digest.
        env={"PINNED_IMAGES_UPDATE": "never"},
    ),
)
for name, account in (("Staging", STAGING), ("Production", PRODUCTION)):
    stage = Shop(app, name, account)
    PinImages.apply_to(stage)  # before it is added: `add_stage` synthesizes it
    pipeline.add_stage(stage)

PinImages.apply_to(app)
app.synth()
