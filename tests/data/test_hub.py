"""Suites' data sets from a hub: pinned revision, configuration and split, and the same problems as from files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from rlvr.data import load_prompts
from rlvr.eval import suite_for
from rlvr.registry import REGISTRIES
from tests.eval.suite_scripts import DATA, SIZES
from tests.hub import Hub

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")

SUITES = (*SIZES, *({"ifeval", "ifbench"} - set(SIZES)))
#: Where the published repositories keep the split: (path, the configuration that its README declares).
LAYOUT = {
    "gsm8k": ("main/test-00000-of-00001.parquet", "main"),
    "math500": ("test.jsonl", None),
    "aime24": ("data/train-00000-of-00001.parquet", None),
    "aime25": ("test.jsonl", None),
    "amc23": ("data/test-00000-of-00001.parquet", None),
    "minerva_math": ("test.jsonl", None),
    "olympiadbench": ("OlympiadBench/OE_TO_maths_en_COMP/OE_TO_maths_en_COMP.parquet", "OE_TO_maths_en_COMP"),
    "arc_easy": ("ARC-Easy/test-00000-of-00001.parquet", "ARC-Easy"),
    "arc_challenge": ("ARC-Challenge/test-00000-of-00001.parquet", "ARC-Challenge"),
    "humaneval": ("openai_humaneval/test-00000-of-00001.parquet", "openai_humaneval"),
    "mbpp": ("full/test-00000-of-00001.parquet", "full"),
    "ifeval": ("ifeval_input_data.jsonl", "default"),
    "ifbench": ("data/train-00000-of-00001.parquet", None),
}
LOAD = """
import json, sys
from rlvr.data import load_prompts
from rlvr.errors import UserError

found = {}
for name, options in json.load(sys.stdin):
    try:
        loaded = load_prompts(name, split="test", options=options, on_bad_row="skip")
        found[name + str(options or "")] = [len(loaded.prompts), loaded.fingerprint, loaded.source]
    except UserError as error:
        found[name + str(options or "")] = str(error)
print(json.dumps(found))
"""


def source_of(suite: str) -> Any:
    return REGISTRIES["dataset"].get(str(suite_for(suite).dataset)).source


def stored(suite: str) -> tuple[str, bytes]:
    """The suite's file as its repository holds it: its rows, packed as there."""
    path, source = LAYOUT[suite][0], source_of(suite)
    rows = [json.loads(line) for line in (DATA / source.files["test"]).read_text("utf-8").splitlines()]
    rows = [row for row in rows if source.belongs is None or source.belongs(row, "test")]
    return path, parquet(rows) if path.endswith("parquet") else "".join(json.dumps(r) + "\n" for r in rows).encode()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    packed = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), packed)
    return packed.getvalue()


def repositories() -> dict[str, tuple[str, dict[str, bytes]]]:
    """All suites' repositories at their pinned revisions, with a README that declares the configurations."""
    found: dict[str, tuple[str, dict[str, bytes]]] = {}
    for suite in LAYOUT:
        source, (path, content) = source_of(suite), stored(suite)
        _, files = found.setdefault(source.hub, (source.revision, {"README.md": b"---\nconfigs:\n"}))
        files[path] = content
        if (config := LAYOUT[suite][1]) is not None:
            split = source.hub_splits.get("test", "test")
            declared = f"- config_name: {config}\n  data_files:\n  - split: {split}\n    path: {path}\n"
            files["README.md"] += declared.encode()
    for _, files in found.values():
        files["README.md"] = (
            b"---\n---\n" if files["README.md"].endswith(b"configs:\n") else files["README.md"] + b"---\n"
        )
    return found


def loaded_from(hub: Hub, wanted: list[tuple[str, Mapping[str, str] | None]], home: Path) -> dict[str, Any]:
    asked = subprocess.run(
        [sys.executable, "-c", LOAD],
        input=json.dumps(wanted), env=hub.environment(home), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return json.loads(asked.stdout)


def test_every_suite_comes_from_the_hub_at_its_revision_with_the_problems_of_the_files(tmp_path: Path) -> None:
    with Hub(repositories()) as hub:
        found = loaded_from(hub, [(suite, None) for suite in LAYOUT], tmp_path)
        assert {revision for _, revision in hub.asked} == {source_of(suite).revision for suite in LAYOUT}
    for suite in LAYOUT:
        source, files = source_of(suite), load_prompts(suite, split="test", data_dir=DATA, on_bad_row="skip")
        assert len(source.revision) == 40
        assert found[suite] == [len(files.prompts), files.fingerprint, f"{source.hub}@{source.revision}"], suite


def test_what_the_hub_does_not_have_is_said_in_one_paragraph(tmp_path: Path) -> None:
    with Hub({name: kept for name, kept in repositories().items() if name == source_of("gsm8k").hub}) as hub:
        wanted = [("gsm8k", {"revision": "0" * 40}), ("gsm8k", {"config": "sub"}), ("math500", None)]
        found = loaded_from(hub, wanted, tmp_path)
    assert all(isinstance(said, str) and "data.data_dir" in said and "\n" not in said for said in found.values()), found
    revision, config, missing = found.values()
    assert "0" * 40 in revision and "main" in config and "MATH-500" in missing
