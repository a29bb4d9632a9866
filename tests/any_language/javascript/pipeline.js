// A pipeline of CDK Pipelines whose stages have images: their templates are pinned by `run`.
const path = require("path");
const cdk = require("aws-cdk-lib");
const codecommit = require("aws-cdk-lib/aws-codecommit");
const ecs = require("aws-cdk-lib/aws-ecs");
const pipelines = require("aws-cdk-lib/pipelines");

const env = { account: "123456789012", region: "eu-west-1" };

const app = new cdk.App();
const stack = new cdk.Stack(app, "Pipeline", { env });
const repository = codecommit.Repository.fromRepositoryName(stack, "Source", "app");
const pipeline = new pipelines.CodePipeline(stack, "Pipeline", {
  synth: new pipelines.ShellStep("Synth", {
    input: pipelines.CodePipelineSource.codeCommit(repository, "main"),
    commands: ["npx cdk synth"],
  }),
});
for (const name of ["Test", "Production"]) {
  const stage = new cdk.Stage(app, name, { env });
  const web = new cdk.Stack(stage, "Web");
  const task = new ecs.FargateTaskDefinition(new cdk.NestedStack(web, "Jobs"), "Task");
  task.addContainer("jobs", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2") });
  task.addContainer("built", {
    image: ecs.ContainerImage.fromAsset(path.join(__dirname, "..", "image")),
  });
  pipeline.addStage(stage);
}
app.synth();
