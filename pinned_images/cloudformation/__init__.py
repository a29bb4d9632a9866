"""CloudFormation templates and the images in them: pure functions over plain data."""
