// An app whose assets go to a bucket and to repositories of its own, by the app staging synthesizer.
const path = require("path");
const cdk = require("aws-cdk-lib");
const ecs = require("aws-cdk-lib/aws-ecs");
const s3 = require("aws-cdk-lib/aws-s3");
const staging = require("@aws-cdk/app-staging-synthesizer-alpha");

const app = new cdk.App({
  defaultStackSynthesizer: staging.AppStagingSynthesizer.defaultResources({
    appId: "shop",
    stagingBucketEncryption: s3.BucketEncryption.S3_MANAGED,
  }),
});
const web = new cdk.Stack(app, "Web", { env: { account: "123456789012", region: "eu-west-1" } });
const task = new ecs.FargateTaskDefinition(web, "Task");
task.addContainer("built", {
  image: ecs.ContainerImage.fromAsset(path.join(__dirname, "..", "image"), { assetName: "web" }),
});
const inner = new ecs.FargateTaskDefinition(new cdk.NestedStack(web, "Jobs"), "Task");
inner.addContainer("jobs", { image: ecs.ContainerImage.fromRegistry("ghcr.io/org/jobs:2") });
app.synth();
