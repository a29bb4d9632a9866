"""Faults of calls to AWS, by remedy.

AWS's own messages are quoted where they name an action, a resource or a policy. They are not
quoted where they could repeat what was sent: the message of a wrong signature holds the session
token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.registry.aws.clients import OutOfTime
from pinned_images.registry.aws.environments import Environment

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_REFUSALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_UNUSABLE_CREDENTIALS = _EXPIRED | {
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotSignedUp",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLING = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# STS, "AssumeRole": not activated in the region for the account.
_DISABLED_REGION = frozenset({"RegionDisabledException", "RegionDisabled"})
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
# As AWS writes it: "Signature expired: 20150830T123600Z is now earlier than ... (... - 5 min.)".
_WRONG_TIME = re.compile(
    r"Signature (?:expired|not yet current): [0-9TZ]{8,20} is (?:now|still) (?:earlier|later) than "
    r"[0-9TZ]{8,20}(?: \([0-9TZ]{8,20} [+-] [0-9]{1,4} min\.?\))?"
)
_FORBIDDEN = (401, 403)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_LONGEST_QUOTATION = 400
_IN_BETWEEN = "look at the proxies on the way (HTTPS_PROXY, NO_PROXY), and at AWS_ENDPOINT_URL"
_LATER = "try again later, or set AWS_MAX_ATTEMPTS to have AWS asked more often"


class AwsFault(Exception):
    """A failed call to AWS; its `error` becomes the user's, with the image added.

    Args:
        kind: The class of the user's error.
        cause: What happened, as a clause.
        remedy: What to do next, as a clause.
        code: AWS's own code; empty without an answer.
        refused: Whether another identity might have access.
    """

    def __init__(
        self,
        kind: type[ResolutionError],
        cause: str,
        remedy: str,
        *,
        code: str = "",
        refused: bool = False,
    ) -> None:
        super().__init__(cause)
        self.error = kind(cause, remedy)
        self.code = code
        self.refused = refused

    @property
    def kind(self) -> type[ResolutionError]:
        """The class of the error that the user gets."""
        return type(self.error)

    @property
    def cause(self) -> str:
        """The cause, as a clause."""
        return self.error.cause

    @property
    def remedy(self) -> str:
        """The remedy, as a clause."""
        return self.error.remedy or ""


def fault_of(error: Exception, *, action: str, environment: Environment, identity: str) -> AwsFault:
    """The fault of an exception of the SDK.

    Args:
        error: The exception.
        action: The action, as IAM calls it: ``ecr:BatchGetImage``.
        environment: The account and region.
        identity: The name of the identity, for the error.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads late

    place = str(environment)
    if isinstance(error, ClientError):
        return _fault_of_answer(error, action, environment, identity)
    if isinstance(error, OutOfTime):
        cause = f"{action} in {place} gave no answer in the time there was"
        return AwsFault(RegistryUnavailable, cause, "try again later, or allow more time")
    if isinstance(error, BotoCoreError):
        return _fault_without_answer(error, action, place)
    return AwsFault(
        RegistryUnavailable,
        f"what answered {action} in {place} does not speak as AWS does",
        _IN_BETWEEN,
    )


def _fault_of_answer(
    error: ClientError, action: str, environment: Environment, identity: str
) -> AwsFault:
    place = str(environment)
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    found = _fault_on_the_way(error, action, place, status) or clock_fault_of(error)
    if found is not None:
        return found
    if code in _DISABLED_REGION or code in _UNUSABLE_CREDENTIALS:
        return _fault_of_credentials(code, environment, identity)
    if code in _THROTTLING or status == _TOO_MANY_REQUESTS:
        cause = f"AWS throttled {action} in {place} every time it was asked ({code})"
        return AwsFault(RegistryUnavailable, cause, _LATER, code=code)
    if code in _REFUSALS or status in _FORBIDDEN:
        cause = f"{identity} may not call {action} in {place} ({quoted(error) or code})"
        return AwsFault(AccessDenied, cause, f"allow {action}", code=code, refused=True)
    if status >= _SERVER_ERROR:
        answer = f"{status} {code}".removesuffix(f" {status}").rstrip()  # a code may be the status
        cause = f"AWS failed at {action} in {place} every time it was asked ({answer})"
        return AwsFault(RegistryUnavailable, cause, _LATER, code=code)
    cause = f"AWS answered {action} in {place} with {code} ({quoted(error)})"
    return AwsFault(ResolutionError, cause, "correct what it names", code=code)


