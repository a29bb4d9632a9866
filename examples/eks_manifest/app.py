"""Kubernetes objects in a cluster of Amazon EKS."""

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks

from pinned_images import PinImages

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "initContainers": [{"name": "migrate", "image": "ghcr.io/acme/migrate:7"}],
                "containers": [{"name": "web", "image": "nginx:1.27"}],
            },
        },
    },
}

app = cdk.App()
stack = cdk.Stack(app, "Web")

cluster = eks.Cluster.from_cluster_attributes(
    stack,
    "Cluster",
    cluster_name="shop",
    kubectl_provider=eks.KubectlProvider.from_kubectl_provider_attributes(
        stack, "Kubectl", service_token=cdk.Fn.import_value("KubectlOfShop")
    ),
)
eks.KubernetesManifest(stack, "Manifest", cluster=cluster, manifest=[WEB])

PinImages.apply_to(app)
app.synth()
