"""Hosts of private ECR registries, and their parts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.registry.aws.hosts import EcrHost, parse_ecr_host, partition_of

ACCOUNT = "123456789012"

HOSTS = {
    "plain": (
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        EcrHost(ACCOUNT, "eu-west-1"),
    ),
    "a region with three words": (
        "123456789012.dkr.ecr.ap-southeast-2.amazonaws.com",
        EcrHost(ACCOUNT, "ap-southeast-2"),
    ),
    "upper case": (
        "123456789012.DKR.ECR.eu-west-1.AmazonAWS.com",
        EcrHost(ACCOUNT, "eu-west-1"),
    ),
    "fips": (
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
        EcrHost(ACCOUNT, "us-east-1", fips=True),
    ),
    "dual-stack": (
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        EcrHost(ACCOUNT, "eu-west-1", dual_stack=True),
    ),
    "dual-stack fips": (
        "123456789012.dkr-ecr-fips.us-east-1.on.aws",
        EcrHost(ACCOUNT, "us-east-1", fips=True, dual_stack=True),
    ),
    "GovCloud": (
        "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com",
        EcrHost(ACCOUNT, "us-gov-west-1", "aws-us-gov"),
    ),
    "GovCloud dual-stack fips": (
        "123456789012.dkr-ecr-fips.us-gov-east-1.on.aws",
        EcrHost(ACCOUNT, "us-gov-east-1", "aws-us-gov", fips=True, dual_stack=True),
    ),
    "China": (
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        EcrHost(ACCOUNT, "cn-north-1", "aws-cn"),
    ),
    "China dual-stack": (
        "123456789012.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn",
        EcrHost(ACCOUNT, "cn-northwest-1", "aws-cn", dual_stack=True),
    ),
    "iso": (
        "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
        EcrHost(ACCOUNT, "us-iso-east-1", "aws-iso"),
    ),
    "iso-b": (
        "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
        EcrHost(ACCOUNT, "us-isob-east-1", "aws-iso-b"),
    ),
    "iso-e": (
        "123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
        EcrHost(ACCOUNT, "eu-isoe-west-1", "aws-iso-e"),
    ),
    "iso-f": (
        "123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
        EcrHost(ACCOUNT, "us-isof-south-1", "aws-iso-f"),
    ),
    "European sovereign cloud": (
        "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
        EcrHost(ACCOUNT, "eusc-de-east-1", "aws-eusc"),
    ),
}

OTHER_REGISTRIES = {
    "Docker Hub": "docker.io",
    "ECR Public": "public.ecr.aws",
    "ECR Public dual-stack": "ecr-public.aws.com",
    "loopback": "localhost:5000",
    "eleven digits": "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
    "thirteen digits": "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
    "digits of another script": "١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.eu-west-1.amazonaws.com",
    "another service": "123456789012.dkr.eks.eu-west-1.amazonaws.com",
    "no region": "123456789012.dkr.ecr.amazonaws.com",
    "something in front": "x.123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "something behind": "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org",
    "another domain": "123456789012.dkr.ecr.eu-west-1.example.org",
    "a port": "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
    "plain label, dual-stack suffix": "123456789012.dkr.ecr.eu-west-1.on.aws",
    "dual-stack label, plain suffix": "123456789012.dkr-ecr.eu-west-1.amazonaws.com",
    "China's region, global suffix": "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
    "global region, China's suffix": "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
    "an isolated region, global suffix": "123456789012.dkr.ecr.us-iso-east-1.amazonaws.com",
    "a line break": "123456789012.dkr.ecr.eu-west-1.amazonaws.com\n",
    "empty": "",
}


@pytest.mark.parametrize(("registry", "expected"), HOSTS.values(), ids=HOSTS.keys())
def test_a_host_tells_account_region_and_endpoint_form(registry: str, expected: EcrHost) -> None:
    assert parse_ecr_host(registry) == expected


@pytest.mark.parametrize("registry", OTHER_REGISTRIES.values(), ids=OTHER_REGISTRIES.keys())
def test_any_other_host_is_no_private_ecr_registry(registry: str) -> None:
    assert parse_ecr_host(registry) is None


@given(
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    region=st.from_regex(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]{4,9}-[1-9]", fullmatch=True),
    fips=st.sampled_from(["", "-fips"]),
    form=st.sampled_from([("dkr.ecr", "amazonaws.com"), ("dkr-ecr", "on.aws")]),
)
def test_account_and_region_are_read_back_from_every_host_of_the_global_partition(
    account: str, region: str, fips: str, form: tuple[str, str]
) -> None:
    label, suffix = form
    host = parse_ecr_host(f"{account}.{label}{fips}.{region}.{suffix}")
    assert host == EcrHost(account, region, "aws", bool(fips), suffix == "on.aws")


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    host = parse_ecr_host(text)
    assert host is None or (host.account in text and host.region in text.lower())


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_nothing_loads_the_aws_sdk_or_an_http_client_before_somebody_is_asked() -> None:
    program = (
        "import sys; from pinned_images.registry import RegistryResolver;"
        "RegistryResolver().resolve([]);"
        "sys.exit(bool({'boto3', 'botocore', 'urllib3'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
