"""The command ``pinned-images``: what the lock file holds, what has moved, what a synth did.

It needs no CDK app to run, and imports neither aws_cdk nor, before it asks Amazon ECR, boto3.
"""
