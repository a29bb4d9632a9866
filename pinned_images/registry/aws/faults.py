"""What goes wrong in calls to AWS, sorted by what the user can do about it and put into words.

AWS's own messages are quoted where they name an action, a resource or a policy. They are not
quoted where they could repeat what was sent: the message of a wrong signature holds the session
token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.registry.aws.clients import OutOfTime

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_REFUSALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
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
_FORBIDDEN = (401, 403)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_LONGEST_QUOTATION = 400
_LATER = "try again later, or set AWS_MAX_ATTEMPTS to have AWS asked more often"


class AwsFault(Exception):
    """A call to AWS that failed; its `error` is what the user gets, once told of an image.

    Args:
        kind: The class of the error that the user gets.
        cause: What happened, as a clause.
        remedy: What to do next, as a clause.
        code: AWS's own code; empty where no answer came.
        refused: Whether someone else might be let in.
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
        """What happened, as a clause."""
        return self.error.cause

    @property
    def remedy(self) -> str:
        """What to do next, as a clause."""
        return self.error.remedy or ""


def fault_of(error: Exception, *, action: str, place: str, identity: str) -> AwsFault:
    """Sort what the SDK raised.

    Args:
        error: The exception out of the SDK.
        action: What was asked for, as IAM calls it: ``ecr:BatchGetImage``.
        place: Where: account and region.
        identity: Who asked, for people.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads late

    if isinstance(error, ClientError):
        return _fault_of_answer(error, action, place, identity)
    if isinstance(error, OutOfTime):
        cause = f"{action} in {place} gave no answer in the time there was"
        return AwsFault(RegistryUnavailable, cause, "try again later, or allow more time")
    if isinstance(error, BotoCoreError):
        return _fault_without_answer(error, action, place)
    return AwsFault(
        RegistryUnavailable,
        f"what answered {action} in {place} does not speak as AWS does",
        "look at the proxies on the way, and at AWS_ENDPOINT_URL",
    )


def _fault_of_answer(error: ClientError, action: str, place: str, identity: str) -> AwsFault:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _UNUSABLE_CREDENTIALS:
        state = "have expired" if code in _EXPIRED else f"are not valid in {place} ({code})"
        cause, remedy = f"the credentials of {identity} {state}", "renew them, or use others"
        return AwsFault(AccessDenied, cause, remedy, code=code, refused=True)
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
    return AwsFault(ResolutionError, cause, "mend what it names", code=code)


def _fault_without_answer(error: BotoCoreError, action: str, place: str) -> AwsFault:
    from botocore import exceptions as sdk  # noqa: PLC0415 - loads late

    if isinstance(error, sdk.SSLError):
        cause = f"the TLS certificate of what answers for AWS in {place} is not trusted"
        remedy = "where a proxy stands in between, name its certificates in AWS_CA_BUNDLE"
    elif isinstance(error, sdk.ProxyConnectionError):
        cause = f"the proxy on the way to AWS in {place} cannot be reached"
        remedy = "look at HTTPS_PROXY and NO_PROXY"
    elif isinstance(error, (sdk.EndpointConnectionError, sdk.ConnectTimeoutError)):
        cause = f"AWS cannot be reached for {action} in {place}"
        remedy = "see that the network is up, the region exists and AWS_ENDPOINT_URL is right"
    elif isinstance(error, (sdk.ConnectionError, sdk.HTTPClientError)):
        cause = f"the connection to AWS for {action} in {place} broke ({type(error).__name__})"
        remedy = _LATER
    else:
        cause = f"{action} in {place} could not be asked ({one_line(str(error))})"
        return AwsFault(ResolutionError, cause, "mend what it names")
    return AwsFault(RegistryUnavailable, cause, remedy)


def quoted(error: ClientError) -> str:
    """AWS's own message, on one line and of a bounded length."""
    return one_line(str(error.response.get("Error", {}).get("Message", "")))


def one_line(text: str) -> str:
    """A text of AWS's on one line, of a bounded length, and without its full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_QUOTATION else f"{line[:_LONGEST_QUOTATION]}..."
