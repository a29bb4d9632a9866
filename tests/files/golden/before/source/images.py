"""Images of an app, such as ghcr.io/team/app:1.0."""

IMAGE = "nginx:1.25"
TYPES = "types/node:18"
COMMAND = "docker run ghcr.io/team/app:1.0."
IMAGES = {"image": "redis:7", "path": "./scripts/build:all"}
