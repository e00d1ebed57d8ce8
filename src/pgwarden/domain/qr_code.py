"""A text as a QR code (ISO/IEC 18004): byte mode, error correction M, versions 1 to 20."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html import escape
from itertools import groupby

LAST_VERSION = 20
_CORRECTION = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26)
"""Correction codewords in each block, by version."""
_BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16)
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _column: row % 2 == 0,
    lambda _row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)
_FINDER_LIKE = ((1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1))
QUIET = 4
"""Light modules around it, so that a camera finds it."""

Square = list[list[bool]]


def qr_svg(text: str, label: str) -> str:
    """The code as an SVG element of its own, dark on light in every theme. ValueError for a text that is too long."""
    square = qr_modules(text)
    side = len(square) + 2 * QUIET
    path = "".join(
        f"M{start + QUIET} {row + QUIET}h{length}v1h-{length}z"
        for row, line in enumerate(square)
        for start, length in _runs(line)
    )
    return (
        f'<svg class="qr" role="img" aria-label="{escape(label)}" viewBox="0 0 {side} {side}" '
        f'xmlns="http://www.w3.org/2000/svg" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path fill="#000" d="{path}"/></svg>'
    )


def qr_modules(text: str, *, mask: int | None = None) -> Square:
    """Rows of modules, True is dark. Without a ``mask`` (0 to 7) the easiest one to scan. ValueError: too long."""
    data = text.encode()
    version = _version(len(data))
    words = _interleaved(_data_words(data, version), version)
    tried = range(len(_MASKS)) if mask is None else (mask,)
    return min((_drawn(version, words, each) for each in tried), key=_penalty)


def _version(length: int) -> int:
    for version in range(1, LAST_VERSION + 1):
        if 4 + _length_bits(version) + 8 * length <= 8 * _data_size(version):
            return version
    raise ValueError(f"{length} bytes are too many for a QR code of version {LAST_VERSION}")


def _length_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _size(version: int) -> int:
    return 17 + 4 * version


def _words(version: int) -> int:
    """Codewords of data and correction together."""
    modules = (16 * version + 128) * version + 64
    if version >= 2:
        places = len(_alignments(version))
        modules -= (25 * places - 10) * places - 55
    return (modules - (36 if version >= 7 else 0)) // 8


def _data_size(version: int) -> int:
    return _words(version) - _CORRECTION[version - 1] * _BLOCKS[version - 1]


def _alignments(version: int) -> list[int]:
    """The rows, and columns, of the centres of alignment patterns."""
    if version == 1:
        return []
    count = version // 7 + 2
    step = (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    last = _size(version) - 7
    return [6, *(last - step * back for back in reversed(range(count - 1)))]


def _data_words(data: bytes, version: int) -> list[int]:
    """Mode, length, the bytes, and filling."""
    size = _data_size(version)
    length = _length_bits(version)
    value = (0b0100 << length | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    bits = 4 + length + 8 * len(data)
    terminated = min(bits + 4, 8 * size)
    whole = -(-terminated // 8)
    words = list((value << (8 * whole - bits)).to_bytes(whole, "big"))
    return words + [(0xEC, 0x11)[each % 2] for each in range(size - whole)]


def _interleaved(data: list[int], version: int) -> list[int]:
    """The blocks' words in turn, then their corrections in turn."""
    count, correction = _BLOCKS[version - 1], _CORRECTION[version - 1]
    short, longer = divmod(len(data), count)
    blocks, at = [], 0
    for number in range(count):
        length = short + (number >= count - longer)
        blocks.append(data[at : at + length])
        at += length
    corrections = [_correction(block, correction) for block in blocks]
    mixed = [block[place] for place in range(short + 1) for block in blocks if place < len(block)]
    return mixed + [each[place] for place in range(correction) for each in corrections]


@cache
def _powers() -> tuple[list[int], list[int]]:
    """Powers of 2 in GF(256) with the polynomial 0x11D, and their logarithms."""
    powers, logs, value = [0] * 255, [0] * 256, 1
    for exponent in range(255):
        powers[exponent], logs[value] = value, exponent
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return powers, logs


def _times(left: int, right: int) -> int:
    powers, logs = _powers()
    return powers[(logs[left] + logs[right]) % 255] if left and right else 0


@cache
def _generator(degree: int) -> tuple[int, ...]:
    """The polynomial whose roots are the first powers of 2, highest coefficient (1) left out."""
    found = [1]
    for exponent in range(degree):
        root = _powers()[0][exponent]
        found = [a ^ _times(b, root) for a, b in zip([*found, 0], [0, *found], strict=True)]
    return tuple(found[1:])


