"""The ambient credentials: loaded and checked once, with the cause where they cannot be used.

The SDK raises whatever its parts raise: the error of a file, of a JSON parser, or of a thread that
sends a header. Here each becomes a sentence about the user's own configuration. What a credential
process prints, and the credentials themselves, are never quoted.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.printable import listed, quoted
from pinned_images.registry.aws.faults import AwsFault, clock_fault_of, one_line
from pinned_images.registry.aws.log_redaction import redacted_log

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

_SIGN_IN = (
    "set AWS_PROFILE (and run 'aws sso login', where the profile signs in that way) or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: 'cdk --profile' is not passed on to the app"
)

# The SDK's names of the ways to get credentials (botocore, `credentials.py`, `METHOD`).
_PROCESS = "custom-process"
_ENVIRONMENT = "env"
_ASSUME_ROLE = "assume-role"
_WAYS = {
    _ENVIRONMENT: "the environment variables",
    _ASSUME_ROLE: "the role of the profile",
    "assume-role-with-web-identity": "AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file",
    "container-role": "the AWS_CONTAINER_ variables",
    "iam-role": "the metadata of the instance",
}

# The settings that the SDK converts to a number without naming their place in an error.
_NUMBERS = (
    "AWS_MAX_ATTEMPTS",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_METADATA_SERVICE_TIMEOUT",
)
_ENDPOINTS = "AWS_ENDPOINT_URL"
_WITH_SCHEME = "write it with its scheme, as in http://localhost:4566"

# No key or token has anything else, and no header takes it (RFC 9110, section 5.5).
_SENDABLE = re.compile(r"[\x21-\x7e]+")
# A secret key signs and is never sent; stand-ins for AWS take any.
_SIGNABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_SECRETS = {
    "access_key": ("access key id", "AWS_ACCESS_KEY_ID"),
    "secret_key": ("secret access key", "AWS_SECRET_ACCESS_KEY"),
    "token": ("session token", "AWS_SESSION_TOKEN"),
}


#: The place of errors that are the same for all registries of ECR: they are reported once.
EVERY_REGISTRY = "Amazon ECR"


class SettingsFault(AwsFault):
    """A setting of the SDK that is unusable for every call."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(ResolutionError, cause, remedy)
        self.error.place = EVERY_REGISTRY


class _CodeWanted(Exception):
    """The SDK needs an MFA code from the user, in the middle of a synth."""


class _LoadingFailed(Exception):
    """A provider of credentials failed."""

    def __init__(self, method: str, error: Exception) -> None:
        super().__init__(method)
        self.method = method
        self.error = error


class _Providers:
    """The SDK's providers of credentials in its order, with the name of the one that fails.

    Args:
        resolver: The SDK's own resolver.
    """

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        for provider in resolver.providers:
            if provider.METHOD == _ASSUME_ROLE:
                provider._prompter = _refuse_to_ask  # noqa: SLF001  no argument leads there

    def load_credentials(self) -> Credentials | None:
        """See `botocore.credentials.CredentialResolver`."""
        for provider in self._resolver.providers:
            try:
                found: Credentials | None = provider.load()
            except Exception as error:
                raise _LoadingFailed(provider.METHOD, error) from error
            if found is not None:
                return found
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)


def require_credentials(session: Session) -> None:
    """Check that the session has usable credentials.

    Raises:
        AwsFault: It has none, or they cannot be used; the cause says why.
    """
    method = ""
    try:
        with redacted_log():
            bundle = session.get_config_variable("ca_bundle")
            _name_failing_provider(session)
            credentials = session.get_credentials()
            method = "" if credentials is None else credentials.method
            frozen = None if credentials is None else credentials.get_frozen_credentials()
    except _LoadingFailed as failed:
        raise _fault_of_loading(failed.error, failed.method, session) from failed.error
    # Any exception: the SDK passes on the errors of its parts, and the session is not used again.
    except Exception as error:
        raise _fault_of_loading(error, method, session) from error
    if frozen is None:
        raise AwsFault(AccessDenied, "there are no AWS credentials to ask with", _SIGN_IN)
    _require_sendable(frozen, method)
    _require_bundle(bundle)


def fault_of_setting(error: Exception, environ: Mapping[str, str] = os.environ) -> SettingsFault:
    """The error in the SDK's configuration, where the SDK itself raises a `ValueError`."""
    numbers = [name for name in _NUMBERS if not environ.get(name, "0").isdecimal()]
    if numbers:
        return SettingsFault(f"{listed(numbers)} is no number", "correct it")
    for name in sorted(environ):
        value = environ[name]
        if name.startswith(_ENDPOINTS) and value and not _is_url(value):
            cause = f"{name} is {quoted(_without_login(value))}, which is no URL of an endpoint"
            return SettingsFault(cause, _WITH_SCHEME)
    if "endpoint" in str(error).lower():
        cause = "an endpoint_url in the AWS configuration is no URL of an endpoint"
        return SettingsFault(cause, _WITH_SCHEME)
    cause = f"the AWS SDK cannot use its settings ({type(error).__name__})"
    return SettingsFault(cause, "look at ~/.aws/config and the AWS_ variables")


def _name_failing_provider(session: Session) -> None:
    resolver = session.get_component("credential_provider")
    if not isinstance(resolver, _Providers):
        session.register_component("credential_provider", _Providers(resolver))


def _refuse_to_ask(*_: object) -> str:
    raise _CodeWanted


