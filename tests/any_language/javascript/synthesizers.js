// One stack for each stack synthesizer whose templates are assets, with buckets and repositories of its own.
const path = require("path");
const cdk = require("aws-cdk-lib");
const ecs = require("aws-cdk-lib/aws-ecs");

const env = { account: "123456789012", region: "eu-west-1" };
const app = new cdk.App();

function fill(name, properties) {
  const stack = new cdk.Stack(app, name, properties);
  const task = new ecs.FargateTaskDefinition(stack, "Task");
  task.addContainer("built", {
    image: ecs.ContainerImage.fromAsset(path.join(__dirname, "..", "image"), { assetName: "web" }),
  });
  const inner = new ecs.FargateTaskDefinition(new cdk.NestedStack(stack, "Jobs"), "Task");
  inner.addContainer("jobs", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2") });
}

const places = {
  fileAssetsBucketName: "assets-${AWS::AccountId}-${AWS::Region}",
  bucketPrefix: "templates/of-shop/",
  imageAssetsRepositoryName: "images-${AWS::AccountId}",
  dockerTagPrefix: "web-",
  qualifier: "shop",
};
fill("Default", { env });
fill("Places", { env, synthesizer: new cdk.DefaultStackSynthesizer(places) });
fill("AnyEnvironment", { synthesizer: new cdk.DefaultStackSynthesizer(places) });
fill("Credentials", { env, synthesizer: new cdk.CliCredentialsStackSynthesizer(places) });
fill("Legacy", { env, synthesizer: new cdk.LegacyStackSynthesizer() });
new ecs.FargateTaskDefinition(
  new cdk.Stack(app, "Bootstrapless", {
    env,
    synthesizer: new cdk.BootstraplessSynthesizer({
      deployRoleArn: "arn:aws:iam::123456789012:role/deploy",
      cloudFormationExecutionRoleArn: "arn:aws:iam::123456789012:role/execute",
    }),
  }),
  "Task",
).addContainer("jobs", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2") });
app.synth();
