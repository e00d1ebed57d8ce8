"""Figures as SVG: bars of rows, columns over time. Colours are classes of the page; nothing in it runs or loads."""

from __future__ import annotations

from html import escape

from pgwarden.domain.compliance_figures import Figure

WIDTH, LABELS, VALUES = 640, 130, 60
BAR, GAP = 16, 8
HEIGHT, FOOT = 180, 40


def bars_svg(figure: Figure) -> str:
    """A group of horizontal bars for each row, one for each series, with the number at its end."""
    most = max((value for _, values in figure.rows for value in values), default=0) or 1
    scale, parts, y = (WIDTH - LABELS - VALUES) / most, [], 0
    for name, values in figure.rows:
        middle = y + len(values) * BAR / 2 + 4
        parts.append(f'<text x="{LABELS - 8}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>')
        for at, value in enumerate(values):
            long, top = max(value * scale, 0.5), y + at * BAR
            parts.append(
                f'<rect class="series-{at}" x="{LABELS}" y="{top}" width="{long:.1f}" height="{BAR - 2}" rx="2"/>'
                f'<text x="{LABELS + long + 6:.1f}" y="{top + 12}">{_number(value)}{escape(figure.unit)}</text>'
            )
        y += len(values) * BAR + GAP
    return _svg(figure, max(y, BAR), parts)


def columns_svg(figure: Figure) -> str:
    """One column for each row, its series on top of each other, with the first and the last row named below."""
    most = max((sum(values) for _, values in figure.rows), default=0) or 1
    room = (WIDTH - LABELS / 2) / max(len(figure.rows), 1)
    left, parts = LABELS / 4, [f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>']
    for place, (name, values) in enumerate(figure.rows):
        base, x = float(HEIGHT), left + place * room
        for at, value in enumerate(values):
            high = value / most * (HEIGHT - 20)
            base -= high
            if value:
                told = f"{escape(name)}: {_number(value)} {escape(figure.series[at])}"
                parts.append(
                    f'<rect class="risk-{at}" x="{x:.1f}" y="{base:.1f}" width="{max(room - 3, 1):.1f}" '
                    f'height="{high:.1f}"><title>{told}</title></rect>'
                )
        if sum(values):
            middle, told = x + room / 2, _number(sum(values))
            parts.append(f'<text x="{middle:.1f}" y="{base - 4:.1f}" text-anchor="middle">{told}</text>')
    if figure.rows:
        parts.append(f'<text x="0" y="{HEIGHT + 18}">{escape(figure.rows[0][0])}</text>')
        parts.append(f'<text x="{WIDTH}" y="{HEIGHT + 18}" text-anchor="end">{escape(figure.rows[-1][0])}</text>')
    return _svg(figure, HEIGHT + FOOT, parts)


def _svg(figure: Figure, height: float, parts: list[str]) -> str:
    return (
        f'<svg role="img" aria-label="{escape(figure.title)}; the table below says the same" '
        f'viewBox="0 0 {WIDTH} {height:g}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
