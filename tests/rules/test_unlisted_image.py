"""Images where none are looked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.examination import examine_app
from pinned_images.rules import ExaminedResource
from pinned_images.rules.unlisted_image import UNLISTED_IMAGE
from tests.rules.assemblies import DIGEST, coverage, examined, said, task, write_stack

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
REPOSITORY = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "shop/web"}}
UNNAMED = {"Type": "AWS::ECR::Repository", "Properties": {}}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def join(*parts: Any) -> dict[str, Any]:
    return {"Fn::Join": ["", list(parts)]}


def of_repository(name: str, tag: str) -> dict[str, Any]:
    """As `repository.repository_uri_for_tag` renders."""
    arn = {"Fn::Split": [":", {"Fn::GetAtt": [name, "Arn"]}]}
    account, region = {"Fn::Select": [4, arn]}, {"Fn::Select": [3, arn]}
    suffix = {"Ref": "AWS::URLSuffix"}
    return join(account, ".dkr.ecr.", region, ".", suffix, "/", {"Ref": name}, f":{tag}")


def state_machine(**state: Any) -> dict[str, Any]:
    return {"StartAt": "Run", "States": {"Run": {"Type": "Task", "End": True, **state}}}


POD = {"Job": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "busybox"}]}}}}}
IN_POD = "States.Run.Parameters.Job.spec.template.spec.containers[0].image"

WRITE_IT = (
    "Write the digest where the image is written (name:tag@sha256:...); or acknowledge it with a "
    "reason."
)

#: What is mentioned, where and in what: a resource, the image and the place that are told.
MENTIONS = {
    "custom": (resource("Custom::Thing", Image="nginx:1.27"), "nginx:1.27", "Image"),
    "custom, deep": (
        resource("AWS::CloudFormation::CustomResource", Spec={"containerImage": "nginx:1"}),
        "nginx:1",
        "Spec.containerImage",
    ),
    "custom, its own name": (
        resource("Custom::Thing", RunnerImageName="nginx:1"),
        "nginx:1",
        "RunnerImageName",
    ),
    "custom, without tag": (
        resource("Custom::Thing", Image="ghcr.io/acme/app"),
        "ghcr.io/acme/app",
        "Image",
    ),
    "scheme": (resource("Custom::Copy", SrcImage="docker://nginx"), "nginx", "SrcImage"),
    "scheme and host": (
        resource("Custom::Copy", From="docker://quay.io/a/b:1", DestImage=f"docker://{ECR}/b:1"),
        "quay.io/a/b:1",
        "From",
    ),
    "OCI artifact": (
        resource("Custom::Chart", Source="oci://public.ecr.aws/karpenter/karpenter:1.0"),
        "public.ecr.aws/karpenter/karpenter:1.0",
        "Source",
    ),
    "new type": (resource("AWS::Brand::New", ImageUri=f"{ECR}/a:1"), f"{ECR}/a:1", "ImageUri"),
    "environment of a container": (
        task(f"nginx@{DIGEST}", Environment=[{"Name": "RUNNER", "Value": "ghcr.io/a/b:2"}]),
        "ghcr.io/a/b:2",
        "ContainerDefinitions[0].Environment[0].Value",
    ),
    "environment, short": (
        task(f"nginx@{DIGEST}", Environment=[{"Value": "runner:2", "Name": "RUNNER_IMAGE"}]),
        "runner:2",
        "ContainerDefinitions[0].Environment[0].Value",
    ),
    "environment of a function": (
        resource("AWS::Lambda::Function", Environment={"Variables": {"JOB_IMAGE": "job:2"}}),
        "job:2",
        "Environment.Variables.JOB_IMAGE",
    ),
    "Amplify": (
        resource(
            "AWS::Amplify::App",
            EnvironmentVariables=[{"Name": "_CUSTOM_IMAGE", "Value": "acme/build:1"}],
        ),
        "acme/build:1",
        "EnvironmentVariables[0].Value",
    ),
    "parameter of a product": (
        resource(
            "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
            ProvisioningParameters=[{"Key": "WebImage", "Value": "nginx:1"}],
        ),
        "nginx:1",
        "ProvisioningParameters[0].Value",
    ),
    "parameter of a stack set": (
        resource(
            "AWS::CloudFormation::StackSet",
            Parameters=[{"ParameterKey": "Image", "ParameterValue": "nginx:1"}],
        ),
        "nginx:1",
        "Parameters[0].ParameterValue",
    ),
    "container of a job": (
        resource("Custom::Job", Spec={"ContainerProperties": {"Image": "busybox"}}),
        "busybox",
        "Spec.ContainerProperties.Image",
    ),
    "own repository": (
        resource("AWS::SSM::Parameter", Value=of_repository("Repository", "v1")),
        f"{ECR}/shop/web:v1",
        "Value",
    ),
    "own repository, by Fn::Sub": (
        resource("Custom::Thing", Text={"Fn::Sub": "${Repository.RepositoryUri}:v1"}),
        f"{ECR}/shop/web:v1",
        "Text",
    ),
    "own repository without a name": (
        resource("AWS::SSM::Parameter", Value=of_repository("Unnamed", "v1")),
        "${Unnamed.Arn[4]}.dkr.ecr.${Unnamed.Arn[3]}.amazonaws.com/${Unnamed}:v1",
        "Value",
    ),
    "own repository without a name, by its URI": (
        resource("Custom::Thing", A=join({"Fn::GetAtt": ["Unnamed", "RepositoryUri"]}, ":v1")),
        "${Unnamed.RepositoryUri}:v1",
        "A",
    ),
    "tag at deployment": (
        resource("Custom::Thing", A=join("ghcr.io/a/b:", {"Ref": "Tag"})),
        "ghcr.io/a/b:${Tag}",
        "A",
    ),
    "tag with a default": (
        resource("Custom::Thing", Image={"Fn::Sub": "acme/web:${Version}"}),
        "acme/web:1.0",
        "Image",
    ),
    "Dockerfile of a recipe": (
        resource(
            "AWS::ImageBuilder::ContainerRecipe",
            DockerfileTemplateData=(
                "FROM {{{ imagebuilder:parentImage }}}\nCOPY --from=golang:1.23 / /\n"
            ),
        ),
        "golang:1.23",
        "DockerfileTemplateData",
    ),
    "mapping": (
        resource("Custom::Thing", Image={"Fn::FindInMap": ["Images", "all", "web"]}),
        "nginx:1.27",
        "Image",
    ),
    "condition": (
        resource("Custom::Thing", Image={"Fn::If": ["Large", f"a@{DIGEST}", "nginx:1"]}),
        "nginx:1",
        "Image.Fn::If[2]",
    ),
    "condition in a text": (
        resource("Custom::Thing", A=join("ghcr.io/a/b", {"Fn::If": ["Large", f"@{DIGEST}", ":1"]})),
        "ghcr.io/a/b:1",
        "A",
    ),
    "user data": (
        resource("AWS::EC2::Instance", UserData={"Fn::Base64": "docker run quay.io/a/b:1 sh"}),
        "quay.io/a/b:1",
        "UserData.Fn::Base64",
    ),
    "user data, short": (
        resource(
            "AWS::EC2::LaunchTemplate",
            LaunchTemplateData={
                "UserData": {
                    "Fn::Base64": join(
                        "#!/bin/bash\ndocker run -d --name web -p 80:80 \\\n  -e REGION=",
                        {"Ref": "AWS::Region"},
                        " --restart=always nginx\n",
                    )
                }
            },
        ),
        "nginx",
        "LaunchTemplateData.UserData.Fn::Base64",
    ),
    "variable of a script": (
        resource("AWS::EC2::Instance", UserData={"Fn::Base64": 'IMAGE="nginx:1.27"\nrun $IMAGE'}),
        "nginx:1.27",
        "UserData.Fn::Base64",
    ),
    "unit of systemd": (
        resource("AWS::EC2::Instance", UserData="ExecStart=/usr/bin/podman run --rm a/b:1 x\n"),
        "a/b:1",
        "UserData",
    ),
    "CloudFormation init": (
        {
            **resource("AWS::EC2::Instance", ImageId="ami-1"),
            "Metadata": {
                "AWS::CloudFormation::Init": {
                    "config": {"commands": {"1": {"command": "docker pull nginx:1"}}}
                }
            },
        },
        "nginx:1",
        "Metadata.AWS::CloudFormation::Init.config.commands.1.command",
    ),
    "state machine with a pod": (
        resource(
            "AWS::StepFunctions::StateMachine",
            DefinitionString=json.dumps(
                state_machine(Resource="arn:aws:states:::eks:runJob.sync", Parameters=POD)
            ),
        ),
        "busybox",
        f"DefinitionString {IN_POD}",
    ),
    "state machine as an object": (
        resource(
            "AWS::StepFunctions::StateMachine",
            Definition=state_machine(Resource="arn:aws:states:::eks:runJob", Parameters=POD),
        ),
        "busybox",
        f"Definition.{IN_POD}",
    ),
    "state machine with a training job": (
        resource(
            "AWS::StepFunctions::StateMachine",
            DefinitionString=join(
                '{"States":{"T":{"TimeoutSeconds":',
                {"Ref": "Seconds"},
                ',"Parameters":{"AlgorithmSpecification":{"TrainingImage":"',
                of_repository("Repository", "v1"),
                '"}}}}}',
            ),
        ),
        f"{ECR}/shop/web:v1",
        "DefinitionString States.T.Parameters.AlgorithmSpecification.TrainingImage",
    ),
    "state machine with substitutions": (
        resource(
            "AWS::StepFunctions::StateMachine",
            DefinitionString=json.dumps(state_machine(Parameters={"Image": "${Image}"})),
            DefinitionSubstitutions={"Image": "job:1"},
        ),
        "job:1",
        "DefinitionString States.Run.Parameters.Image",
    ),
    "SDK call": (
        resource(
            "Custom::AWS",
            Create=json.dumps(
                {"service": "ECS", "parameters": {"containerDefinitions": [{"image": "redis"}]}}
            ),
        ),
        "redis",
        "Create parameters.containerDefinitions[0].image",
    ),
    "SageMaker pipeline": (
        resource(
            "AWS::SageMaker::Pipeline",
            PipelineDefinition={
                "PipelineDefinitionBody": json.dumps(
                    {"Steps": [{"Arguments": {"AppSpecification": {"ImageUri": "acme/job:1"}}}]}
                )
            },
        ),
        "acme/job:1",
        "PipelineDefinition.PipelineDefinitionBody Steps[0].Arguments.AppSpecification.ImageUri",
    ),
    "Greengrass": (
        resource(
            "AWS::GreengrassV2::ComponentVersion",
            InlineRecipe=json.dumps({"Manifests": [{"Artifacts": [{"Uri": "docker:nginx:1"}]}]}),
        ),
        "nginx:1",
        "InlineRecipe Manifests[0].Artifacts[0].Uri",
    ),
    "Greengrass, YAML": (
        resource(
            "AWS::GreengrassV2::ComponentVersion",
            InlineRecipe="Manifests:\n  - Artifacts:\n      - URI: docker:acme/web:1\n",
        ),
        "acme/web:1",
        "InlineRecipe",
    ),
    "EMR on EKS": (
        resource(
            "AWS::Custom::Job",
            SparkSubmitParameters="--conf spark.kubernetes.container.image=acme/spark:3 --x",
        ),
        "acme/spark:3",
        "SparkSubmitParameters",
    ),
    "EMR on EKS, as a property": (
        resource(
            "Custom::Job", Properties={"spark.kubernetes.driver.container.image": "acme/spark:3"}
        ),
        "acme/spark:3",
        "Properties.spark.kubernetes.driver.container.image",
    ),
    "SSM document": (
        resource(
            "AWS::SSM::Document",
            Content={"mainSteps": [{"action": "aws:runDockerAction", "inputs": {"image": "a:1"}}]},
        ),
        "a:1",
        "Content.mainSteps[0].inputs.image",
    ),
    "buildspec": (
        resource(
            "AWS::CodeBuild::Project",
            Source={
                "BuildSpec": json.dumps(
                    {"batch": {"build-list": [{"env": {"image": "acme/build:1"}}]}}
                )
            },
        ),
        "acme/build:1",
        "Source.BuildSpec batch.build-list[0].env.image",
    ),
    "buildspec, YAML": (
        resource(
            "AWS::CodeBuild::Project",
            Source={"BuildSpec": "batch:\n  build-list:\n  - env:\n      image: acme/build:1\n"},
        ),
        "acme/build:1",
        "Source.BuildSpec",
    ),
    "values of a chart": (
        resource(
            "Custom::AWSCDK-EKS-HelmChart",
            Values=json.dumps(
                {"image": {"registry": "quay.io", "repository": "jetstack/x", "tag": "v1"}}
            ),
        ),
        "quay.io/jetstack/x:v1",
        "Values image",
    ),
    "add-on": (
        resource("AWS::EKS::Addon", ConfigurationValues='{"sidecar":{"image":"acme/x:1"}}'),
        "acme/x:1",
        "ConfigurationValues sidecar.image",
    ),
}


def told(folder: Path, thing: dict[str, Any]) -> Any:
    stack = write_stack(
        folder,
        {"Thing": thing, "Repository": REPOSITORY, "Unnamed": UNNAMED},
        Parameters={
            "Tag": {"Type": "String"},
            "Seconds": {"Type": "Number"},
            "Version": {"Type": "String", "Default": "1.0"},
            "Hidden": {"Type": "String", "Default": "ghcr.io/a/b:1", "NoEcho": True},
        },
        Mappings={"Images": {"all": {"web": "nginx:1.27"}}},
        Conditions={"Large": {"Fn::Equals": ["a", "b"]}},
    )
    return examined(stack).violations


@pytest.mark.parametrize(("thing", "image", "at"), MENTIONS.values(), ids=MENTIONS)
def test_an_image_in_an_unlisted_place_is_a_warning(
    tmp_path: Path, thing: dict[str, Any], image: str, at: str
) -> None:
    [violation] = told(tmp_path, thing)
    assert (violation.rule.id, violation.rule.severity) == ("unlisted-image", "warning")
    assert violation.problem.what == (
        f"The image {image} at {at} is not pinned: images are not looked for there."
    )


#: What apps have that looks like an image, and is none that moves.
LOOK_ALIKES = {
    "pinned": resource("Custom::Thing", Image=f"nginx:1.27@{DIGEST}"),
    "pinned in text": resource("Custom::Thing", Text=f"docker run ghcr.io/a/b:1@{DIGEST} sh"),
    "pinned in JSON": resource("Custom::Thing", Text=json.dumps({"image": f"a:1@{DIGEST}"})),
    "pinned chart": resource(
        "Custom::Chart", Values={"image": {"repository": "a", "tag": "1", "digest": DIGEST}}
    ),
    "pinned by a function": resource("Custom::T", A=join("ghcr.io/a/b@", {"Ref": "Digest"})),
    "asset": resource("Custom::Thing", Image=f"{ECR}/assets:{'b' * 64}"),
    "machine image": resource("Custom::Thing", Image="ami-0123456789"),
    "machine image by parameter": resource("AWS::EC2::Instance", ImageId="resolve:ssm:/x/y:1"),
    "picture": resource("Custom::Thing", ImageUrl="https://example.com/picture.png"),
    "picture on a port": resource("Custom::Thing", ImageUrl="http://example.com:8080/picture"),
    "picture as data": resource("Custom::Thing", Image="data:image/png;base64,iVBORw0KGgo="),
    "another name": resource("Custom::Thing", Name="nginx:1.27"),
    "without tag": resource("Custom::Thing", Text="see ghcr.io/a/b or https://ghcr.io"),
    "page of a registry": resource("Custom::Thing", Text="https://quay.io/repository/a/b:1"),
    "AWS picture": resource("AWS::Lex::Bot", ImageUrl="https://example.com/a.png"),
    "repository": resource("Custom::Policy", Arn="arn:aws:ecr:eu-west-1:1:repository/app"),
    "action": resource("AWS::IAM::Policy", PolicyDocument={"Action": ["ecr:BatchGetImage"]}),
    "task definition": resource(
        "Custom::Run", Image="arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12"
    ),
    "object": resource("Custom::Thing", Image="s3://bucket/ghcr.io/a/b:1", ImageKey="a/b:1"),
    "host and port": resource("Custom::Thing", ImageService="images.example.com:443"),
    "aspect ratio": resource("Custom::Thing", ImageRatio="16:9", Image="3840x2160"),
    "time": resource("Custom::Thing", ImageTime="12:30", ImageSchedule="cron:daily"),
    "pull policy": resource("Custom::Thing", ImagePullPolicy="x:IfNotPresent", ImageTag="v1"),
    "settings": resource("Custom::Thing", ImageScanType="scan:push", ImageId="a:b"),
    "npm package": resource("Custom::Thing", Text="npm install @types/node:18 types/node:18"),
    "maven": resource("Custom::Thing", Text="mvn org.apache.commons:commons-lang3:3.12"),
    "line of a file": resource("Custom::Thing", Text="src/main.py:12: warning"),
    "CodeBuild's": resource(
        "AWS::CodeBuild::Project",
        Source={"BuildSpec": '{"env":{"image":"aws/codebuild/standard:7.0"}}'},
    ),
    "Amplify's": resource(
        "AWS::Amplify::App",
        EnvironmentVariables=[{"Name": "_CUSTOM_IMAGE", "Value": "amplify:al2023"}],
    ),
    "built and pushed": resource(
        "AWS::CodeBuild::Project",
        Source={
            "BuildSpec": join(
                "docker build --tag ",
                *(f"{ECR}/a:1 .\ndocker tag b:1 ", f"{ECR}/c:1\ndocker push {ECR}/c:1"),
            )
        },
    ),
    "repository that a build pushes to": resource(
        "AWS::CodeBuild::Project",
        Environment={
            "EnvironmentVariables": [
                {
                    "Name": "ecr_repo_uri",
                    "Value": join({"Fn::GetAtt": ["Unnamed", "RepositoryUri"]}),
                },
                {"Name": "IMAGE_REPOSITORY_URI", "Value": f"{ECR}/shop/web"},
                {"Name": "IMAGE_REPO", "Value": "ghcr.io/shop/web"},
            ]
        },
    ),
    "tag": resource("AWS::S3::Bucket", Tags=[{"Key": "image", "Value": "ghcr.io/a/b:1"}]),
    "label": task(
        f"nginx@{DIGEST}", DockerLabels={"org.opencontainers.image.base.name": "quay.io/a/b:1"}
    ),
    "prose": resource("AWS::Lambda::Function", Description="Runs the image ghcr.io/a/b:1"),
    "copy": resource("Custom::Copy", DestImage=f"docker://{ECR}/b:1", DestinationImage="b:1"),
    "compose": resource("AWS::EC2::Instance", UserData="docker compose up -d; docker ps"),
    "variable": resource("AWS::EC2::Instance", UserData="docker run $IMAGE ${REG}/team/app:1.0"),
    "path in the state": resource(
        "AWS::StepFunctions::StateMachine",
        DefinitionString=json.dumps(
            state_machine(Parameters={"Image.$": "$.image", "Image": "{% $image %}"})
        ),
    ),
    "chart by its repository": resource(
        "Custom::AWSCDK-EKS-HelmChart", Repository="oci://public.ecr.aws/karpenter/karpenter"
    ),
    "empty": resource("Custom::Thing", Image="", ContainerImage=" ", Sidecar={"image": None}),
    "unknown": resource("Custom::Thing", Image={"Ref": "Tag"}),
    "hidden": resource("Custom::Thing", Image={"Ref": "Hidden"}, Text={"Ref": "Hidden"}),
    "texts about repositories": resource("AWS::ECR::Repository", Text="ghcr.io/a/b:1"),
    "ended service": resource("AWS::RoboMaker::RobotApplication", Environment=f"{ECR}/a:1"),
    "event": resource(
        "AWS::Events::Rule", EventPattern={"detail": {"image-tag": ["latest"], "x": ["a:b"]}}
    ),
    "machine image of a recipe": resource("AWS::ImageBuilder::ImageRecipe", ParentImage="ssm:a"),
}


@pytest.mark.parametrize("thing", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_is_no_unpinned_image_is_passed_over(tmp_path: Path, thing: dict[str, Any]) -> None:
    assert [violation.problem.what for violation in told(tmp_path, thing)] == []


@pytest.mark.parametrize(
    ("thing", "fix"),
    [
        (
            resource("Custom::Thing", Sidecars=[{"Image": "nginx:1.27"}]),
            (
                "Name the property for PinImages to pin it, as in properties={'Custom::Thing': "
                "['Sidecars[].Image']}; or acknowledge it with a reason."
            ),
        ),
        (
            resource("Custom::Thing", Images=["ghcr.io/a/b:1", "ghcr.io/a/c:1"], Text="docker://a"),
            (
                "Name the property for PinImages to pin it, as in properties={'Custom::Thing': "
                "['Images[]']}; write the digest where the image is written (name:tag@sha256:...); "
                "or acknowledge it with a reason."
            ),
        ),
        (
            resource(
                "AWS::StepFunctions::StateMachine",
                DefinitionString=json.dumps({"States": {"A b": {"Parameters": {"Image": "a:1"}}}}),
            ),
            (
                "Name the property for PinImages to pin it, as in properties={'AWS::StepFunctions"
                "::StateMachine': ['DefinitionString.States{}.Parameters.Image']}; or acknowledge "
                "it with a reason."
            ),
        ),
        (
            resource("Custom::Thing", Text=json.dumps({"text": json.dumps({"image": "a:1"})})),
            WRITE_IT,
        ),
        (
            resource("Custom::Thing", Text=json.dumps([{"image": "a:1"}])),
            WRITE_IT,
        ),
        (
            resource("Custom::Thing", Image="docker://a:1"),
            (
                "Name the property for PinImages to pin it, as in properties={'Custom::Thing': "
                "['Image']}; or acknowledge it with a reason."
            ),
        ),
        (
            resource("AWS::SSM::Document", Content={"image": "docker://a:1"}),
            WRITE_IT,
        ),
        (
            resource("Custom::Thing", Text="docker run ghcr.io/a/b:1"),
            WRITE_IT,
        ),
        (
            resource("Custom::Thing", Image={"Fn::If": ["Large", "a:1", "b:1"]}),
            (
                "Name the property for PinImages to pin it, as in properties={'Custom::Thing': "
                "['Image']}; or acknowledge it with a reason."
            ),
        ),
        (
            resource("Custom::Thing", Image=join("a/b:", {"Ref": "Version"})),
            WRITE_IT,
        ),
        (
            resource("Custom::Thing", Image=join("a/b:", {"Ref": "Tag"})),
            WRITE_IT,
        ),
        (
            task(f"nginx@{DIGEST}", Environment=[{"Name": "AN_IMAGE", "Value": "b:2"}]),
            WRITE_IT,
        ),
    ],
    ids=[
        *("property", "both", "JSON", "JSON in JSON", "JSON without a key", "transport"),
        *("transport of a service", "text", "condition", "default", "unknown", "pair"),
    ],
)
def test_the_fix_is_one_that_works_there(tmp_path: Path, thing: dict[str, Any], fix: str) -> None:
    [violation] = told(tmp_path, thing)
    assert violation.problem.fix == fix


def test_several_images_of_a_resource_are_one_warning(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Images=["ghcr.io/a/b:1", "ghcr.io/a/c:1"])
    [violation] = told(tmp_path, thing)
    assert violation.problem.what == (
        "2 images are not pinned, for images are not looked for where they are: ghcr.io/a/b:1 at "
        "Images[0], ghcr.io/a/c:1 at Images[1]."
    )


def test_500_references_are_one_bounded_warning(tmp_path: Path) -> None:
    same = [{"image": "nginx:1"} for _ in range(400)]
    others = [{"image": f"app{number}:1"} for number in range(100)]
    [violation] = told(tmp_path, resource("Custom::Thing", Text=json.dumps([*same, *others])))
    assert violation.problem.what == (
        "101 images are not pinned, for images are not looked for where they are: nginx:1 at "
        "Text [0].image (and 399 more places), app0:1 at Text [400].image, app1:1 at "
        "Text [401].image and 98 more."
    )


def test_a_warning_is_printable_and_bounded_whatever_the_text(tmp_path: Path) -> None:
    key = "\x1b[31m\u202e" + "k" * 5_000
    thing = resource("Custom::Thing", **{key: {"image": "a" * 200 + ":" + "1" * 100}})
    [violation] = told(tmp_path, thing)
    assert str(violation.problem).isprintable()
    assert len(str(violation.problem)) < 1_000


def test_half_of_a_character_is_a_text_as_any_other(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Dockerfile="FROM a:1\n\ud800", Image="\ud800:1")
    [violation] = told(tmp_path, thing)
    assert violation.problem.what.startswith("The image a:1 at Dockerfile is not pinned")


def test_nothing_that_steers_the_search_comes_from_the_text(tmp_path: Path) -> None:
    """The characters that stand for what is not known may be in a text as well."""
    thing = resource("Custom::Thing", Text="docker run \ue000/\ue001:\ue002", Image="\ue000:1")
    assert told(tmp_path, thing) == []


@pytest.mark.parametrize("text", ['{"a":' * 50_000, "[" * 100_000, '{"image": 1' + "0" * 5_000])
def test_text_that_only_looks_like_json_is_read_as_text(tmp_path: Path, text: str) -> None:
    [violation] = told(tmp_path, resource("Custom::Thing", Text=f"{text} docker://a:1"))
    assert violation.problem.what.startswith("The image a:1 at Text is not pinned")


FILE = "f" * 64


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        (f"asset.{FILE}.json", json.dumps(state_machine(Parameters=POD)), f" {IN_POD}"),
        (f"asset.{FILE}.sh", "#!/bin/sh\ndocker pull busybox\n", ""),
        (f"asset.{FILE}.yml", "env:\n  image: busybox:1\n", ""),
    ],
    ids=["definition", "script", "buildspec"],
)
def test_a_file_that_a_property_names_is_read(
    tmp_path: Path, name: str, content: str, place: str
) -> None:
    (tmp_path / name).write_text(content)
    key = {"Fn::Sub": "cdk-assets/" + name.removeprefix("asset.")}
    thing = resource("AWS::StepFunctions::StateMachine", DefinitionS3Location={"Key": key})
    [(rule, _, what)] = said(examined(write_stack(tmp_path, {"Thing": thing}, assets={FILE: name})))
    assert rule == "unlisted-image"
    shown = name.replace(FILE, "ffffffff...")
    assert f" at DefinitionS3Location ({shown}){place} is not pinned" in what


@pytest.mark.parametrize("name", [f"asset.{FILE}.zip", f"{FILE}.template.json", "gone.json"])
def test_a_file_that_is_no_text_of_its_own_is_passed_over(tmp_path: Path, name: str) -> None:
    if name != "gone.json":
        (tmp_path / name).write_text("docker pull busybox")
    thing = resource("Custom::Thing", Key=FILE)
    assert said(examined(write_stack(tmp_path, {"Thing": thing}, assets={FILE: name}))) == []


def test_an_image_behind_an_ssm_parameter_shows_nothing_of_its_value(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", A=join("ghcr.io/a/b:", {"Ref": "Value"}))
    kind = "AWS::SSM::Parameter::Value<String>"
    parameters = {"Value": {"Type": kind, "Default": "/the/parameter"}}
    [(_, _, what)] = said(examined(write_stack(tmp_path, {"T": thing}, Parameters=parameters)))
    assert what.startswith("The image ghcr.io/a/b:${Value} at A is not pinned")


def test_an_exempt_image_is_passed_over_and_its_exemption_is_used(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Image="nginx:1.27")
    part = coverage({"docker.io/library/nginx:*": "A demo."})
    stack = write_stack(tmp_path, {"Thing": thing})
    found = examined(stack, part)
    assert said(found) == []
    assert examine_app([stack], [part], found) == []


def test_an_image_in_a_listed_place_is_not_said_twice(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task("ghcr.io/acme/web:1")})
    assert [rule for rule, *_ in said(examined(stack))] == ["unpinned-image"]


TEXTS = st.text("abIMAGEimage:=/.{}[]\"'$@ \n\x1b\u202e\ue000", max_size=12) | st.sampled_from(
    ["nginx:1", "docker run a", "ghcr.io/a/b:1", '{"image": "a:1"}', "${Tag}", "docker://a"]
)
KEYS = st.sampled_from(
    [
        *("Ref", "Fn::Join", "Fn::Sub", "Fn::If", "Fn::GetAtt", "Fn::Select", "Fn::Base64"),
        *("Image", "Name", "Value", "repository", "tag", "containers", "Dockerfile", "Tags"),
        *("DefinitionString", "DefinitionSubstitutions", "AWS::CloudFormation::Init"),
    ]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=3).map(lambda elements: {"Fn::Join": ["", elements]})
    ),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, VALUES, max_size=3), VALUES)
def test_whatever_a_resource_holds_is_read_and_told_in_print(
    properties: dict[str, Any], init: Any
) -> None:
    scope = TemplateScope({"Parameters": {"Tag": {"Type": "String"}}})
    examined_resource = ExaminedResource(
        resource_type="Custom::Thing",
        properties=properties,
        logical_id="Thing",
        construct_path="Web/Thing",
        coverage=coverage(),
        sites=[],
        metadata={"AWS::CloudFormation::Init": init},
        templates=(),
        text_files=dict,
        make_scope=lambda: scope,
        patterns=set(),
    )
    for problem in UNLISTED_IMAGE.check_resource(examined_resource):
        assert str(problem).isprintable()
        assert len(str(problem)) < 3_000
