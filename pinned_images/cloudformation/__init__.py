"""What CloudFormation templates say about images: pure functions over plain data."""
