"""The construct tree of an AWS CDK app: reading constructs, and replacing their properties."""
