// nginx:1.25 and ghcr.io/team/app:1.0 in a comment
import { x } from "types/node:18";
const task = ecs.ContainerImage.fromRegistry("nginx:1.25@sha256:8aadf80f8cf25d4bceaf874016c91261c4c6eb5481248c55f956a70bcc722d9d");
const spec = { image: 'redis:7@sha256:c9bfe70c982a2939a6306195fc26118a5290957119277d01f2aaa05f7358ab92', name: `team/app:1.0` };
const run = `docker run ghcr.io/team/app:1.0@sha256:30d596d946deed696a7eec6d94ab102a0dea92f57709937ebf297d3193bcc37e ${x}`;
