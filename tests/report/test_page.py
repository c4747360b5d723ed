"""The page of a real run in a real browser: it loads in silence, clicks drill down, and foreign text stays text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.records import read_lines
from rlvr.report.blocks import squeeze
from rlvr.report.page import write_page
from rlvr.run import train_recipe
from rlvr.tracking.glossary import described
from rlvr.tracking.symptoms import diagnose
from tests.report.browser import CHROMIUM, REASON, Page, browser
from tests.report.hostile import HOSTILE
from tests.tiny import recipe

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "tests" / "training" / "even_length.py"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=REASON)


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "rollouts.jsonl").open(encoding="utf-8")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four iterations over eight prompts, two epochs, so that prompts come back."""
    folder = tmp_path_factory.mktemp("view")
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 8}}}
    sections = recipe(folder / "run", data=data, plugins=[str(PLUGIN)], algorithm={"name": "grpo"})
    return train_recipe(load_recipe(sections)).folder


@pytest.fixture(scope="module")
def hostile(run: Path) -> Path:
    """The same run, had its policy been an attacker: texts, prompts, answers, reasons, names of parts, events."""
    folder = run.with_name("hostile")
    folder.mkdir()
    for name in ("metrics.jsonl", "recipe.yaml", "env.json"):
        (folder / name).write_bytes((run / name).read_bytes())
    rows = records(run)[: len(HOSTILE)]
    for row, text in zip(rows, HOSTILE.values(), strict=True):
        short = text[:200]
        row |= {"text": text, "messages": [{"role": short, "content": short}], "answer": short, "prompt_id": short}
        row["verdict"] |= {"answer": short, "reason": short, "parts": {short: 0.5}}
        row |= {"iteration": 1, "sample": 0}
    (folder / "rollouts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    events = [{"time": 1.0, "event": "warning", "text": text[:200]} for text in HOSTILE.values()]
    (folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browser() as page:
        yield page


def shown(tab: Page, runs: list[Path], file: Path) -> None:
    """Writes the page about `runs` and opens it."""
    write_page(runs, file, glossary=described())
    tab.complaints.clear()
    tab.size(1400, 1000)
    tab.open("about:blank")
    tab.open(file.as_uri())
    tab.wait("document.body && document.body.dataset.ready")


@needs_browser
def test_clicks_lead_from_a_curve_to_a_completion(tab: Page, run: Path, tmp_path: Path) -> None:
    shown(tab, [run], tmp_path / "report.html")
    tab.wait("document.querySelectorAll('.u-over').length >= 4")
    assert tab.run("document.querySelector('.chart h3').textContent") == "reward/mean"
    tab.click(".chart .u-over", x=0.99)  # the last iteration
    tab.wait("document.body.dataset.group")
    assert tab.run("document.querySelector('#iteration').value") == "4"
    tab.click("#groups .item:nth-child(2)")
    tab.wait("document.querySelectorAll('#groups .item')[1].getAttribute('aria-current') === 'true'")
    tab.wait("document.body.dataset.group === `0/${rlvr.at.group}`")
    group = [r for r in records(run) if r["iteration"] == 4][4:8]
    texts = tab.run("[...document.querySelectorAll('.card .words-block')].map(e => e.textContent)")
    visible = tab.run(f"{json.dumps([r['text'] for r in group])}.map(rlvr.visible)")
    assert texts == visible
    cards = tab.run("[...document.querySelectorAll('.card')].map(e => e.textContent)")
    for card, row in zip(cards, group, strict=True):
        assert row["verdict"]["status"] in card and f"{sum(len(s['token_ids']) for s in row['spans'])} tokens" in card
    assert not tab.complaints


@needs_browser
def test_tokens_are_coloured_by_what_the_model_said(tab: Page, run: Path, tmp_path: Path) -> None:
    shown(tab, [run], tmp_path / "report.html")
    tab.key("2")
    tab.wait("document.body.dataset.group")
    group = [r for r in records(run) if r["iteration"] == 4][:4]
    for kind in ("log-prob", "entropy", "ratio trainer / engine"):
        tab.key("c")
        tab.wait(f"document.querySelector('.t')?.title.includes({json.dumps(kind)})")
        counts = tab.run("[...document.querySelectorAll('.card')].map(e => e.querySelectorAll('.t').length)")
        assert counts == [sum(len(s["token_ids"]) for s in row["spans"]) for row in group]
    texts = tab.run("[...document.querySelectorAll('.card .words-block')].map(e => e.textContent)")
    visible = tab.run(f"{json.dumps([r['text'] for r in group])}.map(rlvr.visible)")
    assert [t.replace("\u220e", "") for t in texts] == visible
    assert not tab.complaints


@needs_browser
def test_filters_flips_events_keys_and_themes(tab: Page, run: Path, tmp_path: Path) -> None:
    shown(tab, [run], tmp_path / "report.html")
    rows = records(run)
    fit = {(r["iteration"], r["prompt_id"]) for r in rows if r["verdict"]["status"] == "correct"}
    tab.key("2")
    tab.wait("document.body.dataset.group")
    tab.run("rlvr.go({iteration: 'all', group: null})")
    tab.run("(() => { const s = document.querySelector('#f-status'); s.value = 'correct'; "
            "s.dispatchEvent(new Event('change')); })()")  # fmt: skip
    assert tab.run("document.querySelectorAll('#groups .item').length") == len(fit)
    words = next(r["text"] for r in rows if r["verdict"]["status"] == "correct" and len(r["text"]) > 3)[:4]
    tab.run(f"(() => {{ const s = document.querySelector('#search'); s.value = {json.dumps(words)}; "
            "s.dispatchEvent(new Event('change')); })()")  # fmt: skip
    holding = {(r["iteration"], r["prompt_id"]) for r in rows
               if r["verdict"]["status"] == "correct" and words.strip().lower() in r["text"].lower()}  # fmt: skip
    tab.wait(f"rlvr.found && document.querySelectorAll('#groups .item').length === {len(holding)}")
    first = tab.run("rlvr.at.group")
    tab.key("j")
    if len(holding) > 1:
        tab.wait(f"rlvr.at.group !== {first}")
    tab.key("3")
    tab.wait("document.querySelector('#view h2')?.textContent.includes('sampled at least twice')")
    tab.run("document.querySelector('.flips button')?.click()")
    tab.key("4")
    tab.wait("document.querySelector('#view').textContent.includes('time of a verdict')")
    tab.key("5")
    tab.wait("document.querySelector('pre').textContent.includes('algorithm')")
    light = tab.run("getComputedStyle(document.body).backgroundColor")
    tab.key("d")
    assert tab.run("getComputedStyle(document.body).backgroundColor") != light
    tab.run("history.back()")
    tab.wait("document.body.dataset.tab === 'events'")
    assert not tab.complaints


@needs_browser
def test_a_phone_shows_it_without_scrolling_sideways(tab: Page, run: Path, tmp_path: Path) -> None:
    shown(tab, [run], tmp_path / "report.html")
    tab.size(390, 840, dark=True, mobile=True)
    for key in "12345":
        tab.key(key)
        tab.wait(f"document.body.dataset.tab === Object.keys(TABS)[{int(key) - 1}]")
        assert tab.run("document.documentElement.scrollWidth <= 390"), key
    assert not tab.complaints


@needs_browser
def test_two_runs_lie_over_each_other(tab: Page, run: Path, hostile: Path, tmp_path: Path) -> None:
    shown(tab, [run, hostile], tmp_path / "report.html")
    tab.wait("document.querySelector('.u-over')")
    legend = tab.run("[...document.querySelector('.chart').querySelectorAll('.u-series')].map(e => e.textContent)")
    assert len(legend) == 3 and "run" in legend[1] and "hostile" in legend[2]
    assert not tab.complaints


@needs_browser
def test_hostile_text_is_shown_as_text(tab: Page, hostile: Path, tmp_path: Path) -> None:
    shown(tab, [hostile], tmp_path / "report.html")
    for math in (False, True):
        tab.run(f"rlvr.show.math = {json.dumps(math)}")
        for number, text in enumerate(HOSTILE.values()):
            tab.run(f"rlvr.go({{tab: 'rollouts', iteration: 1, group: {number}}})")
            tab.wait(f"document.body.dataset.group === '0/{number}'")
            tab.run("document.querySelector('.card .words-block button')?.click()")  # show all
            if not math:
                found = tab.run("document.querySelector('.card .words-block').textContent")
                assert found == tab.run(f"rlvr.visible({json.dumps(text)})")
            for tag in ("script", "img", "svg", "a", "style", "iframe"):
                assert not tab.run(f"document.querySelector('#view {tag}') !== null"), (tag, text[:60])
    for key in "1345":
        tab.key(key)
        tab.wait(f"document.body.dataset.tab === Object.keys(TABS)[{int(key) - 1}]")
        assert not tab.run("document.querySelector('#view :is(script, img, svg, style, iframe)') !== null")
    assert tab.run("typeof window.owned") == "undefined"
    assert not tab.complaints  # a refused inline script or picture would be one


def test_no_character_of_the_data_is_a_character_of_the_page(hostile: Path, tmp_path: Path) -> None:
    write_page([hostile], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "owned" not in page and "evitanretla" not in page
    blocks = re.findall(r'<script type="application/octet-stream" id="\w+">([^<]*)</script>', page)
    assert len(blocks) >= 4 and all(re.fullmatch(r"[A-Za-z0-9+/=]+", block) for block in blocks)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy and "default-src &#39;none&#39;" in policy.group(1) and "unsafe" not in policy.group(1)


def test_a_page_of_a_run_that_was_killed_while_it_wrote(run: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    torn.mkdir()
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        (torn / name).write_bytes((run / name).read_bytes()[:-30])
    report = write_page([torn], tmp_path / "report.html")
    counts = report["runs"][str(torn)]
    assert counts == {"rollouts": len(records(run)) - 1, "broken_lines": 1}


def test_lines_that_somebody_edited_are_counted_and_left_out(run: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited"
    edited.mkdir()
    good = {"iteration": 1, "prompt_id": "p", "sample": 0, "text": "t", "verdict": {}, "spans": []}
    wrong = {"iteration": "1", "sample": None, "text": 5, "verdict": "x", "spans": {}}
    lines = [good, *({**good, key: value} for key, value in wrong.items()), {"iteration": 1}]
    (edited / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (edited / "metrics.jsonl").write_text('{"iteration": 1, "reward/mean": 0.5}\n{"note": "mine"}\n')
    warnings = diagnose(read_lines(edited / "metrics.jsonl"))
    report = write_page([edited], tmp_path / "report.html", warnings={edited: [{"text": w.text} for _, w in warnings]})
    assert report["runs"][str(edited)] == {"rollouts": 1, "broken_lines": len(lines) - 1}


def test_numbers_that_json_does_not_know_become_null() -> None:
    held = squeeze({"answer": {"outputs": [[float("nan")], (1.5, float("inf"))]}, "tokens": [1, 2]})
    assert json.loads(gzip.decompress(base64.b64decode(held))) == {
        "answer": {"outputs": [[None], [1.5, None]]}, "tokens": [1, 2]
    }  # fmt: skip


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no run's folder"):
        write_page([tmp_path], tmp_path / "report.html")


def test_the_libraries_are_those_that_their_table_names() -> None:
    folder = ROOT / "rlvr" / "report" / "vendor"
    table = re.findall(r"^\| `([\w.]+)` .*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.MULTILINE)
    assert {name for name, _ in table} == {p.name for p in folder.glob("*.js")} | {p.name for p in folder.glob("*.css")}
    for name, hash in table:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == hash
    assert {p.name for p in folder.glob("*.LICENSE")} == {"uplot.LICENSE", "katex.LICENSE"}
