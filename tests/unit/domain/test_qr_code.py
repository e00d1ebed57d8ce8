"""QR codes, module by module, against what an independent implementation (python-qrcode 8) drew."""

from __future__ import annotations

import hashlib

import pytest

from pgwarden.domain.qr_code import qr_modules, qr_svg

URI = "otpauth://totp/pgwarden:ana?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=pgwarden&digits=6&period=30"
PGWARDEN = """
#######..#.##.#######
#.....#..#.#..#.....#
#.###.#.#...#.#.###.#
#.###.#.#.#.#.#.###.#
#.###.#.#.###.#.###.#
#.....#.###.#.#.....#
#######.#.#.#.#######
........#..##........
#.#####.....#.#####..
#...#....##.#######.#
##.####..###..#..#.#.
#....#...........##..
#.##.##.##.#.....#...
........##.##########
#######..##.#.#..#.#.
#.....#.##.#####.##..
#.###.#.##..#.......#
#.###.#.##..#..##.#..
#.###.#.####.#...##..
#.....#...#....####..
#######.#.##.#.#.#.#.
"""


def drawn(text: str, mask: int | None = None) -> str:
    return "\n".join("".join(".#"[dark] for dark in row) for row in qr_modules(text, mask=mask))


def test_a_short_text_is_drawn_as_the_other_implementation_draws_it() -> None:
    assert drawn("pgwarden", mask=2) == PGWARDEN.strip()


@pytest.mark.parametrize(
    ("text", "mask", "side", "sha256"),
    [
        (URI, 0, 41, "ca635dbfb8f7cdac"),
        (URI, 3, 41, "68ddca681fefa050"),
        (URI, 5, 41, "a9ea7fa32ec8572f"),
        (URI, 7, 41, "8d6d161def8090a1"),
        ("a", 0, 21, "8ac8f40772e90e7a"),
        ("x" * 300, 3, 69, "bcb459164c769ac8"),  # two lengths of blocks, version information
        ("é" * 333, 7, 97, "cbd2f6020d3bd73b"),  # the last version
    ],
)
def test_every_module_is_where_the_other_implementation_puts_it(text: str, mask: int, side: int, sha256: str) -> None:
    found = drawn(text, mask).splitlines()
    assert len(found) == side
    flat = "".join(found).replace(".", "0").replace("#", "1")
    assert hashlib.sha256(flat.encode()).hexdigest()[:16] == sha256


def test_the_mask_that_is_easiest_to_scan_is_taken() -> None:
    assert drawn(URI) in {drawn(URI, mask) for mask in range(8)}


def test_the_picture_is_one_path_and_runs_nothing() -> None:
    picture = qr_svg(URI, 'A "code"')
    assert picture.count("<path") == 1
    assert "style" not in picture
    assert 'aria-label="A &quot;code&quot;"' in picture


def test_what_is_too_long_is_no_code() -> None:
    with pytest.raises(ValueError, match="667 bytes"):
        qr_modules("x" * 667)
