"""What talks to AWS: private ECR registries, secrets and parameters.

Importing this package, or its `hosts`, costs nothing: boto3 is imported when it is first used.
"""
