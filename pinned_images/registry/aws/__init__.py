"""Clients of AWS: private ECR registries, secrets, parameters and deployments.

Importing this package, or its `hosts`, costs nothing: boto3 is imported when it is first used.
"""