def _fault_of_loading(error: Exception, method: str, session: Session) -> AwsFault:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads late

    profile = _profile_of(session)
    if isinstance(error, _CodeWanted):
        return _fault_of_code_wanted(profile)
    if method == _PROCESS:
        return _fault_of_process(error, profile)
    if isinstance(error, (BotoCoreError, ClientError)):
        return _fault_of_sdk(error, profile)
    if isinstance(error, ValueError) and not method:
        return fault_of_setting(error)
    way = _WAYS.get(method, method or "the AWS configuration")
    if isinstance(error, OSError):
        cause = f"{quoted(error.filename)}, named by {way}, cannot be read ({error.strerror})"
        return AwsFault(AccessDenied, cause, "correct the name, or see that the file is there")
    cause = f"{way} gave no AWS credentials ({type(error).__name__})"
    return AwsFault(AccessDenied, cause, "correct what is set there")


def _fault_of_sdk(error: BotoCoreError | ClientError, profile: str) -> AwsFault:
    from botocore import exceptions as sdk  # noqa: PLC0415 - loads late

    if isinstance(error, (sdk.ConnectionError, sdk.HTTPClientError)):
        cause = f"the AWS credentials could not be asked for ({type(error).__name__})"
        remedy = "see that the network is up, and look at the proxies and at AWS_ENDPOINT_URL"
        return AwsFault(RegistryUnavailable, cause, remedy)
    skewed = clock_fault_of(error) if isinstance(error, sdk.ClientError) else None
    if skewed is not None:
        return skewed
    cause = f"the AWS credentials at hand cannot be used ({_words_of(error)})"
    return AwsFault(AccessDenied, cause, _remedy_for(error, profile))


def _fault_of_code_wanted(profile: str) -> AwsFault:
    export = f'eval "$(aws configure export-credentials --profile {profile} --format env)"'
    return AwsFault(
        AccessDenied,
        f"the AWS profile {profile} wants a code (mfa_serial), which a synth cannot ask for",
        f"run `{export}`, which asks for it, and synthesize in the same shell",
    )


def _fault_of_process(error: Exception, profile: str) -> AwsFault:
    from botocore.exceptions import CredentialRetrievalError  # noqa: PLC0415 - loads late

    what = f"the credential_process of the AWS profile {profile}"
    remedy = "run it by hand, and see that it prints that JSON and nothing else"
    if isinstance(error, OSError):
        cause = f"{what} cannot be started ({error.strerror})"
        return AwsFault(AccessDenied, cause, "correct the command in the AWS configuration")
    if type(error) is ValueError:  # of `shlex`; that of JSON and of dates has classes below it
        cause = f"{what} is no command line ({one_line(str(error))})"
        return AwsFault(AccessDenied, cause, "correct the command in the AWS configuration")
    if isinstance(error, CredentialRetrievalError):
        # Its output may hold a secret; these two are the SDK's own messages.
        said = str(error.kwargs.get("error_msg", ""))
        if not said.startswith(("Unsupported version", "Missing required key")):
            return AwsFault(AccessDenied, f"{what} failed", "run it by hand to see why")
    cause = f"{what} did not print JSON with Version 1, AccessKeyId and SecretAccessKey"
    return AwsFault(AccessDenied, cause, remedy)


def _remedy_for(error: Exception, profile: str) -> str:
    from botocore import exceptions as sdk  # noqa: PLC0415 - loads late

    if isinstance(error, (sdk.SSOError, sdk.TokenRetrievalError)):
        return f"run `aws sso login --profile {profile}`"
    if isinstance(error, sdk.ProfileNotFound):
        return "correct AWS_PROFILE, or add the profile to the AWS configuration"
    if isinstance(error, sdk.ConfigParseError):
        return "correct the file"
    if isinstance(error, sdk.PartialCredentialsError):
        return "set what is missing, or take out the rest"
    return _SIGN_IN


def _words_of(error: Exception) -> str:
    from botocore.exceptions import CredentialRetrievalError  # noqa: PLC0415 - loads late

    # This error has the output of a program or a service, which may be anything.
    if isinstance(error, CredentialRetrievalError):
        return f"{error.kwargs.get('provider')} gave none"
    return one_line(str(error))


def _profile_of(session: Session) -> str:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - loads late

    try:
        name = session.get_config_variable("profile")
    except (BotoCoreError, ValueError):
        name = None
    return shlex.quote(str(name or "default"))


def _require_sendable(frozen: ReadOnlyCredentials, method: str) -> None:
    """Refuse keys and tokens with characters that no header takes, such as a line feed."""
    for attribute, (name, variable) in _SECRETS.items():
        value = getattr(frozen, attribute)
        form = _SIGNABLE if attribute == "secret_key" else _SENDABLE
        if value and not form.fullmatch(value):
            place = variable if method == _ENVIRONMENT else "the AWS configuration"
            cause = f"the AWS {name} in {place} has a blank, a line feed or another such character"
            raise AwsFault(AccessDenied, cause, "set it again, without that")


def _require_bundle(bundle: str | None) -> None:
    if bundle and not Path(bundle).exists():
        cause = f"{quoted(bundle)}, named by AWS_CA_BUNDLE or ca_bundle, is not there"
        raise SettingsFault(cause, "correct the name, or see that the file is there")


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        return False


def _without_login(url: str) -> str:
    return re.sub(r"[^/@]*@", "***@", url)
