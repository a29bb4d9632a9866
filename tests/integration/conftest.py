"""AWS in the process of the tests, with its descriptions parsed once."""

from tests.registry_aws.conftest import models

__all__ = ["models"]
