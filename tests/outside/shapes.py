"""What a timer looks like in answers and in webhooks: the contract's T (section 2)."""

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
