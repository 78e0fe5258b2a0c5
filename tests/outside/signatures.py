"""Signatures worked out from the contract's table (section 3), independently of the server's own code."""

import base64
import hmac


def standard(secret, hit):
    """One entry of `webhook-signature` (Standard Webhooks)."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = f"{hit.headers['webhook-id']}.{hit.headers['webhook-timestamp']}.".encode() + hit.body
    return "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()


def minoots(secret, hit):
    """`X-MINOOTS-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), hit.body, "sha256").hexdigest()
