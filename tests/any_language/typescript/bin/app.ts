// The app of tests/any_language in TypeScript.
import * as cdk from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { fill } from '../lib/web';

const env = { account: '123456789012', region: 'eu-west-1' };

const app = new cdk.App();
const base = new cdk.Stack(app, 'Base', { env });
fill(
  new cdk.Stack(app, 'Web', { env }),
  new ecr.Repository(base, 'Repository', { repositoryName: 'org/web' }),
);

const stage = new cdk.Stage(app, 'Production', { env });
const inStage = new cdk.Stack(stage, 'Base');
fill(
  new cdk.Stack(stage, 'Web', {
    synthesizer: new cdk.DefaultStackSynthesizer({ qualifier: 'custom', bucketPrefix: 'folder/' }),
  }),
  new ecr.Repository(inStage, 'Repository', { repositoryName: 'org/web' }),
);

const legacy = new cdk.Stack(app, 'Legacy', { env, synthesizer: new cdk.LegacyStackSynthesizer() });
const nested = new cdk.NestedStack(legacy, 'Nested');
new ecs.FargateTaskDefinition(nested, 'Task').addContainer('jobs', {
  image: ecs.ContainerImage.fromRegistry('ghcr.io/org/jobs:2'),
});

new cdk.Stack(app, 'Empty', { env, description: 'It has no images, and stays as it is.' });
app.synth();
