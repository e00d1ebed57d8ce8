"""How long until the map of many tables is first painted, in a real Chromium: python -m benchmarks.schema_map [TABLES].

Prints the milliseconds from the start of the page to its first paint with all tables laid out, and the longest of sixty
frames while it is moved.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from playwright.async_api import Route, async_playwright

STATIC = Path(__file__).parents[1] / "src/pgwarden/web/static"
PAGE = """<!doctype html><html lang="en"><link rel="stylesheet" href="/static/css/pgwarden.css"><body>
<form id="find"><input name="table"><button>Go</button><button type="button" id="whole">Whole</button>
<input type="checkbox" id="near"></form><datalist id="tables"></datalist>
<canvas id="map" data-database="shop" tabindex="0"></canvas><section id="chosen"></section><div id="live"></div>
<script type="module" src="/static/js/map.js"></script></body></html>"""
READY = "() => document.getElementById('map').dataset.drawn"
FRAMES = """async () => { let worst = 0, last = performance.now();
  for (let n = 0; n < 60; n++) {
    document.getElementById("map").dispatchEvent(new KeyboardEvent("keydown", { key: n % 2 ? "ArrowLeft" : "+" }));
    await new Promise((done) => requestAnimationFrame(done));
    const now = performance.now(); worst = Math.max(worst, now - last); last = now;
  }
  return worst; }"""


def tables(count: int) -> dict[str, object]:
    """Each table refers to one of the square root of the tables before it, and every fifth to another one."""
    hub = max(1, int(count**0.5))
    edges = [{"table": n, "foreign": n % hub, "label": "ref_id", "inferred": False} for n in range(1, count)]
    edges += [{"table": n, "foreign": n // 2, "label": "other_id", "inferred": True} for n in range(1, count, 5)]
    made = [{"name": f"public.table_{n}", "rows": n, "columns": 12, "keys": ["id", "ref_id"]} for n in range(count)]
    return {"database": "shop", "version": "1", "tables": made, "edges": edges, "left_out": 0}


async def measure(count: int) -> None:
    content = json.dumps(tables(count))

    async def answer(route: Route) -> None:
        path = route.request.url.partition("http://map.test")[2]
        if path.startswith("/static/"):
            await route.fulfill(path=STATIC / path.removeprefix("/static/"))
        elif path.startswith("/api/"):
            await route.fulfill(body=content, content_type="application/json")
        else:
            await route.fulfill(body=PAGE, content_type="text/html")

    async with async_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1100, "height": 900})
        await page.route("**/*", answer)
        await page.goto("http://map.test/")
        await page.wait_for_function(READY)
        first = await page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() =>"
            " requestAnimationFrame(() => done(performance.now()))))"
        )
        worst = await page.evaluate(FRAMES)
        print(
            f"{count:,} tables, {len(content) / 1024:,.0f} kB: first paint {first:,.0f} ms, worst frame {worst:,.0f} ms"
        )
        await browser.close()


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