def _fault_of_credentials(code: str, environment: Environment, identity: str) -> AwsFault:
    place = str(environment)
    if code in _DISABLED_REGION:
        cause = f"the region {environment.region} is not enabled in {place} ({code})"
        return AwsFault(AccessDenied, cause, "enable it in the account's settings", code=code)
    state = "have expired" if code in _EXPIRED else f"are not valid in {place} ({code})"
    cause, remedy = f"the credentials of {identity} {state}", "renew them, or use others"
    if code not in _EXPIRED and environment.is_opt_in_region:
        remedy += f"; or enable {environment.region} for the account, and take session tokens "
        remedy += "from a regional endpoint of AWS STS"
    return AwsFault(AccessDenied, cause, remedy, code=code, refused=True)


def clock_fault_of(error: ClientError) -> AwsFault | None:
    """The fault of a machine whose clock is wrong; None where the error is another one.

    Of AWS's message only the times are quoted: the rest may repeat what was signed.
    """
    message = str(error.response.get("Error", {}).get("Message", ""))
    code = str(error.response.get("Error", {}).get("Code", ""))
    found = _WRONG_TIME.search(message)
    if found is None and code not in _SKEWED:
        return None
    words = found[0].rstrip(".") if found else code
    cause = f"the clock of this machine differs from that of AWS ({words})"
    return AwsFault(AccessDenied, cause, "set the clock, by NTP for instance", code=code)


def _fault_on_the_way(error: ClientError, action: str, place: str, status: int) -> AwsFault | None:
    """The fault of an answer from something else than AWS, such as a proxy that wants a login.

    With an error of a server AWS itself may send a page.
    """
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    message = str(error.response.get("Error", {}).get("Message", "")).lstrip().lower()
    is_page = "html" in headers.get("content-type", "") or message.startswith(
        ("<!doctype", "<html")
    )
    if not is_page or status >= _SERVER_ERROR:
        return None
    cause = f"a page of HTML answered {action} in {place}, in the place of AWS ({status})"
    return AwsFault(RegistryUnavailable, cause, _IN_BETWEEN)


def _fault_without_answer(error: BotoCoreError, action: str, place: str) -> AwsFault:
    from botocore import exceptions as sdk  # noqa: PLC0415 - loads late

    if isinstance(error, sdk.SSLError):
        cause = f"the TLS certificate of what answers for AWS in {place} is not trusted"
        remedy = "if a proxy is in between, name its certificates in AWS_CA_BUNDLE"
    elif isinstance(error, sdk.ProxyConnectionError):
        cause = f"the proxy on the way to AWS in {place} cannot be reached"
        remedy = "look at HTTPS_PROXY and NO_PROXY"
    elif isinstance(error, (sdk.EndpointConnectionError, sdk.ConnectTimeoutError)):
        cause = f"AWS cannot be reached for {action} in {place}"
        remedy = "see that the network is up, the region exists and AWS_ENDPOINT_URL is right"
    elif isinstance(error, sdk.HTTPClientError) and isinstance(
        error.kwargs.get("error"), ValueError
    ):
        cause = f"the address of a proxy or of AWS cannot be used for {action} in {place}"
        remedy = "look at HTTPS_PROXY and at AWS_ENDPOINT_URL"
    elif isinstance(error, (sdk.ConnectionError, sdk.HTTPClientError)):
        cause = f"the connection to AWS for {action} in {place} broke ({type(error).__name__})"
        remedy = _LATER
    else:
        cause = f"{action} in {place} could not be asked ({one_line(str(error))})"
        return AwsFault(ResolutionError, cause, "correct what it names")
    return AwsFault(RegistryUnavailable, cause, remedy)


def quoted(error: ClientError) -> str:
    """AWS's own message, on one line and of a bounded length."""
    return one_line(str(error.response.get("Error", {}).get("Message", "")))


def one_line(text: str) -> str:
    """A message of AWS on one line, of a bounded length, and without its full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_QUOTATION else f"{line[:_LONGEST_QUOTATION]}..."
