"""What can go wrong."""

from __future__ import annotations

from typing import Any

from minoots.types import ErrorDetail, VerificationFailure


class MinootsError(Exception):
    """What every error of this package is, save for a TypeError or ValueError when something is called wrongly."""


class ApiConnectionError(MinootsError):
    """No whole answer came. Whether the call was carried out is not known. `__cause__` says more."""


class ApiError(MinootsError):
    """The service refused. The subclasses go by `status`, finer distinctions by `code`."""

    def __init__(
        self, message: str, *, status: int, code: str, details: list[ErrorDetail], retry_after: float | None
    ) -> None:
        super().__init__(message)
        self.status = status
        #: Such as `TIMER_NOT_FOUND`; `UNKNOWN` if the answer is not from this API, as of a proxy.
        self.code = code
        #: One for every invalid field.
        self.details = details
        #: Seconds after which to come again, if the service said so.
        self.retry_after = retry_after


class InvalidRequestError(ApiError):
    """400, 413, 422"""


class AuthenticationError(ApiError):
    """401"""


class PermissionDeniedError(ApiError):
    """403"""


class NotFoundError(ApiError):
    """404"""


class ConflictError(ApiError):
    """409"""


class RateLimitError(ApiError):
    """429"""


class ServerError(ApiError):
    """5xx"""


class WebhookVerificationError(MinootsError):
    """The request must not be acted upon: answer 401."""

    def __init__(self, code: VerificationFailure, message: str) -> None:
        super().__init__(message)
        self.code: VerificationFailure = code


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def api_error(status: int, answer: Any, retry_after: float | None) -> ApiError:
    """The error for an answer that is no success. What stands between caller and service may answer too."""
    error = answer.get("error") if isinstance(answer, dict) else None
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        message = f"answered {status}, and not as the Minoots API does: is base_url right?"
        return kind(message, status=status, code="UNKNOWN", details=[], retry_after=retry_after)
    details = error.get("details")
    return kind(
        str(error.get("message")),
        status=status,
        code=error["code"],
        details=details if isinstance(details, list) else [],
        retry_after=retry_after,
    )
