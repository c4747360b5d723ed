"""The plot of accuracy over checkpoints, in a browser: every point, its interval, and a hostile name."""

from pathlib import Path

import pytest

from rlvr.report.accuracy import Point, iteration_of, write_accuracy_page
from tests.report.browser import CHROMIUM, REASON, browser


def test_the_iteration_of_a_checkpoints_path() -> None:
    assert iteration_of("runs/a/checkpoints/iteration_000020/model") == 20
    assert iteration_of("runs/iteration_3/checkpoints/iteration_000010") == 10
    assert iteration_of("runs/a/checkpoints/best") is None


@pytest.mark.skipif(CHROMIUM is None, reason=REASON)
def test_the_page_draws_a_chart_a_suite(tmp_path: Path) -> None:
    models = [f"r/checkpoints/iteration_0000{i}" for i in (30, 10, 20)]
    suites = {
        "gsm8k": [Point(0.5, 0.4, 0.6, 100, 1), Point(0.2, 0.13, 0.29, 100, 1), Point(0.3, 0.22, 0.4, 100, 1)],
        "<b>odd</b>": [Point(0.9, 0.8, 0.95, 30, 4), None, Point(None, 0.0, 1.0, 30, 4)],
    }
    by_iteration, by_name = tmp_path / "a.html", tmp_path / "b.html"
    write_accuracy_page(models, suites, by_iteration)
    write_accuracy_page(["base/model", "hub/name"], {"gsm8k": suites["gsm8k"][:2]}, by_name)
    with browser() as page:
        page.open(by_iteration.as_uri())
        page.wait("document.body?.dataset.ready === 'yes'")
        assert page.run("document.querySelectorAll('.chart canvas').length") == 2
        rows = page.run("[...document.querySelectorAll('tr')].map((r) => [...r.cells].map((c) => c.textContent))")
        assert rows[0] == ["model", "gsm8k", "<b>odd</b>"]
        assert [row[0][-2:] for row in rows[1:]] == ["10", "20", "30"]  # in the order of their iterations
        assert rows[1][1:] == ["20.0 % (13.0 % to 29.0 %)", "-"] and rows[3][1] == "50.0 % (40.0 % to 60.0 %)"
        # The bar of the first interval: more ink in the chart's colour than the line and its point would leave.
        column = """(() => {
            const c = document.querySelector("canvas");
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            const blue = (x, y, i = 4 * (y * c.width + x)) => d[i + 3] > 100 && d[i + 2] > d[i] + 60;
            const count = (x) => [...Array(c.height).keys()].filter((y) => blue(x, y)).length;
            return Math.max(...[...Array(c.width).keys()].map(count));
        })()"""
        assert page.run(column) > 40
        page.open("about:blank")
        page.open(by_name.as_uri())
        page.wait("document.body?.dataset.ready === 'yes'")
        assert page.run("document.querySelector('tr:nth-child(2) td').textContent") == "base/model"
        assert page.complaints == []
