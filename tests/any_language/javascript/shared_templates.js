// Nested stacks with one template: two in each stack, in the stages of two pipelines, of which one
// publishes all assets in one build.
const cdk = require("aws-cdk-lib");
const codecommit = require("aws-cdk-lib/aws-codecommit");
const ecs = require("aws-cdk-lib/aws-ecs");
const pipelines = require("aws-cdk-lib/pipelines");

const env = { account: "123456789012", region: "eu-west-1" };

const app = new cdk.App();
for (const [id, publishAssetsInParallel] of [["Many", true], ["One", false]]) {
  const stack = new cdk.Stack(app, id, { env });
  const repository = codecommit.Repository.fromRepositoryName(stack, "Source", "app");
  const pipeline = new pipelines.CodePipeline(stack, "Pipeline", {
    publishAssetsInParallel,
    synth: new pipelines.ShellStep("Synth", {
      input: pipelines.CodePipelineSource.codeCommit(repository, "main"),
      commands: ["npx cdk synth"],
    }),
  });
  for (const name of ["Test", "Production"]) {
    const stage = new cdk.Stage(app, `${id}${name}`, { env });
    const web = new cdk.Stack(stage, "Web");
    for (const nested of ["First", "Second"]) {
      new ecs.CfnTaskDefinition(new cdk.NestedStack(web, nested), "Task", {
        containerDefinitions: [{ name: "jobs", image: "ghcr.io/org/jobs:2" }],
      });
    }
    pipeline.addStage(stage);
  }
}
app.synth();
