"""50,000 rollouts of 500 tokens: how long the page takes to write, to open in Chromium, and to answer a click.

    python tests/bench/view_50000.py [--rollouts 50000] [--tokens 500] [--out tests/bench/results_view.json]

The run is made up but has the shape of a real one: words of a Zipf vocabulary, log-probs and entropies of a sharp
policy, every field that a record has; a byte-level tokenizer, so that tokens are found in their text. Recording time is
that of writing the same records through the run's own tracker.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rlvr.records import pack
from rlvr.report.page import write_page
from rlvr.tracking.glossary import METRICS
from rlvr.tracking.jsonl import JsonlTracker
from tests.report.browser import CHROMIUM, REASON, browser

GROUP = 8


def tokenizer(folder: Path, rng: np.random.Generator) -> list[str]:
    """A word-level vocabulary of 4,000 pieces, written as tokenizer.json -> the pieces, by id."""
    from tokenizers import Tokenizer, decoders, models

    letters = np.array(list("etaoinshrdlucmfwypvbgk0123456789"))
    pieces = sorted({"".join(rng.choice(letters, rng.integers(1, 8))) + " " for _ in range(4200)})[:4000]
    made = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token=pieces[0]))
    made.decoder = decoders.Fuse()
    (folder / "checkpoints" / "iteration_000001" / "model").mkdir(parents=True)
    made.save(str(folder / "checkpoints" / "iteration_000001" / "model" / "tokenizer.json"))
    return pieces


def records(count: int, tokens: int, pieces: list[str], rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    per_iteration = 64 * GROUP
    for row in range(count):
        ids = np.minimum(rng.zipf(1.3, tokens) - 1, len(pieces) - 1).tolist()
        logprobs = -rng.exponential(0.4, tokens).astype("<f4")
        right = bool(rng.random() < 0.5)
        yield {
            "iteration": row // per_iteration + 1,
            "prompt_id": f"p/{(row // GROUP) % 3000}",
            "sample": row % GROUP,
            "seed": 0,
            "temperature": 1.0,
            "template": "x",
            "answer": "42",
            "messages": [{"role": "user", "content": " ".join(f"word{i}" for i in range(40))}],
            "meta": {},
            "verifier": [{"name": "math", "weight": 1.0, "options": {}}],
            "text": "".join(pieces[i] for i in ids),
            "finish_reason": "stop",
            "policy_version": 1,
            "prompt_ids": list(range(60)),
            "spans": [{"kind": "sampled", "token_ids": ids, "logprobs": pack(logprobs)}],
            "shaped": float(right),
            "verdict": {"reward": float(right), "status": "correct" if right else "wrong", "answer": "42",
                        "reason": "boxed: the same text", "parts": {}, "steps": [], "seconds": 0.0002},
            "advantages": pack(np.full(tokens, 0.7 if right else -0.7)),
            "old_logprobs": pack(logprobs + rng.normal(0, 1e-3, tokens)),
            "entropy": pack(rng.exponential(0.3, tokens)),
            "ref_logprobs": None,
            "values": None,
            "token_rewards": pack(np.zeros(tokens)),
            "coefficients": {"lr": 1e-6},
            "state": {},
        }  # fmt: skip


def opened(page: Path) -> dict[str, float]:
    """Seconds until the curves stand, until everything is read, and of clicks on groups all over the run."""
    with browser() as tab:
        tab.size(1400, 1000)
        began = time.perf_counter()
        tab.open(page.as_uri())
        tab.wait("document.body && document.body.dataset.ready && document.querySelector('.u-over')")
        curves = time.perf_counter() - began
        tab.wait("document.readyState === 'complete'")
        whole = time.perf_counter() - began
        clicks = []
        groups = tab.run("rlvr.runs[0].rollouts.groups.length")
        for number in range(0, groups, max(1, groups // 25)):
            script = (
                "(async () => { const t = performance.now(); "
                f"const i = rlvr.runs[0].rollouts.groups[{number}][0]; delete document.body.dataset.group; "
                f"rlvr.show.kind = 'logprob'; rlvr.go({{tab: 'rollouts', run: 0, iteration: i, group: {number}}}); "
                "while (!document.body.dataset.group) await new Promise(requestAnimationFrame); "
                "await new Promise(requestAnimationFrame); return performance.now() - t; })()"
            )
            clicks.append(float(tab.run(script)) / 1000)
        search = (
            "(async () => { const t = performance.now(); "
            "const f = await rlvr.searchTexts(0, 'zzzz', () => {}); return (performance.now() - t) / 1000; })()"
        )
        found = {
            "curves_s": curves,
            "open_s": whole,
            "click_median_s": statistics.median(clicks),
            "click_worst_s": max(clicks),
            "search_all_texts_s": float(tab.run(search)),
        }
        assert not tab.complaints, tab.complaints
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=50_000)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if CHROMIUM is None:
        sys.exit(REASON)
    folder = Path(tempfile.mkdtemp(prefix="rlvr-view-"))
    try:
        rng = np.random.default_rng(0)
        pieces = tokenizer(folder, rng)
        tracker = JsonlTracker(folder)
        made = recording = 0.0
        rows = records(given.rollouts, given.tokens, pieces, rng)
        while True:
            began = time.perf_counter()
            batch = [row for _, row in zip(range(512), rows, strict=False)]
            made += time.perf_counter() - began
            if not batch:
                break
            began = time.perf_counter()
            tracker.rollouts(batch)
            recording += time.perf_counter() - began
        for iteration in range(1, given.rollouts // 512 + 2):
            tracker.metrics(iteration, {name: float(rng.random()) for name in METRICS})
        tracker.close()
        began = time.perf_counter()
        report = write_page([folder], folder / "report.html")
        result = {
            "rollouts": given.rollouts,
            "tokens": given.tokens,
            "records_mib": round((folder / "rollouts.jsonl").stat().st_size / 2**20, 1),
            "records_write_s": recording,
            "page_write_s": time.perf_counter() - began,
            "page_mib": report["bytes"] / 2**20,
            **opened(folder / "report.html"),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in result.items()}, indent=1)
    print(text)
    if given.out is not None:
        given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
