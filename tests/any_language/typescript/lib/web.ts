// A stack's tasks and nested stacks.
import * as path from 'path';
import * as cdk from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';

export function fill(stack: cdk.Stack, repository: ecr.IRepository): void {
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('app', {
    image: ecs.ContainerImage.fromEcrRepository(repository, 'v1'),
    logging: new ecs.FireLensLogDriver({}),
  });
  task.addContainer('built', {
    image: ecs.ContainerImage.fromAsset(path.join(__dirname, '..', '..', 'image')),
  });
  task.addContainer('proxy', { image: ecs.ContainerImage.fromRegistry('nginx:1.27') });

  for (const name of ['First', 'Second']) {
    const inner = new ecs.FargateTaskDefinition(new cdk.NestedStack(stack, name), 'Task');
    inner.addContainer('jobs', { image: ecs.ContainerImage.fromRegistry('ghcr.io/org/jobs:2') });
  }
  acknowledge(stack);
}

function acknowledge(stack: cdk.Stack): void {
  const agent = new ecs.FargateTaskDefinition(stack, 'Agent');
  agent.addContainer('agent', { image: ecs.ContainerImage.fromRegistry('ghcr.io/vendor/agent:7') });
  cdk.Validations.of(agent).acknowledge({
    id: 'pinned-images::unpinned-image',
    reason: "Follows the vendor's tag.",
  });

  const probe = new ecs.FargateTaskDefinition(stack, 'Probe');
  probe.addContainer('probe', { image: ecs.ContainerImage.fromRegistry('ghcr.io/vendor/probe:7') });
  const resource = probe.node.defaultChild as cdk.CfnResource;
  resource.addMetadata('pinned-images', {
    acknowledge: { 'unpinned-image': "Follows the vendor's tag." },
  });
}
