"""What a suite's name or section means, and how its sampling is chosen."""

from pathlib import Path

import pytest

from rlvr.core import Sampling, VerifierUse
from rlvr.errors import UserError
from rlvr.eval import Suite, suite_for, suites_for
from rlvr.eval.suites import GROUPS
from rlvr.registry import REGISTRIES


def test_the_registered_suites_name_their_data() -> None:
    assert {"gsm8k", "math500"} <= set(REGISTRIES["suite"].names())
    suite = suite_for("gsm8k")
    assert (suite.name, suite.version, suite.dataset, suite.split) == ("gsm8k", 1, "gsm8k", "test")


def test_any_data_set_is_a_suite() -> None:
    assert (suite_for("chain").dataset, suite_for("chain").split) == ("chain", "test")
    assert (suite_for("chain:train").name, suite_for("chain:train").split) == ("chain_train", "train")
    longer = suite_for({"name": "chain", "options": {"min_ops": 8, "max_ops": 9}}, name="chain_longer")
    assert longer.name == "chain_longer"
    assert {prompt.meta["ops"] for prompt in longer.load(limit=30).prompts} == {8, 9}
    assert all(prompt.id.startswith("chain/test/") for prompt in longer.load(limit=3).prompts)


def test_a_section_may_feed_a_suite_or_an_own_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "q", "answer": "#### 4"}\n')
    fed = suite_for({"name": "gsm8k", "path": file})
    assert fed.version == 1 and [p.id for p in fed.load().prompts] == ["gsm8k/test/0"]
    own = suite_for({"path": file, "prompt": "question", "answer": "answer", "verifier": "math"})
    assert own.name == "mine" and own.load().prompts[0].answer == "#### 4"


def test_a_section_of_a_recipe_may_set_everything() -> None:
    section = {
        "name": "math500",
        "path": None,
        "split": None,
        "verifier": [{"name": "math", "weight": 2.0, "options": {}}, "format"],
        "limit": 5,
        "options": {},
        "samples": 8,
        "sampling": {"temperature": 1.0},
        "label": "m",
    }
    suite = suite_for(section)
    assert (suite.name, suite.version, suite.split, suite.limit, suite.samples) == ("m", 1, "test", 5, 8)
    assert suite.verifier == (VerifierUse("math", 2.0), VerifierUse("format"))
    drawn = suite.sampling_for(8, {}, 0)
    assert (drawn.temperature, drawn.top_p, drawn.max_tokens) == (1.0, 0.95, 32768)
    assert suite_for({"name": "math500"}).samples == 4


def test_a_return_is_asked_for_in_front_of_the_answer_and_in_the_name() -> None:
    plain = suite_for({"name": "chain", "options": {"count": 3}})
    asked = suite_for({"name": "chain", "options": {"count": 3}, "wanted_return": 1.0})
    assert (plain.name, asked.name, plain.asking_for(0.5).name) == ("chain", "chain_return_1", "chain_return_0.5")
    before, after = plain.load().prompts, asked.load().prompts
    assert [p.messages for p in after] == [
        (*p.messages, {"role": "assistant", "content": "return=1\n"}) for p in before
    ]
    assert [p.id for p in after] == [p.id for p in before]  # the same noise, so that two returns compare
    assert suite_for({"name": "chain", "wanted_return": 0, "label": "mine"}).name == "mine"


def test_one_sample_is_greedy_several_are_drawn_and_the_user_wins() -> None:
    suite = suite_for("gsm8k")
    assert suite.sampling_for(1, {}, 0) == Sampling(temperature=0.0, top_p=1.0, max_tokens=4096, seed=0, group_size=1)
    drawn = suite.sampling_for(4, {"max_tokens": 64, "stop": ["\n"]}, 7)
    assert drawn == Sampling(temperature=0.6, top_p=0.95, max_tokens=64, stop=("\n",), seed=7, group_size=4)
    assert suite.sampling_for(1, {"temperature": 1.0}, 0).temperature == 1.0


def test_what_users_get_wrong() -> None:
    with pytest.raises(UserError, match="did you mean 'gsm8k'"):
        suite_for("gsm9k")
    with pytest.raises(UserError, match="did you mean 'temperature'"):
        suite_for("gsm8k").sampling_for(1, {"temprature": 1}, 0)
    with pytest.raises(UserError, match="times the same completion"):
        suite_for("gsm8k").sampling_for(4, {"temperature": 0}, 0)
    with pytest.raises(UserError, match="at least 1"):
        suite_for("gsm8k").sampling_for(0, {}, 0)
    with pytest.raises(UserError, match="did you mean 'split'"):
        suite_for({"name": "gsm8k", "spilt": "test"})
    with pytest.raises(UserError, match="name or a path"):
        suite_for({})
    with pytest.raises(UserError, match="no split 'tset'"):
        suite_for("chain:tset").load()


