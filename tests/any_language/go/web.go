package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
)

// fill gives a stack its tasks and nested stacks.
func fill(stack awscdk.Stack, repository awsecr.IRepository) {
	task := awsecs.NewFargateTaskDefinition(stack, jsii.String("Task"), nil)
	task.AddContainer(jsii.String("app"), &awsecs.ContainerDefinitionOptions{
		Image:   awsecs.ContainerImage_FromEcrRepository(repository, jsii.String("v1")),
		Logging: awsecs.NewFireLensLogDriver(&awsecs.FireLensLogDriverProps{}),
	})
	task.AddContainer(jsii.String("built"), &awsecs.ContainerDefinitionOptions{
		Image: awsecs.ContainerImage_FromAsset(jsii.String("../image"), nil),
	})
	add(task, "proxy", "nginx:1.27")

	for _, name := range []string{"First", "Second"} {
		nested := awscdk.NewNestedStack(stack, jsii.String(name), nil)
		add(awsecs.NewFargateTaskDefinition(nested, jsii.String("Task"), nil), "jobs", "ghcr.io/org/jobs:2")
	}
	acknowledge(stack)
}

func acknowledge(stack awscdk.Stack) {
	agent := awsecs.NewFargateTaskDefinition(stack, jsii.String("Agent"), nil)
	add(agent, "agent", "ghcr.io/vendor/agent:7")
	awscdk.Validations_Of(agent).Acknowledge(&awscdk.Acknowledgment{
		Id:     jsii.String("pinned-images::unpinned-image"),
		Reason: jsii.String("Follows the vendor's tag."),
	})

	probe := awsecs.NewFargateTaskDefinition(stack, jsii.String("Probe"), nil)
	add(probe, "probe", "ghcr.io/vendor/probe:7")
	resource := probe.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("pinned-images"), map[string]any{
		"acknowledge": map[string]string{"unpinned-image": "Follows the vendor's tag."},
	})
}

func add(task awsecs.FargateTaskDefinition, name string, image string) {
	task.AddContainer(jsii.String(name), &awsecs.ContainerDefinitionOptions{
		Image: awsecs.ContainerImage_FromRegistry(jsii.String(image), nil),
	})
}
