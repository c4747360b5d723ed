"""Recipes: every mistake at once, origins, precedence, and the rules that hold between sections."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.config import load_recipe
from rlvr.errors import RecipeError, UserError

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted((ROOT / "recipes").glob("*.yaml"))

MINIMAL = "model: Qwen/Qwen2.5-0.5B-Instruct\ndata: {train: chain}\n"


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(folder, text), overrides)
    return list(caught.value.problems)


def only(folder: Path, text: str, *overrides: str) -> str:
    found = problems(folder, text, *overrides)
    assert len(found) == 1, found
    return found[0]


def test_every_mistake_is_reported_at_once_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    text = """\
model: {path: some/model, dtyp: bfloat16}
data: {train: chian}
sampling:
  group_sise: 8
  temperature: hot
algorithm: {name: grpo, clip_hihg: 0.28, kl_coef: much}
trian: {lr: 1e-6}
train:
  iterations: 0
engine: vlm
"""
    found = problems(tmp_path, text)
    expected = {
        "model.dtyp": ("did you mean 'dtype'?", "line 1"),
        "data.train.name": ("did you mean 'chain'?", "line 2"),
        "sampling.group_sise": ("did you mean 'group_size'?", "line 4"),
        "sampling.temperature": ("number", "'hot'", "line 5"),
        "algorithm.clip_hihg": ("did you mean 'clip_high'?", "line 6"),
        "algorithm.kl_coef": ("'much'", "line 6"),
        "trian": ("did you mean 'train'?", "line 7"),
        "train.iterations": ("greater than or equal to 1", "got 0", "line 9"),
        "engine.name": ("vlm", "line 10"),
    }
    assert sorted(p.partition(":")[0] for p in found) == sorted(expected)
    for problem in found:
        for part in expected[problem.partition(":")[0]]:
            assert part in problem, problem


def test_what_is_missing_is_said_once_and_hides_nothing_else(tmp_path: Path) -> None:
    found = problems(tmp_path, "algorithm: {name: grpo, clip_hihg: 0.2}\nsampling: {top_p: 0.9}\n")
    assert sorted(p.partition(":")[0] for p in found) == ["algorithm.clip_hihg", "data", "model", "sampling.top_p"]
    assert all("is required and missing" in p for p in found if p.startswith(("data:", "model:")))


def test_a_wrong_value_of_a_required_key_is_one_problem(tmp_path: Path) -> None:
    assert only(tmp_path, "model: {path: 7}\ndata: {train: chain}\n").startswith("model.path: ")
    assert only(tmp_path, "model: m\ndata: {train: 7}\n").startswith("data.train: ")


@pytest.mark.parametrize(
    "text, key, says",
    [
        ("sampling: {group_size: 1}", "sampling.group_size", "at least 2 for grpo"),
        ("sampling: {group_size: 1}\nalgorithm: rloo", "sampling.group_size", "at least 2 for rloo"),
        ("sampling: {top_p: 0.9}", "sampling.top_p", "truncated distribution"),
        ("sampling: {top_k: 20}", "sampling.top_k", "truncated distribution"),
        ("sampling: {temperature: 0}", "sampling.temperature", "above 0"),
        ("train: {minibatch: 1000}", "train.minibatch", "more than the 256"),
        ("train: {eval_every: 5}", "train.eval_every", "data.eval names nothing"),
        ("train: {keep_best: eval/x/accuracy}", "train.keep_best", "needs train.eval_every"),
        ("algorithm: gropo", "algorithm.name", "did you mean 'grpo'?"),
        ("algorithm: {name: reinforce, baseline: median}", "algorithm.baseline", "'running_mean'"),
        ("backend: locl", "backend.name", "did you mean 'local'?"),
        ("train: {lr: -1}", "train.lr", "greater than 0"),
        ("train: {schedule: step}", "train.schedule", "'cosine'"),
        ("train: {iterations: many}", "train.iterations", "'many'"),
        ("train: 5", "train", "got 5"),
        ("critic: {lr: 1e-4}", "critic", "grpo has no critic"),
        ("algorithm: {name: trpo, baseline: group}\ncritic: {lr: 1e-4}", "critic", "trpo has no critic with these"),
        ("algorithm: ppo\ncritic: {path: m}", "critic.path", "critic.kind=model"),
        ("algorithm: ppo_penalty\ntrain: {epochs: 1}", "train.epochs", "must be above 1 for ppo_penalty"),
        ("judge: {workers: 0}", "judge.workers", "greater than or equal to 1"),
    ],
)
def test_each_rule(tmp_path: Path, text: str, key: str, says: str) -> None:
    problem = only(tmp_path, MINIMAL + text + "\n")
    assert problem.startswith(f"{key}: ") and says in problem, problem
    assert "mine.yaml line" in problem


def test_an_empty_stop_text_would_end_every_completion_at_once(tmp_path: Path) -> None:
    problem = only(tmp_path, MINIMAL + "sampling: {stop: [a, '']}\n")
    assert problem.startswith("sampling.stop.1: ") and "at least 1 character" in problem


def test_a_group_of_one_suffices_where_nothing_is_compared(tmp_path: Path) -> None:
    text = MINIMAL + "sampling: {group_size: 1}\nalgorithm: {name: reinforce, baseline: running_mean}\n"
    assert load_recipe(write(tmp_path, text)).recipe.sampling.group_size == 1
    sft = MINIMAL + "sampling: {group_size: 1, top_p: 0.9}\nalgorithm: sft\n"
    load_recipe(write(tmp_path, sft))  # demonstrations are not sampled
    assert "more than the 32" in only(tmp_path, MINIMAL + "algorithm: sft\ntrain: {minibatch: 64}\n")


@pytest.mark.parametrize(
    "data, key, says",
    [
        ("train: {name: gsm8k, path: ROOT/trian.jsonl}", "data.train.path", "did you mean 'train.jsonl'?"),
        ("train: {path: ROOT/train.jsonl, prompt: q, answer: a}", "data.train.verifier", "is required where"),
        ("train: {}", "data.train", "neither a data set"),
        ("train: chain, data_dir: ROOT/nowhere", "data.data_dir", "no folder"),
        ("train: {name: chain, verifier: mth}", "data.train.verifier", "did you mean 'math'?"),
        ("train: chain, eval: [{name: gsm8kk}]", "data.eval.0.name", "did you mean 'gsm8k'?"),
        ("train: {name: chain, limit: 0}", "data.train.limit", "greater than or equal to 1"),
        ("train: chain, eval: [chain, {name: chain, limit: 2}]", "data.eval.1", "give it a `label`"),
    ],
)
def test_the_rules_of_data(tmp_path: Path, data: str, key: str, says: str) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    text = f"model: m\ndata: {{{data}}}\n".replace("ROOT", str(tmp_path))
    problem = only(tmp_path, text)
    assert problem.startswith(f"{key}: ") and says in problem, problem


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("grpo", "clip_low: 1.5", "less than or equal to 1"),
        ("grpo", "kl_coef: -0.1", "greater than or equal to 0"),
        ("grpo", "clip_high: .inf", "less than"),
        ("dpo", "beta: 0", "greater than 0"),
        ("a2c", "n: 0", "greater than or equal to 1"),
        ("ppo_penalty", "kl_target: .nan", "less than inf"),
        ("trpo", "fisher_rows: -1", "greater than or equal to 0"),
    ],
)
def test_an_option_outside_its_range_is_a_mistake(tmp_path: Path, name: str, options: str, says: str) -> None:
    key = options.partition(":")[0]
    found = problems(tmp_path, f"model: tiny\ndata: {{train: chain}}\nalgorithm: {{name: {name}, {options}}}\n")
    assert any(f"algorithm.{key}" in problem and says in problem for problem in found), found


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("train.betas=[0.9, 1.5]", "train.betas.1: input should be less than 1, got 1.5"),
        ("train.lr=.inf", "train.lr: input should be a finite number"),
        ("judge.timeout=.inf", "judge.timeout: input should be a finite number"),
    ],
)
def test_a_number_that_trains_nothing_is_one_mistake(tmp_path: Path, setting: str, says: str) -> None:
    assert says in only(tmp_path, MINIMAL, setting)
    load_recipe(write(tmp_path, MINIMAL), ["train.grad_clip=.inf", "correction.cap=.inf"])  # these bound nothing then


def test_numbers_that_yaml_reads_as_text(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, MINIMAL + "train: {lr: 1e-6}\nalgorithm: {name: grpo, eps: 1e-5}\n")).recipe
    assert recipe.train.lr == 1e-6  # YAML 1.1 reads 1e-6 as a string
    from rlvr.assemble import algorithm_of

    assert algorithm_of(recipe).eps == 1e-5  # type: ignore[attr-defined]
    assert load_recipe(write(tmp_path, MINIMAL), ["train.lr=3e-5"]).recipe.train.lr == 3e-5


def test_precedence_and_origins(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + "train:\n  lr: 1e-5\n  seed: 3\n")
    resolved = load_recipe(path, ["train.lr=1e-4", "algorithm.kl_coef=0.1", "train.lr=2e-4"])
    assert (resolved.recipe.train.lr, resolved.recipe.train.seed, resolved.recipe.train.warmup) == (2e-4, 3, 0)
    assert resolved.recipe.algorithm.options == {"kl_coef": 0.1}
    assert {key: resolved.origins[key] for key in ("train.lr", "train.seed", "train.warmup", "model.path")} == {
        "train.lr": "command line",
        "train.seed": "mine.yaml line 5",
        "train.warmup": "default",
        "model.path": "mine.yaml line 1",
    }


def test_a_mistake_on_the_command_line_says_so(tmp_path: Path) -> None:
    assert "(command line)" in only(tmp_path, MINIMAL, "train.itertions=5")
    assert "write key=value" in only(tmp_path, MINIMAL, "train.lr")
    assert "write key=value" in only(tmp_path, MINIMAL, "train..lr=3")


def test_a_shorthand_and_an_override_beside_it(tmp_path: Path) -> None:
    file = write(tmp_path, "{}\n", "rows.jsonl")
    path = write(tmp_path, "model: m\ndata: {train: gsm8k, eval: [gsm8k]}\nalgorithm: grpo\n")
    resolved = load_recipe(path, [f"data.train.path={file}", "algorithm.clip_high=0.3", "model.dtype=bfloat16"])
    train = resolved.recipe.data.train
    assert (train.name, train.path) == ("gsm8k", str(file))
    assert resolved.recipe.algorithm.name == "grpo" and resolved.recipe.algorithm.options == {"clip_high": 0.3}
    assert (resolved.recipe.model.path, resolved.recipe.model.dtype) == ("m", "bfloat16")
    assert resolved.recipe.data.eval[0].name == "gsm8k"
    assert resolved.origins["data.train.name"] == "mine.yaml line 2"
    assert resolved.origins["data.train.path"] == "command line"
    # The other way round: a bare name on the command line replaces the section.
    other = load_recipe(path, [f"data.train.path={file}", "data.train=chain"]).recipe.data.train
    assert (other.name, other.path) == ("chain", None)


@pytest.mark.parametrize(
    "text, says",
    [
        ("- a\n- b\n", "holds no recipe"),
        ("", "holds no recipe"),
        ("model: [unclosed\n", "cannot be read as YAML"),
        (MINIMAL + "train: {lr: 1e-6}\ntrain: {seed: 2}\n", "the key 'train' twice, in lines 3 and 4"),
        (MINIMAL + "train:\n  lr: 1e-6\n  seed: 2\n  lr: 1e-5\n", "the key 'train.lr' twice, in lines 4 and 6"),
        ("model: !!python/object/apply:os.system ['true']\n", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        load_recipe(write(tmp_path, text))


def test_a_missing_file_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no recipe at .*nothing.yaml"):
        load_recipe(tmp_path / "nothing.yaml")
    if SHIPPED:
        with pytest.raises(UserError, match=f"did you mean '{SHIPPED[0].stem}'"):
            load_recipe(SHIPPED[0].stem[:-1])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_recipe_is_valid(path: Path) -> None:
    resolved = load_recipe(path)
    assert load_recipe(path.stem).recipe == resolved.recipe  # also by its name alone
    assert resolved.recipe.model.path


def round_trip(tmp_path: Path, source: Any) -> None:
    resolved = load_recipe(source)
    again = load_recipe(write(tmp_path, resolved.as_yaml(), "again.yaml"))
    assert again.recipe == resolved.recipe
    bare = [line.split("  # ")[0] for line in resolved.as_yaml().splitlines()]
    assert [line.split("  # ")[0] for line in again.as_yaml().splitlines()] == bare


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_resolved_recipe_loads_again(tmp_path: Path, path: Path) -> None:
    round_trip(tmp_path, path)


def test_a_resolved_recipe_with_everything_loads_again(tmp_path: Path) -> None:
    text = """\
