"""Stock over time as a picture: an SVG of step lines, one for each item, written by hand so that nothing needs installing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

WIDTH, HEIGHT = 1260, 660
LEFT, RIGHT, TOP, BOTTOM = 84, 416, 92, 66  # what is kept free around the lines; the legend stands at the right
COLOURS = (
    "#1f5fa8", "#d1495b", "#2a8c55", "#e08a00", "#7b4bb5",
    "#0f9bb0", "#8c5a2b", "#d65db1", "#4d5863", "#93a01a",
)  # fmt: skip
INK, PALE, FAINT = "#22272e", "#66707c", "#e3e7ec"
STYLE = f"""
text {{ font-family: 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif; fill: {INK}; font-size: 13px }}
.title {{ font-size: 20px; font-weight: 600 }}
.note, .tick, .axis {{ fill: {PALE} }}
.line {{ fill: none; stroke-width: 2; stroke-linejoin: round }}
.grid {{ stroke: {FAINT} }}
.zero {{ stroke: {INK} }}
"""
STEPS_MAX = 8  # lines of the grid
NAME_LETTERS_MAX = 42  # what fits beside the lines


@dataclass(frozen=True, kw_only=True)
class Series:
    """How much there was of one item: each quantity holds from its moment until the next."""

    name: str
    points: Sequence[tuple[datetime, int]]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a moment and a quantity have their place in the picture."""

    first: datetime
    last: datetime
    step: int
    top: int

    def x(self, at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - self.first) / (self.last - self.first))

    def y(self, quantity: int) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * quantity / self.top


def draw(series: Sequence[Series], *, title: str, note: str) -> str:
    """The whole picture. The series are told apart by colour, in the order of the legend."""
    frame = framed(series)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 38, title, "title"),
        text(LEFT, 62, note, "note"),
        *quantities(frame),
        *days(frame),
        *(line(one, colour, frame) for one, colour in zip(series, COLOURS, strict=False)),
        *legend(series),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def framed(series: Sequence[Series]) -> Frame:
    """From midnight to midnight, and from zero to a round number above everything."""
    moments = [at for one in series for at, _ in one.points]
    highest = max(quantity for one in series for _, quantity in one.points)
    first, last = midnight(min(moments)), midnight(max(moments)) + timedelta(days=1)
    step = round_step(highest)
    return Frame(first=first, last=last, step=step, top=step * max(1, math.ceil(highest / step)))


def midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def round_step(highest: int) -> int:
    """1, 2 or 5 times a power of ten, so that a few steps reach the top."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * STEPS_MAX >= highest:
                return step
        power *= 10


def quantities(frame: Frame) -> Iterator[str]:
    """The vertical axis with its grid."""
    for quantity in range(0, frame.top + 1, frame.step):
        y = frame.y(quantity)
        kind = "grid" if quantity else "zero"
        yield f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield text(LEFT - 10, y + 4, f"{quantity:,}", "tick", "end")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield f'<g transform="rotate(-90 24 {middle:.0f})">{text(24, middle, "units on hand", "axis", "middle")}</g>'


def days(frame: Frame) -> Iterator[str]:
    """The horizontal axis: a line at each midnight, the name of the day between two."""
    count = (frame.last - frame.first).days
    every = math.ceil(count / 8)
    for number in range(0, count, every):
        start = frame.first + timedelta(days=number)
        x, end = frame.x(start), frame.x(min(start + timedelta(days=every), frame.last))
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield text((x + end) / 2, HEIGHT - BOTTOM + 20, f"{start:%a} {start.day} {start:%b}", "tick", "middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, f"time (UTC), {frame.first.year}", "axis", "middle")


def line(series: Series, colour: str, frame: Frame) -> str:
    """Level until something moves, then straight up or down."""
    at, quantity = series.points[0]
    path = [f"M{frame.x(at):.1f} {frame.y(quantity):.1f}"]
    path += [f"H{frame.x(at):.1f}V{frame.y(quantity):.1f}" for at, quantity in series.points[1:]]
    return f'<path class="line" stroke="{colour}" d="{"".join(path)}"/>'


def legend(series: Sequence[Series]) -> Iterator[str]:
    left = WIDTH - RIGHT + 32
    for number, (one, colour) in enumerate(zip(series, COLOURS, strict=False)):
        y = TOP + 12 + number * 48
        yield f'<line x1="{left}" x2="{left + 26}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="4"/>'
        yield text(left + 38, y + 4, shortened(one.name), "name")
        moves, begun, left_over = len(one.points), one.points[0][1], one.points[-1][1]
        yield text(left + 38, y + 22, f"{moves:,} movements, {begun:,} → {left_over:,}", "note")


def shortened(name: str) -> str:
    return name if len(name) <= NAME_LETTERS_MAX else f"{name[: NAME_LETTERS_MAX - 1]}…"


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