def _correction(block: list[int], degree: int) -> list[int]:
    """The remainder of the block's polynomial (Reed-Solomon)."""
    generator, rest = _generator(degree), [0] * degree
    for word in block:
        factor = word ^ rest[0]
        rest = [a ^ _times(b, factor) for a, b in zip([*rest[1:], 0], generator, strict=True)]
    return rest


def _drawn(version: int, words: list[int], mask: int) -> Square:
    """The whole square under one mask."""
    size = _size(version)
    fixed: dict[tuple[int, int], bool] = dict(_patterns(version)) | dict(_format(size, mask))
    square = [[fixed.get((row, column), False) for column in range(size)] for row in range(size)]
    bits = (word >> bit & 1 for word in words for bit in range(7, -1, -1))
    for row, column in _path(size):
        if (row, column) not in fixed:
            square[row][column] = bool(next(bits, 0)) ^ _MASKS[mask](row, column)
    return square


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Where the bits go: pairs of columns from the right, up and down in turn, past the timing column."""
    rights = [column for column in range(size - 1, 0, -2) if column > 6] + [5, 3, 1]
    for turn, right in enumerate(rights):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        for row in rows:
            yield row, right
            yield row, right - 1


def _patterns(version: int) -> Iterator[tuple[tuple[int, int], bool]]:
    """What every code of that version has: finders, timing, alignment, version."""
    size, places = _size(version), _alignments(version)
    for at in range(size):
        yield (6, at), at % 2 == 0
        yield (at, 6), at % 2 == 0
    for row in places:
        for column in places:
            if (row, column) not in ((6, 6), (6, size - 7), (size - 7, 6)):
                yield from _rings(size, row, column, 2, dark=(0, 2))
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        yield from _rings(size, row, column, 4, dark=(0, 1, 3))
    if version >= 7:
        bits = version << 12 | _remainder(version, 0x1F25, 12)
        for bit in range(18):
            place = bit // 3, size - 11 + bit % 3
            yield place, bool(bits >> bit & 1)
            yield (place[1], place[0]), bool(bits >> bit & 1)


def _rings(
    size: int, row: int, column: int, reach: int, *, dark: tuple[int, ...]
) -> Iterator[tuple[tuple[int, int], bool]]:
    """Squares around a centre; ``dark`` are the distances of dark ones."""
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            place = row + down, column + across
            if 0 <= place[0] < size and 0 <= place[1] < size:
                yield place, max(abs(down), abs(across)) in dark


def _format(size: int, mask: int) -> Iterator[tuple[tuple[int, int], bool]]:
    """The level of correction (M is 0) and the mask, twice, and the module that is always dark."""
    bits = (mask << 10 | _remainder(mask, 0x537, 10)) ^ 0x5412
    for bit in range(15):
        value = bool(bits >> bit & 1)
        down = bit if bit < 6 else bit + 1 if bit < 8 else size - 15 + bit
        across = size - 1 - bit if bit < 8 else 15 - bit if bit < 9 else 14 - bit
        yield (down, 8), value
        yield (8, across), value
    yield (size - 8, 8), True


def _remainder(value: int, polynomial: int, degree: int) -> int:
    """Of a BCH code: the check bits of a value."""
    value <<= degree
    while value.bit_length() > degree:
        value ^= polynomial << value.bit_length() - degree - 1
    return value


def _penalty(square: Square) -> int:
    """How hard it is to scan: runs, blocks, what looks like a finder, and an uneven share of dark modules."""
    size, columns = len(square), [list(column) for column in zip(*square, strict=True)]
    found = 0
    for line in (*square, *columns):
        found += sum(length - 2 for length in _lengths(line) if length >= 5)
        found += 40 * sum(tuple(map(int, line[at : at + 11])) in _FINDER_LIKE for at in range(size - 10))
    for row in range(size - 1):
        for column in range(size - 1):
            four = square[row][column : column + 2] + square[row + 1][column : column + 2]
            found += 3 * (len(set(four)) == 1)
    dark = sum(map(sum, square)) * 100 / size**2
    return found + 10 * int(abs(dark - 50) // 5)


def _lengths(line: Iterable[bool]) -> Iterator[int]:
    return (len(list(run)) for _, run in groupby(line))


def _runs(line: list[bool]) -> Iterator[tuple[int, int]]:
    """Start and length of each dark run."""
    at = 0
    for dark, run in groupby(line):
        length = len(list(run))
        if dark:
            yield at, length
        at += length
