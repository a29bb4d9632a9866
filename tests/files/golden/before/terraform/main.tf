# image = "nginx:1.24"
resource "aws_ecs_task_definition" "web" {
  container_definitions = jsonencode([
    { name = "web", image = "nginx:1.25", essential = true },
    { "name" : "app", "image" : "team/app:1.0" },
    { name = "left", image = "${var.registry}/team/app:1.0" },
  ])
}

resource "aws_lambda_function" "fn" {
  image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn:v1"
}

resource "hcloud_server" "vm" {
  image = "ubuntu-22.04"
}

resource "aws_ecs_task_definition" "heredoc" {
  container_definitions = <<-JSON
    [{"name": "cache", "image": "redis:7"}]
  JSON
}