def test_a_suites_data_is_spoken_of_as_the_suites(tmp_path: Path) -> None:
    def said(suite: Suite, data_dir: Path | None = None) -> str:
        with pytest.raises(UserError) as error:
            suite.load(data_dir=data_dir)
        return str(error.value)

    (tmp_path / "gsm8k_tset.jsonl").write_text('{"question": "q", "answer": "#### 4"}\n')
    there = said(suite_for("gsm8k"), tmp_path)
    assert there.startswith("suite 'gsm8k': ") and "is it 'gsm8k_tset.jsonl'?" in there
    assert "--data-dir" in there
    assert "no data folder" in said(suite_for("gsm8k"), tmp_path / "nowhere")
    (tmp_path / "gsm8k_test.jsonl").write_text('{"qusetion": "q", "answer": "#### 4"}\n')
    assert "on_bad_row: skip (a suite's YAML file, beside name: gsm8k)" in said(suite_for("gsm8k"), tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text("path: gsm8k_tset.jsonl\nprompt: qestion\nanswer: answer\nverifier: math\n")
    wrong = said(suite_for(str(file)))
    assert wrong.startswith("suite 'mine': ") and "did you mean 'question'" in wrong
    assert f"on_bad_row: skip ({file})" in wrong
    in_recipe = said(suite_for({"name": "gsm8k"}), tmp_path / "nowhere")
    assert "data.data_dir" in in_recipe and "--data-dir" not in in_recipe


def test_everything_that_is_wrong_with_a_suites_file_is_said_at_once(tmp_path: Path) -> None:
    def said(text: str) -> str:
        (tmp_path / "mine.yaml").write_text(text)
        with pytest.raises(UserError) as error:
            suites_for([str(tmp_path / "mine.yaml")])
        return str(error.value)

    wrong = said("name: gsm8k\nsample: 4\nlimit: many\ntemperature: 1\n")
    assert "(3 problems)" in wrong and "temperature: belongs to sampling: {temperature: ...}" in wrong
    assert "'sampling'" not in wrong and "did you mean 'samples'?" in wrong and "limit: " in wrong
    wrong = said("path: nowhere.jsonl\nprompt: q\nverifier: mth\n")
    assert "path: no file" in wrong and "answer: is required" in wrong and "did you mean 'math'" in wrong
    assert "needs a name or a path" in said("samples: 4\n")
    assert "is no mapping" in said("gsm8k\n") and "cannot be read" in said("a: [\n")


def test_all_unknown_suites_are_named_and_one_name_means_one_suite(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        suites_for(["gsm9k", "reasonning"])
    assert "'gsm9k'" in str(error.value) and "'reasonning'" in str(error.value)
    assert str(error.value).count("Suites: aime24") == 1
    with pytest.raises(UserError, match="no suite was named"):
        suites_for([])
    (tmp_path / "gsm8k.yaml").write_text("name: math500\n")
    with pytest.raises(UserError, match="two suites are called 'gsm8k'"):
        suites_for(["gsm8k", str(tmp_path / "gsm8k.yaml")])
    assert len(suites_for(["gsm8k", "gsm8k", "math"])) == 7


def test_a_suite_is_its_own_reference() -> None:
    suite = Suite(name="x", dataset="chain")
    assert suite_for(suite) is suite


SUITES = {
    "math500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench", "gsm8k", "arc_easy", "arc_challenge",
    "humaneval", "mbpp", "ifeval", "ifbench", "arc_easy_acc", "arc_easy_acc_norm", "arc_challenge_acc",
    "arc_challenge_acc_norm",
}  # fmt: skip


def test_every_suite_knows_its_hub_set_its_version_and_its_sampling() -> None:
    assert set(REGISTRIES["suite"].names()) >= SUITES
    for name in SUITES:
        suite = suite_for(name)
        source = REGISTRIES["dataset"].get(suite.dataset).source
        assert "/" in source.hub and len(source.revision) == 40 and suite.split in source.files
        assert source.verifier and suite.version >= 1
        drawn = suite.sampling_for(suite.samples, {}, 0)
        assert (drawn.temperature == 0) == (suite.samples == 1)
        assert drawn.max_tokens >= 4096 or suite.answering != "generate"


def test_groups_name_suites_and_each_is_there_once() -> None:
    assert len(GROUPS["reasoning"]) == 8
    assert [s.name for s in suites_for(["aime24", "reasoning"])][:3] == ["aime24", "math500", "aime25"]
    assert {name for group in GROUPS.values() for name in group} <= SUITES
    with pytest.raises(UserError, match="did you mean 'reasoning'"):
        suites_for(["reasonning"])


def test_five_lines_of_yaml_are_a_suite(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text('{"question": "1+1?", "solution": "2"}\n')
    file = tmp_path / "mine.yaml"
    file.write_text("path: problems.jsonl\nprompt: question\nanswer: solution\nverifier: math\nsamples: 4\n")
    (suite,) = suites_for([str(file)])
    assert (suite.name, suite.samples, suite.load().prompts[0].answer) == ("mine", 4, "2")
    file.write_text("pfad: problems.jsonl\n")
    with pytest.raises(UserError, match="pfad: no such key"):
        suites_for([str(file)])
    with pytest.raises(UserError, match="there is no suite file"):
        suites_for([str(tmp_path / "missing.yaml")])
