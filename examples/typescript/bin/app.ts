// A service on AWS Fargate; nothing in the code knows of the pinning.
import * as cdk from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';

const app = new cdk.App();
const stack = new cdk.Stack(app, 'Web');

const task = new ecs.FargateTaskDefinition(stack, 'Task');
task.addContainer('web', { image: ecs.ContainerImage.fromRegistry('nginx:1.27') });
task.addContainer('traces', {
  image: ecs.ContainerImage.fromRegistry('public.ecr.aws/xray/aws-xray-daemon:3.x'),
});

app.synth();
