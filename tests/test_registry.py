"""Names: registered once, suggested when misspelt, loaded from files and only when asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rlvr import registry
from rlvr.errors import UnknownName, UserError
from rlvr.registry import KINDS, REGISTRIES, Registry, get, load_plugin, location

ROOT = Path(__file__).resolve().parents[1]


def test_what_must_exist_exists() -> None:
    expected = {
        "algorithm": {"reinforce", "rloo", "grpo", "sft"},
        "verifier": {"math", "choice"},
        "dataset": {"chain", "countdown", "gsm8k", "competition_math"},
        "suite": {"gsm8k", "math500"},
        "engine": {"hf", "scripted"},
        "backend": {"local"},
    }
    for kind, names in expected.items():
        assert names <= set(REGISTRIES[kind].names()), kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_leads_to_a_thing_with_a_docstring_and_a_place(kind: str) -> None:
    for name in REGISTRIES[kind]:
        thing = get(kind, name)
        if not thing.__module__.startswith("rlvr."):
            continue  # a plug-in of another test
        assert (getattr(thing, "__doc__", None) or "").strip(), name
        if kind != "suite":  # an instance: its place is its class's
            assert ".py:" in location(thing), name


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no algorithm is called 'grpoo'; did you mean 'grpo'\?\.? Known: .*rloo"):
        get("algorithm", "grpoo")


def test_two_things_of_one_name_name_both_places() -> None:
    mine = Registry("verifier")

    @mine.register("same")
    def first() -> None: ...

    def second() -> None: ...

    with pytest.raises(
        UserError, match=r"two verifiers are called 'same': .*test_registry.py:\d+ and .*test_registry.py:\d+"
    ):
        mine.add("same", second)
    mine.add("same", first)  # the same place again is no clash


def test_a_plugin_is_loaded_by_path_and_may_be_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from rlvr.registry import dataset\n\n@dataset('registry_test')\ndef f(split):\n    'Mine.'\n")
    load_plugin(file)
    load_plugin("mine.py", relative_to=tmp_path)
    assert "mine.py:3" in location(get("dataset", "registry_test"))


@pytest.mark.parametrize(
    "text, says",
    [
        ("raise KeyError('x')", "KeyError"),
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        ("def", "SyntaxError"),
    ],
)
def test_a_plugin_that_fails_says_why(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(UserError, match=f"failed while it was imported: {says}"):
        load_plugin(tmp_path / "broken.py")
    with pytest.raises(UserError, match="is not a file"):
        load_plugin(tmp_path / "gone.py")


def test_entry_points_of_other_packages_are_found(tmp_path: Path) -> None:
    """A real distribution beside the path, as pip would leave it."""
    (tmp_path / "third_party.py").write_text("def judge(prompt, completion):\n    'Theirs.'\n    return 1.0\n")
    info = tmp_path / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rlvr.verifiers]\ntheirs = third_party:judge\n")
    program = (
        "from rlvr.registry import REGISTRIES, get; assert 'theirs' in REGISTRIES['verifier'].names(); "
        "import sys; assert 'third_party' not in sys.modules; assert get('verifier', 'theirs').__doc__ == 'Theirs.'"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_listing_loads_no_torch() -> None:
    program = (
        "import sys; from rlvr.registry import REGISTRIES; [r.names() for r in REGISTRIES.values()]; "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert registry.REGISTRIES["engine"].lazy()["hf"] == "rlvr.rollout.hf_engine:HFEngine"
