"""What timers, endpoints and deliveries look like in answers and in webhooks: the contract's T, W and D."""

from instants import iso, millis

ALWAYS = {
    *("id", "name", "status", "duration", "startTime", "endTime", "createdAt", "updatedAt", "expiresAt"),
    *("timeRemaining", "progress", "percentComplete", "events", "metadata"),
}
LABELS = {"agentId", "team", "scenario", "organizationId", "projectId"}
ONLY_WHEN = {"running": set(), "paused": set(), "expired": {"expiredAt"}, "cancelled": {"cancelledAt", "reason"}}


def check_timer(timer):
    """Every field is there, nothing else is, and what is said twice agrees."""
    fields = set(timer) - LABELS
    assert fields >= ALWAYS, f"{ALWAYS - fields} missing in {timer}"
    assert fields - ALWAYS <= ONLY_WHEN[timer["status"]], f"{fields - ALWAYS} does not belong to {timer}"
    assert all(isinstance(timer[field], str) for field in LABELS & set(timer)), timer
    for field in ("duration", "startTime", "timeRemaining"):
        assert type(timer[field]) is int, f"{field} is whole milliseconds: {timer}"
    assert millis(timer["createdAt"]) <= millis(timer["updatedAt"]), timer
    assert 0 <= timer["timeRemaining"] <= timer["duration"], timer
    assert 0 <= timer["progress"] <= 1, timer
    assert abs(timer["percentComplete"] - 100 * timer["progress"]) <= 0.02, timer
    if timer["status"] == "paused":
        assert timer["endTime"] is timer["expiresAt"] is None, f"a paused timer has no end: {timer}"
    elif timer["endTime"] is not None:
        assert timer["expiresAt"] == iso(timer["endTime"]), timer
    if timer["status"] == "running":
        assert timer["endTime"] - timer["startTime"] == timer["duration"], timer
    if timer["status"] == "expired":
        assert (timer["timeRemaining"], timer["progress"], timer["percentComplete"]) == (0, 1, 100), timer
        millis(timer["expiredAt"])
    if timer["status"] == "cancelled":
        millis(timer["cancelledAt"])
    return timer


ENDPOINT = {
    *("id", "name", "url", "events", "active", "description", "headers", "maxRetries", "retryDelay", "timeout"),
    *("payloadFormat", "format", "secretPreview", "lastTriggeredAt", "createdAt", "updatedAt"),
}


def check_endpoint(webhook, *, secret=False):
    """Every field of an endpoint is there, nothing else is, and its secret only where it is promised."""
    fields = set(webhook) - {"disabledReason"}
    assert fields == ENDPOINT | ({"secret"} if secret else set()), f"{fields ^ ENDPOINT} in {webhook}"
    assert webhook["id"].startswith("whk_"), webhook
    assert millis(webhook["createdAt"]) <= millis(webhook["updatedAt"]), webhook
    for field in ("maxRetries", "retryDelay", "timeout"):
        assert type(webhook[field]) is int, f"{field} is a whole number: {webhook}"
    assert type(webhook["active"]) is bool, webhook
    if webhook["lastTriggeredAt"] is not None:
        millis(webhook["lastTriggeredAt"])
    return webhook


DELIVERY = {
    *("id", "eventType", "url", "status", "attempts", "maxAttempts", "responseCode", "responseBody", "errorMessage"),
    *("nextRetryAt", "lastAttemptAt", "deliveredAt", "createdAt", "attemptLog"),
}
ATTEMPT = {"attempt", "dueAt", "sentAt", "durationMs", "responseCode", "error"}


def check_delivery(delivery):
    """Every field of a delivery is there, nothing else is, and what is said twice agrees."""
    origin = {"webhookId", "eventId"} if "webhookId" in delivery else {"timerId"}
    fields = set(delivery) - {"eventId"}
    assert fields == DELIVERY | (origin - {"eventId"}), f"{fields ^ DELIVERY} in {delivery}"
    assert delivery["id"].startswith("del_"), delivery
    log = delivery["attemptLog"]
    assert [attempt["attempt"] for attempt in log] == list(range(1, delivery["attempts"] + 1)), delivery
    for attempt in log:
        assert ATTEMPT - {"responseCode", "error"} <= set(attempt) <= ATTEMPT, attempt
        assert type(attempt["durationMs"]) is int, attempt
        assert millis(attempt["dueAt"]) <= millis(attempt["sentAt"]), f"no attempt before it is due: {attempt}"
    assert (delivery["status"] == "SUCCESS") == (delivery["deliveredAt"] is not None), delivery
    assert (delivery["lastAttemptAt"] is None) == (log == []), delivery
    assert (delivery["nextRetryAt"] is not None) <= (delivery["status"] in ("PENDING", "RETRYING")), delivery
    if log:
        assert delivery["responseCode"] == log[-1].get("responseCode"), delivery
        assert delivery["lastAttemptAt"] == log[-1]["sentAt"], delivery
    assert "?" not in delivery["url"], delivery
    return delivery
