"""Distributions as SVG: the share of deliveries that were at most so late, over lateness on a logarithmic axis."""

import math
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 56, 16, 40, 48
COLOURS = ["#0b6e4f", "#c1440e", "#5b3a8c"]
SHARES = [0, 0.25, 0.5, 0.75, 1]
POINTS = 200


def distributions(title, series):
    """`series`: lateness in ms by name."""
    every = [max(value, 0.1) for values in series.values() for value in values]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    high = max(high, low + 1)

    def x(milliseconds):
        share = (math.log10(max(milliseconds, 0.1)) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(share):
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for share in SHARES:
        parts.append(f'<path d="M{LEFT} {y(share):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for power in range(low, high + 1):
        at = x(10**power)
        parts.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{10**power:g} ms</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">late by at most</text>')
    for index, (name, values) in enumerate(series.items()):
        values, colour = sorted(values), COLOURS[index % len(COLOURS)]
        picked = [round(point / POINTS * (len(values) - 1)) for point in range(POINTS + 1)]
        line = " ".join(f"{x(values[at]):.1f},{y((at + 1) / len(values)):.1f}" for at in picked)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        label = f'x="{LEFT + 12}" y="{TOP + 16 + 16 * index}" fill="{colour}"'
        parts.append(f"<text {label}>{escape(name)}</text>")
    return "\n".join([*parts, "</svg>", ""])
