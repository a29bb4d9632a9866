"""Amazon ECR repositories: lifecycle policies, tag immutability, protection of digests in use."""
