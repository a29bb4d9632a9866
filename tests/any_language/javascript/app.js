// The app of tests/any_language, for any aws-cdk-lib 2.x.
const path = require("path");
const cdk = require("aws-cdk-lib");
const ecr = require("aws-cdk-lib/aws-ecr");
const ecs = require("aws-cdk-lib/aws-ecs");

const env = { account: "123456789012", region: "eu-west-1" };

function fill(stack, repository) {
  const task = new ecs.FargateTaskDefinition(stack, "Task");
  task.addContainer("app", {
    image: ecs.ContainerImage.fromEcrRepository(repository, "v1"),
    logging: new ecs.FireLensLogDriver({}),
  });
  task.addContainer("built", {
    image: ecs.ContainerImage.fromAsset(path.join(__dirname, "..", "image")),
  });
  task.addContainer("proxy", { image: ecs.ContainerImage.fromRegistry("nginx:1.27") });
  const left = new ecs.FargateTaskDefinition(stack, "Left");
  left.addContainer("left", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/left:1") });
  left.node.defaultChild.addMetadata("pinned-images", {
    acknowledge: { "unpinned-image": "Follows the vendor's tag." },
  });
  for (const name of ["First", "Second"]) {
    const inner = new ecs.FargateTaskDefinition(new cdk.NestedStack(stack, name), "Task");
    inner.addContainer("jobs", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2") });
  }
}

const app = new cdk.App();
const base = new cdk.Stack(app, "Base", { env });
const repository = new ecr.Repository(base, "Repository", { repositoryName: "org/web" });
fill(new cdk.Stack(app, "Web", { env }), repository);

const stage = new cdk.Stage(app, "Production", { env });
const inStage = new cdk.Stack(stage, "Base");
fill(
  new cdk.Stack(stage, "Web", {
    synthesizer: new cdk.DefaultStackSynthesizer({ qualifier: "custom", bucketPrefix: "folder/" }),
  }),
  new ecr.Repository(inStage, "Repository", { repositoryName: "org/web" }),
);

const legacy = new cdk.Stack(app, "Legacy", { env, synthesizer: new cdk.LegacyStackSynthesizer() });
const nested = new cdk.NestedStack(legacy, "Nested");
new ecs.FargateTaskDefinition(nested, "Task").addContainer("jobs", {
  image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2"),
});

new cdk.Stack(app, "Empty", { env, description: "It has no images, and stays as it is." });
app.synth();
