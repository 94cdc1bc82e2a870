"""Small plots as SVG, written here so that the same figures always give the same bytes."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 150, 30, 40
COLOURS = ("#2563eb", "#f59e0b", "#10b981", "#9333ea", "#ef4444", "#0891b2", "#84cc16", "#6b7280")
TICKS = 5


class Series(NamedTuple):
    """A named row of values; None leaves a gap."""

    name: str
    values: Sequence[float | None]


def bars(title: str, groups: Sequence[str], series: Sequence[Series], *, low: float = 0.0, high: float = 1.0) -> str:
    """Grouped bars: one group for each index of the values, one colour for each series."""
    frame = _Frame(low, high)
    parts = [frame.open(title), *frame.grid()]
    room = frame.width / max(len(groups), 1)
    width = room * 0.8 / max(len(series), 1)
    zero = frame.y(max(low, 0.0))
    for place, group in enumerate(groups):
        left = LEFT + place * room
        parts.append(_text(left + room / 2, HEIGHT - BOTTOM + 16, group, "middle"))
        for number, each in enumerate(series):
            value = each.values[place]
            if value is not None:
                top = frame.y(value)
                parts.append(
                    f'<rect x="{left + room * 0.1 + number * width:.1f}" y="{min(top, zero):.1f}" width="{width:.1f}"'
                    f' height="{abs(zero - top):.1f}" fill="{_colour(number)}"/>'
                )
    return _closed([*parts, *_legend(series)])


def lines(title: str, series: Sequence[Series], *, low: float, high: float, first: str, last: str) -> str:
    """Lines from left to right; `first` and `last` name the ends of the horizontal axis."""
    frame = _Frame(low, high)
    parts = [frame.open(title), *frame.grid()]
    parts.append(_text(LEFT, HEIGHT - BOTTOM + 16, first, "start"))
    parts.append(_text(LEFT + frame.width, HEIGHT - BOTTOM + 16, last, "end"))
    for number, each in enumerate(series):
        step = frame.width / max(len(each.values) - 1, 1)
        numbered = enumerate(each.values)
        for known, run in groupby(numbered, key=lambda pair: pair[1] is not None):
            if known:
                points = " ".join(
                    f"{LEFT + place * step:.1f},{frame.y(value):.1f}" for place, value in run if value is not None
                )
                parts.append(f'<polyline points="{points}" fill="none" stroke="{_colour(number)}" stroke-width="1.5"/>')
    return _closed([*parts, *_legend(series)])


def histogram(title: str, series: Sequence[Series], *, first: str, last: str) -> str:
    """Outlines of distributions: the share of each bin, a colour for each series."""
    shares = [_shares(each) for each in series]
    high = max((value for each in shares for value in each.values if value is not None), default=1.0)
    stepped = [Series(each.name, [value for value in each.values for _ in range(2)]) for each in shares]
    return lines(title, stepped, low=0.0, high=max(high, 0.01), first=first, last=last)


def _shares(series: Series) -> Series:
    total = sum(value or 0.0 for value in series.values)
    return Series(series.name, [(value or 0.0) / total if total else 0.0 for value in series.values])


class _Frame:
    """The axes of a plot."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self.width = WIDTH - LEFT - RIGHT

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def open(self, title: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' font-family="sans-serif" font-size="11"><title>{escape(title)}</title>'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
            f'<text x="{LEFT}" y="18" font-size="13" fill="#111827">{escape(title)}</text>'
        )

    def grid(self) -> list[str]:
        found: list[str] = []
        for number in range(TICKS + 1):
            value = self.low + (self.high - self.low) * number / TICKS
            y = self.y(value)
            found.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + self.width}" y2="{y:.1f}" stroke="#e5e7eb"/>')
            found.append(_text(LEFT - 6, y + 4, f"{value:.2f}".rstrip("0").rstrip("."), "end"))
        return found


def _legend(series: Sequence[Series]) -> list[str]:
    found: list[str] = []
    for number, each in enumerate(series):
        y = TOP + 8 + number * 18
        found.append(f'<rect x="{WIDTH - RIGHT + 14}" y="{y - 8}" width="10" height="10" fill="{_colour(number)}"/>')
        found.append(_text(WIDTH - RIGHT + 30, y + 1, each.name, "start"))
    return found


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#374151">{escape(words)}</text>'


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _closed(parts: Sequence[str]) -> str:
    return "\n".join([*parts, "</svg>"]) + "\n"
