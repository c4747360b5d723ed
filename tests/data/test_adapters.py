"""Every data set: its own example row, the rows of the published files, and one row of each shape on the hub."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Prompt
from rlvr.data import Hosted, Row, load_prompts, template_named
from rlvr.errors import UserError
from rlvr.registry import REGISTRIES, get

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")
HOSTED = {
    name: get("dataset", name).source
    for name in REGISTRIES["dataset"].names()
    if isinstance(getattr(get("dataset", name), "source", None), Hosted)
}
OURS = {name: source for name, source in HOSTED.items() if source.example}
VERIFIERS = {"math", "choice", "code", "instructions", "rubric", "reference"}


@pytest.mark.parametrize("name", OURS)
def test_the_example_of_a_data_set_goes_through_its_adapter(name: str) -> None:
    source = OURS[name]
    prompt = get("dataset", name)(Row(source.example), 0)
    assert prompt.text and prompt.answer and prompt.verifier in VERIFIERS
    assert prompt.verifier in source.verifier
    assert source.rows and source.licence and source.url.startswith("https://") and source.hub.count("/") == 1
    worded = template_named(source.template).put_on(prompt)
    assert prompt.text in worded.text
    # A data set that says how its problems are worded has one of the kinds that the wording knows.
    assert (source.template == "none") == (worded is prompt)


def test_the_sets_of_the_lectures_are_there() -> None:
    assert set(OURS) >= {
        "if_rlvr", "open_reasoner_zero", "dapo_math", "acereason_math", "polaris", "klear_math", "omega_explorative",
        "omega_compositional", "omega_transformative", "acecode", "klear_code", "nemotron_code", "synthetic_2",
        "tulu_3_sft", "wildchat", "multi_subject", "gsm8k", "competition_math", "rlvr_gsm", "rlvr_math", "rlvr_ifeval",
        "dolci_think_rl", "dolci_instruct_rl", "dolci_rl_zero", "deepscaler", "code_contests", "leetcode",
        "arc_easy", "arc_challenge",
    }  # fmt: skip
    assert "preferences" in HOSTED


#: file -> (data set, rows read, rows left out, what judges them); the two sum to the rows of SOURCES.md.
FILES = {
    "math500": ("math500", 500, 0, "math"),
    "aime24": ("aime24", 30, 0, "math"),
    "aime25": ("aime25", 30, 0, "math"),
    "amc23": ("amc23", 40, 0, "math"),
    "amc22_23_aimo83": ("amc", 83, 0, "math"),
    "minerva_math": ("minerva_math", 272, 0, "math"),
    "olympiadbench": ("olympiadbench", 674, 0, "math"),
    "olympiadbench_675": ("olympiadbench", 660, 15, "math"),
    "arc_easy": ("arc_easy", 2376, 0, "choice"),
    "arc_challenge": ("arc_challenge", 1172, 0, "choice"),
    "arc_easy_validation": ("arc_easy", 570, 0, "choice"),
    "arc_challenge_validation": ("arc_challenge", 299, 0, "choice"),
    "arc_easy_train": ("arc_easy", 2251, 0, "choice"),
    "arc_challenge_train": ("arc_challenge", 1119, 0, "choice"),
    "gsm8k_test": ("gsm8k", 1319, 0, "math"),
    "gsm8k_train": ("gsm8k", 7473, 0, "math"),
    "humaneval": ("humaneval", 164, 0, "code"),
    "mbpp": ("mbpp", 974, 0, "code"),
    "ifeval": ("ifeval", 541, 0, "instructions"),
    "ifbench_test": ("ifbench", 300, 0, "instructions"),
    "code_contests_test_stdin": ("code_contests", 165, 0, "code"),
    "codeforces_test_stdin": ("codeforces", 408, 0, "code"),
    "math_train": ("competition_math", 7498, 2, "math"),
    "math_test_5000": ("competition_math", 5000, 0, "math"),
    "math_test_minus500": ("competition_math", 4500, 0, "math"),
    "dapo_math_en14k": ("dapo_math", 14116, 0, "math"),
    "dapo_hubshape_500": ("dapo_math", 520, 0, "math"),
    "deepscaler_sub1209": ("deepscaler", 1208, 1, "math"),  # one reference is empty
    "aime_1983_2023": ("aime_1983_2023", 975, 0, "math"),
    "code_leetcode_functional": ("leetcode", 600, 0, "code"),
    "acecode_sample": ("acecode", 1, 0, "code"),
    "orz_format_aime2024": ("open_reasoner_zero", 30, 0, "math"),
}


@real
def test_no_file_is_forgotten() -> None:
    assert {path.stem for path in DATA.glob("*.jsonl")} == {*FILES, "hub_shapes"}


@real
@pytest.mark.parametrize("file", FILES)
def test_every_row_of_every_file_is_read_or_left_out_with_a_reason(file: str) -> None:
    name, read, left_out, verifier = FILES[file]
    loaded = load_prompts(name, path=DATA / f"{file}.jsonl")
    assert (len(loaded.prompts), len(loaded.skipped)) == (read, left_out)
    assert len({prompt.id for prompt in loaded.prompts}) == read
    for prompt in loaded.prompts:
        assert prompt.verifier == verifier
        assert prompt.meta.get("template", "").startswith("boxed@1:") == (verifier != "instructions")
        original = "Let's think step by step", "Remember to put your answer", "Please solve the programming task"
        assert not any(wording in prompt.text for wording in original)


@real
def test_answers_are_in_the_forms_that_their_verifiers_document() -> None:
    from rlvr.rewards.programs.answer import read_answer

    for file, (name, _, _, verifier) in FILES.items():
        for prompt in load_prompts(name, path=DATA / f"{file}.jsonl", limit=200).prompts:
            if verifier == "code":
                assert len(read_answer(prompt.answer, prompt.meta)) > 0
            elif verifier == "math":
                assert isinstance(prompt.answer, str) and prompt.answer == prompt.answer.strip() != ""
            elif verifier == "choice":
                assert prompt.answer in [choice["label"] for choice in prompt.meta["choices"]]
            else:
                names, arguments = prompt.answer["instruction_id_list"], prompt.answer["kwargs"]
                assert len(names) == len(arguments) and all(None not in a.values() for a in arguments)


@real
def test_mbpp_is_split_by_task_number_out_of_one_file() -> None:
    counts = {s: len(load_prompts("mbpp", split=s, data_dir=DATA).prompts) for s in HOSTED["mbpp"].splits}
    assert counts == {"test": 500, "validation": 90, "train": 374, "prompt": 10}


@real
def test_wrappers_are_stripped_to_the_same_problem_and_kept_in_meta() -> None:
    hub = load_prompts("dapo_math", path=DATA / "dapo_hubshape_500.jsonl", limit=500).prompts
    copy = load_prompts("dapo_math", path=DATA / "dapo_math_en14k.jsonl", limit=500).prompts
    assert [p.text for p in hub] == [p.text for p in copy]
    assert hub[0].meta["original"][0]["content"].startswith("Solve the following math problem step by step.")
    dapo = load_prompts("dapo_math", path=DATA / "dapo_hubshape_500.jsonl", limit=500, template="dapo").prompts
    assert [p.text for p in dapo] == [p.meta["original"][0]["content"] for p in dapo]  # DAPO's own wording again


@pytest.mark.parametrize("solutions", [["print(1)", "print(2)"], '["print(1)"]', "print(1)"])
def test_a_published_program_is_kept_to_check_the_tests_by(tmp_path: Path, solutions: Any) -> None:
    row = {"problem": "Print 1.", "tests": '{"inputs": [""], "outputs": ["1"]}', "solutions": solutions}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (prompt,) = load_prompts("deepcoder", path=tmp_path / "rows.jsonl").prompts
    assert prompt.meta["solution"] == "print(1)"


SHAPES: dict[str, tuple[str, str, Any, str]] = {
    # hub name -> (data set, how the prompt begins, answer, verifier); None as answer: the row is refused
    "Kwai-Klear/KlearReasoner-MathSub-30K": ("klear_math", "Let $n=9867$. If you calculated", "4", "math"),
    "Kwai-Klear/KlearReasoner-CodeSub-15K": ("klear_code", "", None, "code"),
    "allenai/RLVR-IFeval": (
        "rlvr_ifeval",
        "Your answer must contain exactly 37 bullet points.",
        {"instruction_id_list": ["open_instruct:verify_bullet_points"], "kwargs": [{"N": 37}]},
        "instructions",
    ),
    "allenai/IF_multi_constraints_upto5": (
        "if_rlvr",
        "Describe a rainy day.",
        {
            "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
            "kwargs": [{}, {"relation": "at least", "num_words": 30}],
        },
        "instructions",
    ),
    "Open-Reasoner-Zero/orz_math_57k_collection (JSON in the GitHub repository)": (
        "open_reasoner_zero", "What is 1+1?", "2", "math",
    ),
    "ORZ on the hub as parquet": ("open_reasoner_zero", "What is 1+1?", "2", "math"),
    "nvidia/AceReason-Math": ("acereason_math", "What is 1+1?", "2", "math"),
    "POLARIS-Project/Polaris-Dataset-53K": ("polaris", "What is 1+1?", "2", "math"),
    "SynthLabsAI/Big-Math-RL-Verified": ("big_math", "What is 1+1?", "2", "math"),
    "agentica-org/DeepScaleR-Preview-Dataset": ("deepscaler", "What is 1+1?", "2", "math"),
    "agentica-org/DeepCoder-Preview-Dataset (config primeintellect)": (
        "deepcoder", "Read n, print 2n.", {"kind": "stdin", "inputs": ["2\n"], "outputs": ["4\n"]}, "code",
    ),
    "BAAI/TACO and likaixin/TACO-verified": (
        "taco", "Read n, print 2n.", {"kind": "stdin", "inputs": ["2\n"], "outputs": ["4\n"]}, "code",
    ),
    "PrimeIntellect/SYNTHETIC-2": ("synthetic_2", "What is 1+1?", "2", "math"),
    "allenai/omega-explorative": ("omega_explorative", "What is the gcd of 4 and 6?", "2", "math"),
}  # fmt: skip


@real
def test_every_shape_of_the_hub(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (DATA / "hub_shapes.jsonl").read_text().splitlines()]
    assert [row["dataset"] for row in rows] == list(SHAPES)
    for row in rows:
        name, begins, answer, verifier = SHAPES[row["dataset"]]
        file = tmp_path / f"{name}.jsonl"
        file.write_text(json.dumps(row["row"]) + "\n")
        if answer is None:  # the published example has "..." in place of its tests
            with pytest.raises(UserError, match=r"row 1, cannot be read: column 'reward_model.ground_truth'"):
                load_prompts(name, path=file)
            continue
        (prompt,) = load_prompts(name, path=file).prompts
        assert prompt.text.startswith(begins) and (prompt.answer, prompt.verifier) == (answer, verifier), name
        assert "Your answer}" not in prompt.text


def one(name: str, row: dict[str, Any]) -> Prompt:
    return get("dataset", name)(Row(row), 0)


def test_synthetic_2_is_judged_by_what_it_has_to_verify() -> None:
    def judged(identity: str | None, info: dict[str, Any]) -> tuple[Any, Any]:
        row = {"problem_id": identity, "prompt": "q", "verification_info": json.dumps(info), "a/b_avg_reward": 0.5}
        prompt = one("synthetic_2", row)
        assert prompt.meta["pass_rates"] == {"a/b": 0.5}
        return prompt.verifier, prompt.answer

    assert judged("sky_work_math_1", {"ground_truth": '["5"]'}) == ("math", "5")
    stdin = {"inputs": ["1\n"], "outputs": ["2\n"]}
    assert judged("prime_rl_code_1", {"style": "s", "test_cases": json.dumps(stdin)}) == (
        "code", {"kind": "stdin", **stdin},
    )  # fmt: skip
    called = {"fn_name": "f", "inputs": [[1, "a"]], "outputs": [["1"]]}
    assert judged("prime_rl_code_2", {"style": "s", "test_cases": called})[1] == {
        "kind": "call", "entry_point": "f", "inputs": [[1, "a"]], "outputs": ["1"],
    }  # fmt: skip
    truth = json.dumps({"func_name": "validate_title", "N": None})
    assert judged("ifeval_1", {"ground_truth": truth})[0] == "instructions"
    assert judged("formatask_e0_1", {"ground_truth": "a b"}) == ("reference", "a b")
    assert judged(None, {"code_output": {"b": 1, "a": [2]}}) == ("reference", '{"a": [2], "b": 1}')


def test_open_instruct_lists_and_kinds() -> None:
    row = {"id": "x", "prompt": "q", "ground_truth": ['["assert f(1) == 2"]'], "dataset": ["code"], "passrate": 0.25}
    prompt = one("dolci_think_rl", row)
    assert (prompt.id, prompt.verifier, prompt.meta["passrate"]) == ("x", "code", 0.25)
    assert prompt.answer == {"kind": "asserts", "tests": ["assert f(1) == 2"]}
    assert (
        one("dolci_think_rl", {**row, "ground_truth": ["Paris"], "dataset": ["general-quality_ref"]}).answer == "Paris"
    )


def test_rows_that_a_set_leaves_out_say_why(tmp_path: Path) -> None:
    good = {"conversation": [{"role": "user", "content": "hi"}], "language": "English"}
    file = tmp_path / "w.jsonl"
    file.write_text(
        "".join(json.dumps(row) + "\n" for row in (good, {**good, "toxic": True}, {**good, "language": "x"}))
    )
    loaded = load_prompts("wildchat", path=file)
    assert len(loaded.prompts) == 1 and len(loaded.skipped) == 2 and loaded.prompts[0].verifier == "rubric"
    labels = [{"query": [{"role": "user", "content": "q"}], "label": label} for label in ("B", "Jupiter")]
    file.write_text("".join(json.dumps(row) + "\n" for row in labels))
    loaded = load_prompts("multi_subject", path=file)
    assert [p.answer for p in loaded.prompts] == ["Jupiter"] and "option's letter" in loaded.skipped[0]


def test_the_system_prompt_of_eurus_is_taken_off_and_another_is_not() -> None:
    system = "When tackling complex reasoning tasks, you have access to the following actions. Use them ...\n[ASSESS]"
    asked = "What is 6 times 7?\n\nPresent the answer in LaTex format: \\boxed{Your answer}"
    row = {
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": asked}],
        "ability": "math",
        "reward_model": {"ground_truth": "42"},
    }
    prompt = one("eurus_2", row)
    assert prompt.messages == ({"role": "user", "content": "What is 6 times 7?"},)
    assert [m["content"] for m in prompt.meta["original"]] == [system, asked]
    row["prompt"][0]["content"] = "You are a pirate."
    assert one("eurus_2", row).messages[0]["content"] == "You are a pirate."


def test_a_set_too_big_to_download_wants_a_limit() -> None:
    with pytest.raises(UserError, match=r"data\.train\.limit=N"):
        load_prompts("nemotron_code")


def test_a_verifier_that_is_not_there_is_said_when_prompts_are_judged_and_not_before(tmp_path: Path) -> None:
    from rlvr.rewards import check_verifiers

    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps(dict(OURS["tulu_3_sft"].example)) + "\n")
    (prompt,) = load_prompts("tulu_3_sft", path=file).prompts
    problems = check_verifiers(list(prompt.verifiers))
    assert problems == [] or "reference" in problems[0]
