"""Two recipes with their seeds: intervals by hand, the table, and the page in a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.cli import main
from rlvr.errors import UserError
from rlvr.report.comparing import Side, compare, difference, interval, markdown, t_quantile
from tests.report.browser import CHROMIUM, REASON, browser


def run(folder: Path, rewards: list[float], accuracy: float) -> Path:
    folder.mkdir(parents=True)
    rows = [{"iteration": i, "reward/mean": r, "time/train": 1.0} for i, r in enumerate(rewards, 1)]
    rows[-1]["eval/chain/accuracy"] = accuracy
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed, end in enumerate((0.5, 0.6, 0.7)):
        run(tmp_path / f"slow_{seed}", [0.1, 0.2, end - 0.1, end, end + 0.1], end)
    for seed, end in enumerate((0.9, 0.92, 0.94)):
        run(tmp_path / f"fast_{seed}", [0.1, 0.5, end, end, end], end)
    return tmp_path


def test_quantiles_are_those_of_the_tables() -> None:
    for freedom, value in ((1, 12.7062), (2, 4.3027), (5, 2.5706), (30, 2.0423)):
        assert t_quantile(0.975, freedom) == pytest.approx(value, abs=1e-4)


def test_the_interval_of_three_seeds_by_hand() -> None:
    # mean 0.6, s 0.1, half = 4.3027 * 0.1 / sqrt(3) = 0.24842
    found = interval([0.5, 0.6, 0.7])
    assert (found.mean, found.low, found.high) == pytest.approx((0.6, 0.35158, 0.84842), abs=1e-5)
    assert interval([0.5]).low is None


def test_the_difference_of_two_sides_by_hand() -> None:
    # s^2/n: 0.01/3 and 0.0004/3; freedom = (0.0104/3)^2 / ((0.01/3)^2/2 + (0.0004/3)^2/2) = 2.1597
    found = difference([0.5, 0.6, 0.7], [0.9, 0.92, 0.94])
    assert found.mean == pytest.approx(0.32) and found.low is not None
    assert found.mean - found.low == pytest.approx(t_quantile(0.975, 2.15970) * (0.0104 / 3) ** 0.5, abs=1e-4)
    assert difference([0.5], [0.9, 1.0]).low is None and difference([1.0, 1.0], [1.0, 1.0]).high == 0.0


def test_the_table_of_two_recipes(runs: Path) -> None:
    sides = Side.read(f"{runs}/slow_*"), Side.read(f"{runs}/fast_0,{runs}/fast_1,{runs}/fast_2")
    lines = compare(*sides)
    assert [line.metric for line in lines] == ["eval/chain/accuracy", "reward/mean", "time/train"]
    ends = lines[1]
    assert ends.a is not None and ends.a.mean == pytest.approx(0.6)  # the mean of the last three iterations
    assert lines[0].clear and not lines[2].clear
    text = markdown(*sides, lines)
    assert text.splitlines()[2].startswith("| eval/chain/accuracy | 0.6 (0.3516 to 0.8484) | 0.92 (")
    assert "3 and 3 runs" in text


def test_one_seed_gets_no_interval_and_is_told_so(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", str(runs / "slow_0"), str(runs / "fast_0"), "--out", str(runs / "table.md")])
    printed = capsys.readouterr().out
    assert "one seed has no interval" in printed and "one seed has no interval" in (runs / "table.md").read_text()
    with pytest.raises(UserError, match="no run matches"):
        Side.read(f"{runs}/none_*")
    with pytest.raises(UserError, match=r"no metrics\.jsonl"):
        Side.read(str(runs))


@pytest.mark.skipif(CHROMIUM is None, reason=REASON)
def test_the_page_of_a_comparison(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", f"{runs}/slow_*", f"{runs}/fast_*", "--out", str(runs / "both.html"), "--json"])
    assert json.loads(capsys.readouterr().out)["lines"][0]["clear"] is True
    with browser() as tab:
        tab.size(1200, 900)
        tab.open((runs / "both.html").as_uri())
        tab.wait("document.body && document.body.dataset.ready")
        assert tab.run("document.querySelectorAll('.ends tr').length") == 4
        assert "0.6 (0.3516 to 0.8484)" in tab.run("document.querySelector('.ends').textContent")
        tab.wait("document.querySelectorAll('.u-over').length === 3")
        tab.key("2")
        tab.wait("document.body.dataset.tab === 'curves'")
        assert not tab.complaints
