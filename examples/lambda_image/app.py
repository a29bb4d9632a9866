"""An AWS Lambda function whose code is a container image in Amazon ECR."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_lambda as lambda_

from pinned_images import PinImages

app = cdk.App()
env = cdk.Environment(account="123456789012", region="eu-west-1")
stack = cdk.Stack(app, "Thumbnails", env=env)

images = ecr.Repository.from_repository_name(stack, "Images", "shop/thumbnails")
function = lambda_.DockerImageFunction(
    stack,
    "Function",
    code=lambda_.DockerImageCode.from_ecr(images, tag_or_digest="1.4"),
    architecture=lambda_.Architecture.ARM_64,
)
# A new digest is a new version, to which the alias moves.
function.add_alias("live")

PinImages.apply_to(app)
app.synth()
