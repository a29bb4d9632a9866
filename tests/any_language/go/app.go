// The app of tests/any_language in Go.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	env := &awscdk.Environment{
		Account: jsii.String("123456789012"),
		Region:  jsii.String("eu-west-1"),
	}

	base := awscdk.NewStack(app, jsii.String("Base"), &awscdk.StackProps{Env: env})
	web := awscdk.NewStack(app, jsii.String("Web"), &awscdk.StackProps{Env: env})
	fill(web, repositoryIn(base))

	stage := awscdk.NewStage(app, jsii.String("Production"), &awscdk.StageProps{Env: env})
	base = awscdk.NewStack(stage, jsii.String("Base"), nil)
	web = awscdk.NewStack(stage, jsii.String("Web"), &awscdk.StackProps{
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{
			Qualifier:    jsii.String("custom"),
			BucketPrefix: jsii.String("folder/"),
		}),
	})
	fill(web, repositoryIn(base))

	legacy := awscdk.NewStack(app, jsii.String("Legacy"), &awscdk.StackProps{
		Env:         env,
		Synthesizer: awscdk.NewLegacyStackSynthesizer(),
	})
	nested := awscdk.NewNestedStack(legacy, jsii.String("Nested"), nil)
	task := awsecs.NewFargateTaskDefinition(nested, jsii.String("Task"), nil)
	add(task, "jobs", "ghcr.io/org/jobs:2")

	awscdk.NewStack(app, jsii.String("Empty"), &awscdk.StackProps{
		Env:         env,
		Description: jsii.String("It has no images, and stays as it is."),
	})
	app.Synth(nil)
}

func repositoryIn(stack awscdk.Stack) awsecr.Repository {
	return awsecr.NewRepository(stack, jsii.String("Repository"), &awsecr.RepositoryProps{
		RepositoryName: jsii.String("org/web"),
	})
}
