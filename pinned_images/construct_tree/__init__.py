"""The construct tree of an AWS CDK app: where images are found, and how a property is replaced."""
