# image = "nginx:1.24"
resource "aws_ecs_task_definition" "web" {
  container_definitions = jsonencode([
    { name = "web", image = "nginx:1.25@sha256:8aadf80f8cf25d4bceaf874016c91261c4c6eb5481248c55f956a70bcc722d9d", essential = true },
    { "name" : "app", "image" : "team/app:1.0@sha256:6167504397323ea65d4d2a8bbf427315189fec140fd55fc7239cb38f12140b98" },
    { name = "left", image = "${var.registry}/team/app:1.0" },
  ])
}

resource "aws_lambda_function" "fn" {
  image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn@sha256:3864d8bfadc8ed6f9afaa8d9821ffd182b0b864a1a184794832e5e69ba522c66"
}

resource "hcloud_server" "vm" {
  image = "ubuntu-22.04"
}

resource "aws_ecs_task_definition" "heredoc" {
  container_definitions = <<-JSON
    [{"name": "cache", "image": "redis:7@sha256:c9bfe70c982a2939a6306195fc26118a5290957119277d01f2aaa05f7358ab92"}]
  JSON
}
