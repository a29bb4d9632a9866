// nginx:1.25 and ghcr.io/team/app:1.0 in a comment
import { x } from "types/node:18";
const task = ecs.ContainerImage.fromRegistry("nginx:1.25");
const spec = { image: 'redis:7', name: `team/app:1.0` };
const run = `docker run ghcr.io/team/app:1.0 ${x}`;