model: {path: "odd: name # not a comment", chat_template: "{% for m in messages %}\\n'\\"{% endfor %}"}
data:
  train: {name: chain, verifier: [{name: math, weight: 2.0}, {name: math, weight: 1.0}], options: {max_ops: 6}}
  eval: [{name: chain, label: held-out, sampling: {temperature: 0.6}, samples: 4}]
algorithm: {name: grpo, kl_coef: 1e-3, ratio: sequence}
sampling: {stop: ["\\n\\n", "é: #"]}
train: {lr: 1e-6, betas: [0.9, 0.95], eval_every: 2}
run: "no"
"""
    path = write(tmp_path, text)
    round_trip(tmp_path, path)
    shown = load_recipe(path).as_yaml()
    assert "  lr: 1.0e-06  # mine.yaml line 7" in shown
    assert "\n  warmup: 0\n" in shown  # defaults carry no comment


def test_a_mapping_is_a_recipe_and_is_not_changed() -> None:
    source = {"model": "m", "data": {"train": "chain"}}
    resolved = load_recipe(source, ["data.train.limit=5"])
    assert resolved.recipe.data.train.limit == 5
    assert source == {"model": "m", "data": {"train": "chain"}}


def test_a_plugin_s_names_are_known_to_its_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from rlvr.registry import verifier\n\n@verifier('config_test')\ndef f(prompt, completion): return 1.0\n"
    )
    text = "model: m\ndata: {train: {name: chain, verifier: config_test}}\nplugins: [./mine.py]\n"
    recipe = load_recipe(write(tmp_path, text)).recipe  # relative to the recipe, not to the working directory
    assert recipe.plugins == [str(tmp_path / "mine.py")]
    assert "gone.py' is not a file" in only(tmp_path, MINIMAL + "plugins: [./gone.py]\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    assert "ZeroDivisionError" in only(tmp_path, MINIMAL + "plugins: [./broken.py]\n")


@pytest.mark.parametrize("source", [*(p.name for p in SHIPPED), "mine.yaml"])
def test_reading_a_recipe_loads_no_torch(tmp_path: Path, source: str) -> None:
    path = ROOT / "recipes" / source if (ROOT / "recipes" / source).is_file() else write(tmp_path, MINIMAL)
    program = (
        f"import sys; from rlvr.config import load_recipe; load_recipe({str(path)!r}); "
        "heavy = {'torch', 'transformers', 'datasets'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
