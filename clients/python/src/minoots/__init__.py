"""Client of the Minoots API, and verification of its webhooks."""

from minoots.client import Minoots, minoots
from minoots.errors import (
    ApiConnectionError,
    ApiError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MinootsError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    WebhookVerificationError,
)
from minoots.listing import Listing, Page
from minoots.verify import verify_webhook
from minoots.webhook_events import WEBHOOK_EVENTS
from minoots.webhook_service import WebhookService

__version__ = "0.1.0"

__all__ = [
    "WEBHOOK_EVENTS",
    "ApiConnectionError",
    "ApiError",
    "AuthenticationError",
    "ConflictError",
    "InvalidRequestError",
    "Listing",
    "Minoots",
    "MinootsError",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "WebhookService",
    "WebhookVerificationError",
    "minoots",
    "verify_webhook",
]
