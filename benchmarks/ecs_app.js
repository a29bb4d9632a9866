// The app of ecs_app.py, with services, in JavaScript: node ecs_app.js CONTAINERS STACKS
const cdk = require("aws-cdk-lib");
const ec2 = require("aws-cdk-lib/aws-ec2");
const ecs = require("aws-cdk-lib/aws-ecs");

const NAMES = ["app", "sidecar"];
const env = { account: "123456789012", region: "eu-west-1" };
const zones = `availability-zones:account=${env.account}:region=${env.region}`;
const [containers, count] = process.argv.slice(2).map(Number);

const app = new cdk.App({ context: { [zones]: [`${env.region}a`, `${env.region}b`] } });
const stacks = Array.from({ length: count }, (_, n) => new cdk.Stack(app, `Stack${n}`, { env }));
const clusters = stacks.map((stack) => {
  const vpc = new ec2.Vpc(stack, "Vpc", { maxAzs: 2, natGateways: 1 });
  return new ecs.Cluster(stack, "Cluster", { vpc });
});
for (let number = 0; number < containers / NAMES.length; number++) {
  const stack = stacks[number % count];
  const taskDefinition = new ecs.FargateTaskDefinition(stack, `Task${number}`);
  for (const name of NAMES) {
    const image = name === "app" ? `acme/${name}-${number}:1.0` : "nginx:1.27";
    taskDefinition.addContainer(name, {
      image: ecs.ContainerImage.fromRegistry(image),
      logging: ecs.LogDriver.awsLogs({ streamPrefix: name }),
    });
  }
  const cluster = clusters[number % count];
  new ecs.FargateService(stack, `Service${number}`, { cluster, taskDefinition });
}
app.synth();
