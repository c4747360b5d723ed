"""`rlvr show`: kinds, names, recipes; it explains without loading what it explains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.cli.catalog import Option, describe, find, kind_of
from rlvr.errors import UnknownName
from rlvr.registry import KINDS, REGISTRIES

from .conftest import Rlvr

ROOT = Path(__file__).resolve().parents[2]


def test_the_kinds(rlvr: Rlvr) -> None:
    kinds = json.loads(rlvr("show", "--json").stdout)
    assert set(kinds) == set(KINDS)
    assert "grpo" in kinds["algorithm"] and "gsm8k" in kinds["dataset"] and "math" in kinds["verifier"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_registered_name_is_documented(kind: str) -> None:
    """What a user may type has a sentence and a place, in the list and alone."""
    for name in REGISTRIES[kind].names():
        entry = describe(kind, name)
        if not Path(entry.location.rpartition(":")[0]).resolve().is_relative_to(ROOT):
            continue  # a plug-in of another test
        assert entry.summary, f"{kind} {name} has no docstring"
        assert not entry.summary.startswith("cannot be loaded"), entry.summary
        assert ".py" in entry.location


def test_the_options_of_an_algorithm_are_its_fields(rlvr: Rlvr) -> None:
    done = rlvr("show", "grpo", "--json")
    (entry,) = json.loads(done.stdout)
    options = {option["name"]: option for option in entry["options"]}
    assert options["clip_low"] == {"name": "clip_low", "type": "float, 0 to 1", "default": "0.2"}
    assert entry["declared"]["paper"] == "https://arxiv.org/abs/2402.03300"
    file, line = entry["location"].rsplit(":", 1)
    assert "class GRPO" in "".join(Path(file).read_text().splitlines()[int(line) - 1 : int(line) + 2])


def test_the_options_of_a_function_are_its_keyword_only_parameters(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from rlvr.registry import verifier\n\n@verifier('mine')\n"
        "def mine(prompt, completion, *, strict: bool = False, weights: list[float]):\n    '''Judges mine.'''\n"
    )
    done = rlvr("show", "mine", "--plugin", "mine.py", "--json")
    (entry,) = json.loads(done.stdout)
    assert entry["doc"] == "Judges mine."
    assert [tuple(o.values()) for o in entry["options"]] == [
        ("strict", "bool", "False"),
        ("weights", "list[float]", "required"),
    ]


def test_heavy_things_are_read_from_their_source() -> None:
    entry = describe("engine", "hf")
    assert entry.location.rpartition(":")[0].endswith("hf_engine.py")
    assert any(isinstance(option, Option) and option.name == "batch_size" for option in entry.options)


def test_a_name_of_two_kinds_shows_both() -> None:
    assert {entry.kind for entry in find("gsm8k")} == {"dataset", "suite"}


def test_kinds_in_singular_and_plural() -> None:
    assert kind_of("verifiers") == kind_of("verifier") == "verifier"
    assert kind_of("verifierss") is None


def test_an_unknown_name_suggests_the_nearest(rlvr: Rlvr) -> None:
    with pytest.raises(UnknownName, match="'grpo'"):
        find("grop")
    done = rlvr("show", "grop")
    assert done.returncode == 2 and "did you mean 'grpo'" in done.stderr


def test_a_recipe_is_resolved_with_origins(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("model: some/model\ndata: {train: gsm8k}\nalgorithm: {name: grpo}\n")
    done = rlvr("show", "mine.yaml", "train.lr=1e-5")
    assert done.returncode == 0, done.stderr
    assert "lr: 1.0e-05  # command line" in done.stdout
    assert "name: gsm8k  # mine.yaml line 2" in done.stdout
    resolved = json.loads(rlvr("show", "mine.yaml", "train.lr=1e-5", "--json").stdout)
    assert resolved["recipe"]["train"]["lr"] == 1e-5
    assert resolved["origins"]["train.seed"] == "default"


def test_all_mistakes_of_a_recipe_at_once(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "model: m\ndata: {train: gsm8k}\nalgorithm: {nam: grpo}\ntrain: {iterationz: 3, lr: fast}\n"
    )
    done = rlvr("show", "bad.yaml")
    assert done.returncode == 2
    assert "iterationz" in done.stderr and "iterations" in done.stderr and "lr" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_recipe(rlvr: Rlvr) -> None:
    done = rlvr("show", "nowhere.yaml")
    assert done.returncode == 2 and "nowhere.yaml" in done.stderr


def test_lists_are_greppable_in_a_pipe(rlvr: Rlvr) -> None:
    """One line a name, uncut, without trailing blanks or escape codes."""
    lines = rlvr("show", "datasets").stdout.splitlines()
    (chain,) = [line for line in lines if line.strip().startswith("chain ")]
    assert "generated" in chain
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)


def test_data_sets_are_listed_with_what_one_wants_to_know_first(rlvr: Rlvr) -> None:
    listed = {entry["name"]: entry["declared"] for entry in json.loads(rlvr("show", "datasets", "--json").stdout)}
    assert listed["polaris"]["hub"] == "POLARIS-Project/Polaris-Dataset-53K"
    assert (listed["polaris"]["rows"], listed["polaris"]["licence"]) == ("53,291", "Apache-2.0")
    assert listed["gsm8k"]["revision"].startswith("cc7b047b") and "none was confirmed" in listed["polaris"]["revision"]
    table = rlvr("show", "datasets").stdout
    assert "licence" in table and "acereason_math" in table


def test_a_data_set_shows_a_prompt(rlvr: Rlvr, tmp_path: Path) -> None:
    shown = rlvr("show", "dapo_math").stdout
    assert "user: What is 6 times 7?" in shown and "its answer: 42" in shown and "\\boxed{}" in shown
    row = {"prompt": "What is 2 times 3?", "solution": "6"}
    (tmp_path / "dapo_math_en14k.jsonl").write_text(json.dumps(row) + "\n")
    real = rlvr("show", "dapo_math", "--data-dir", str(tmp_path)).stdout
    assert "user: What is 2 times 3?" in real and "its answer: 6" in real and "dapo_math_en14k.jsonl" in real


def test_suites_say_how_often_they_ask_and_groups_what_is_in_them(rlvr: Rlvr) -> None:
    listed = rlvr("show", "suites").stdout
    (aime,) = [line for line in listed.splitlines() if line.strip().startswith("aime24 ")]
    assert aime.split()[1:4] == ["32", "reasoning,", "math"]
    shown = rlvr("show", "math500").stdout
    assert "samples: 4" in shown and "sampling: temperature 0.6, top_p 0.95, max_tokens 32,768" in shown
    assert "sampling: none" in rlvr("show", "arc_easy_acc").stdout
    assert "math500, aime24, aime25" in rlvr("show", "reasoning").stdout
