"""Images of an app, such as ghcr.io/team/app:1.0."""

IMAGE = "nginx:1.25@sha256:8aadf80f8cf25d4bceaf874016c91261c4c6eb5481248c55f956a70bcc722d9d"
TYPES = "types/node:18"
COMMAND = "docker run ghcr.io/team/app:1.0@sha256:30d596d946deed696a7eec6d94ab102a0dea92f57709937ebf297d3193bcc37e."
IMAGES = {"image": "redis:7@sha256:c9bfe70c982a2939a6306195fc26118a5290957119277d01f2aaa05f7358ab92", "path": "./scripts/build:all"}
