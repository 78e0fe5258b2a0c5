"""How late webhooks came, by the way that their timers took."""

LIMITS = (10, 20, 50, 100, 150, 200, 500, 1_000, 2_000, 5_000, 60_000, 120_000)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def histogram(title, milliseconds):
    """A histogram as text, and the percentiles that count."""
    p50, p99 = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
    lines = [
        f"{title}: {len(milliseconds)} webhooks, p50 {p50:.0f} ms, p99 {p99:.0f} ms, latest {max(milliseconds):.0f} ms"
    ]
    below = 0
    for limit in LIMITS:
        count = sum(below <= value < limit for value in milliseconds)
        if count:
            lines.append(
                f"  {below:>6} to {limit:>6} ms {count:>5} {'#' * max(1, round(60 * count / len(milliseconds)))}"
            )
        below = limit
    return "\n".join(lines)
