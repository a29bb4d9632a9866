"""The command line ``pinned-images``: files, lock files, cloud assemblies, Git repositories.

It needs no CDK app to run, and imports neither aws_cdk nor, before it asks Amazon ECR, boto3.
"""
