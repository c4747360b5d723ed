"""load_prompts on small files in the shapes that users and the hub have, and on what users get wrong."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.core import Prompt, VerifierUse
from rlvr.data import Row, load_prompts, prompts_of_rows
from rlvr.errors import UnknownName, UserError
from rlvr.registry import REGISTRIES, dataset

MAPPING = {"prompt": "question", "answer": "final"}
ROWS = [{"question": f"{n}+1?", "final": str(n + 1), "level": n} for n in range(3)]


def jsonl(folder: Path, rows: list, name: str = "mine.jsonl") -> Path:
    file = folder / name
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return file


def message(call) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def test_the_three_formats_give_the_same_prompts(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "mine.parquet")
    (tmp_path / "mine.json").write_text(json.dumps(ROWS))
    files = [jsonl(tmp_path, ROWS), tmp_path / "mine.json", tmp_path / "mine.parquet"]
    loaded = [load_prompts(path=file, columns=MAPPING, verifier="math") for file in files]
    assert loaded[0].prompts == loaded[1].prompts == loaded[2].prompts
    assert len({one.fingerprint for one in loaded}) == len({one.contents for one in loaded}) == 1
    harder = load_prompts(path=jsonl(tmp_path, [{**row, "level": 9} for row in ROWS]), columns=MAPPING, verifier="math")
    assert harder.fingerprint == loaded[0].fingerprint and harder.contents != loaded[0].contents
    assert loaded[0].prompts[2] == Prompt("mine/2", ({"role": "user", "content": "2+1?"},), "3", "math", {"level": 2})


@pytest.mark.parametrize(
    ("text", "why"), [("5", "JSON value 5"), ("null", "JSON value null"), ("[" * 10_000, "deeply")]
)
def test_a_json_file_without_a_list_is_said_so(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(UserError, match=why):
        load_prompts(path=tmp_path / "mine.json", columns=MAPPING, verifier="math")


def test_a_json_file_with_one_object_a_line_is_read_as_lines(tmp_path: Path) -> None:
    assert len(load_prompts(path=jsonl(tmp_path, ROWS, "mine.json"), columns=MAPPING, verifier="math").prompts) == 3


def test_hub_shapes_through_the_adapters(tmp_path: Path) -> None:
    gsm = [{"question": "How many?", "answer": "Half of it. <<2*612=1224>>\n#### 1,224"}]
    pq.write_table(pa.Table.from_pylist(gsm), tmp_path / "train.parquet")
    assert load_prompts("gsm8k", path=tmp_path / "train.parquet").prompts[0].answer == "1224"

    with_solution = {
        "problem": "P",
        "solution": r"So \boxed{1} and \boxed{\{a_{1}, \frac{2}{3}\}}.",
        "level": "Level 1",
        "type": "Algebra",
    }
    with_answer = {"problem": "P", "answer": "7", "level": "Level 1", "type": "Algebra"}
    unboxed = {"problem": "P", "solution": "So 3.", "level": "Level 1", "type": "Algebra"}
    loaded = load_prompts("competition_math", path=jsonl(tmp_path, [with_solution, with_answer, unboxed]))
    assert [prompt.answer for prompt in loaded.prompts] == [r"\{a_{1}, \frac{2}{3}\}", "7"]
    assert loaded.skipped == (r"row 3: the solution has no \boxed answer",)
    # Both rows have the same problem text, hence the same id, which must not stay so.
    assert loaded.prompts[1].id == loaded.prompts[0].id + "#2"


def test_ids_of_math_do_not_depend_on_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [{"problem": text, "answer": "1"} for text in "abc"]
    forward = load_prompts("competition_math", path=jsonl(tmp_path, rows))
    backward = load_prompts("competition_math", path=jsonl(tmp_path, rows[::-1], "b.jsonl"))
    assert [p.id for p in forward.prompts] == [p.id for p in backward.prompts][::-1]


def test_bad_rows_are_counted_and_the_good_ones_are_used(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        '{"question": "cut of',
        {"question": "no answer?", "final": "  "},
        {"question": "null?", "final": None},
        {"final": "3"},
        [1, 2],
        "",
        {"question": "", "final": "3"},
        {"question": 5, "final": "3"},
        {"question": "zero?", "final": 0},
    ]
    loaded = load_prompts(path=jsonl(tmp_path, rows), columns=MAPPING, verifier="math", on_bad_row="skip")
    assert [p.answer for p in loaded.prompts] == ["1", 0]  # 0 is an answer
    numbers = [int(reason.split()[1].rstrip(":")) for reason in loaded.skipped]
    assert numbers == [2, 3, 4, 5, 6, 8, 9]  # as an editor counts lines; line 7 is blank, hence no row
    assert "not valid JSON" in loaded.skipped[0]
    assert loaded.skipped[1] == "row 3: there is no answer"
    assert "no column 'question'" in loaded.skipped[3] and "there are: final" in loaded.skipped[3]


def test_a_line_that_is_not_utf8_costs_one_row(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    good = json.dumps(ROWS[0]).encode()
    file.write_bytes(good + b'\n{"question": "\xff\xfe", "final": "1"}\n' + good + b"\n")
    assert "row 2, cannot be read: not valid JSON" in message(
        lambda: load_prompts(path=file, columns=MAPPING, verifier="math")
    )
    loaded = load_prompts(path=file, columns=MAPPING, verifier="math", on_bad_row="skip")
    assert len(loaded.prompts) == 2 and len(loaded.skipped) == 1


def test_the_gaps_of_parquet_are_missing_answers(tmp_path: Path) -> None:
    table = pa.table({"q": ["a", "b", "c"], "final": [1.0, None, float("nan")]})
    pq.write_table(table, tmp_path / "gaps.parquet")
    loaded = load_prompts(path=tmp_path / "gaps.parquet", columns={"prompt": "q", "answer": "final"}, verifier="math")
    assert [p.answer for p in loaded.prompts] == [1.0]
    assert loaded.skipped == ("row 2: there is no answer", "row 3: there is no answer")


def test_duplicate_ids_are_made_unique(tmp_path: Path) -> None:
    rows = [{"q": "x", "a": "1", "key": key} for key in ("n", "n", "n#2", "n")]
    loaded = load_prompts(
        path=jsonl(tmp_path, rows), columns={"prompt": "q", "answer": "a", "id": "key"}, verifier="math"
    )
    ids = [prompt.id for prompt in loaded.prompts]
    assert len(set(ids)) == 4 and ids[:2] == ["mine/n", "mine/n#2"]


def test_conversations_system_prompts_and_several_verifiers(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    uses = (VerifierUse("math", 0.5), VerifierUse("length", 0.5))
    rows = [{"q": turns, "a": 1, "s": "Be brief."}]
    columns = {"prompt": "q", "answer": "a", "system": "s"}
    prompt = load_prompts(path=jsonl(tmp_path, rows), columns=columns, verifier=uses).prompts[0]
    assert prompt.messages == ({"role": "system", "content": "Be brief."}, *turns)
    assert prompt.text == "c" and prompt.verifier == uses


def test_the_users_verifier_replaces_the_adapters(tmp_path: Path) -> None:
    rows = [{"question": "q", "answer": "#### 1"}]
    assert load_prompts("gsm8k", path=jsonl(tmp_path, rows), verifier="mine").prompts[0].verifier == "mine"


def test_rows_in_memory() -> None:
    loaded = prompts_of_rows(ROWS, columns=MAPPING, verifier="math", limit=2)
    assert [p.id for p in loaded.prompts] == ["rows/0", "rows/1"]
    # A reward that is a function of the columns needs no reference answer; a mapped one that is missing is a bad row.
    free = prompts_of_rows([{"prompt": "hi", "style": "brief"}], columns={"prompt": "prompt"}, verifier="mine")
    assert (free.prompts[0].answer, free.prompts[0].meta) == (None, {"style": "brief"})
    with pytest.raises(UserError, match="no usable row"):
        prompts_of_rows([{"question": "q", "final": None}], columns=MAPPING, verifier="mine")


def test_what_users_get_wrong_is_said_in_one_paragraph(tmp_path: Path) -> None:
    file = jsonl(tmp_path, ROWS)
    missing = message(lambda: load_prompts(path=tmp_path / "none.jsonl", columns=MAPPING, verifier="math"))
    assert "none.jsonl does not exist" in missing

    typo = {"prompt": "questoin", "answer": "final"}
    wrong = message(lambda: load_prompts(path=file, columns=typo, verifier="math"))
    assert "row 1, cannot be read" in wrong and "data.train.on_bad_row=skip" in wrong
    skipped = message(lambda: load_prompts(path=file, columns=typo, verifier="math", on_bad_row="skip"))
    assert "no usable row; 3 skipped" in skipped
    assert "did you mean 'question'?" in wrong and "there are: question, final, level" in wrong

    unmapped = message(lambda: load_prompts(path=file, verifier="math"))
    assert "data.train.prompt=COLUMN and data.train.answer=COLUMN" in unmapped and "question, final, level" in unmapped

    assert "did you mean 'answer'?" in message(
        lambda: load_prompts(path=file, columns={**MAPPING, "anwser": "final"}, verifier="math")
    )
    assert "data.train.verifier=math" in message(lambda: load_prompts(path=file, columns=MAPPING))
    assert "a name or a path" in message(lambda: load_prompts())
    assert "Known formats" in message(
        lambda: load_prompts(path=jsonl(tmp_path, ROWS, "mine.tsv"), columns=MAPPING, verifier="math")
    )
    assert "is a folder" in message(lambda: load_prompts(path=tmp_path, columns=MAPPING, verifier="math"))
    (tmp_path / "empty.jsonl").touch()
    assert "is empty" in message(lambda: load_prompts(path=tmp_path / "empty.jsonl", columns=MAPPING, verifier="math"))
    (tmp_path / "list.json").write_text("[]")
    assert "has no rows" in message(lambda: load_prompts(path=tmp_path / "list.json", columns=MAPPING, verifier="math"))
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 no more")
    assert "Parquet" in message(lambda: load_prompts(path=tmp_path / "torn.parquet", columns=MAPPING, verifier="math"))
    assert "at least 1" in message(lambda: load_prompts("chain", limit=0))


def test_a_file_in_another_shape_than_the_adapter_expects_names_its_columns(tmp_path: Path) -> None:
    said = message(lambda: load_prompts("gsm8k", path=jsonl(tmp_path, [{"problem": "p", "answer": "#### 1"}])))
    assert "no column 'question'" in said and "there are: problem, answer" in said


def test_unknown_names_splits_files_and_options(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'gsm8k'"):
        load_prompts("gsm8")
    assert "It has: train, test" in message(lambda: load_prompts("gsm8k", split="validation", data_dir=tmp_path))
    assert "no file 'gsm8k_test.jsonl'" in message(lambda: load_prompts("gsm8k", split="test", data_dir=tmp_path))
    assert "did you mean 'min_ops'" in message(lambda: load_prompts("chain", options={"min_op": 3}))
    assert "must be of type int" in message(lambda: load_prompts("chain", options={"min_ops": "3"}))
    assert "did you mean 'revision'" in message(lambda: load_prompts("gsm8k", options={"revison": "x"}))
    assert "generated and reads no file" in message(lambda: load_prompts("chain", path=jsonl(tmp_path, ROWS)))


def test_an_unreachable_hub_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Offline mode is the hub client's own switch for "no network"; an id that no cache has cannot be found then.
    import datasets.config
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    said = message(lambda: load_prompts("gsm8k", options={"hub": "rlvr-tests/there-is-no-such-set"}))
    assert "data.train.path=gsm8k_train.jsonl" in said and "revision cc7b047b" in said
    assert "\n" not in said


def test_a_users_data_set_needs_four_lines(tmp_path: Path) -> None:
    @dataset("test_loading_mine")
    def mine(row: Row, index: int) -> Prompt:
        return Prompt(row["key"], ({"role": "user", "content": row["q"]},), row["a"], "math")

    try:
        file = jsonl(tmp_path, [{"key": "k", "q": "1+1", "a": "2"}])
        assert load_prompts("test_loading_mine", path=file).prompts[0].id == "test_loading_mine/train/k"
        assert "declares no source" in message(lambda: load_prompts("test_loading_mine"))
    finally:
        del REGISTRIES["dataset"]._entries["test_loading_mine"]


def test_a_recipe_chooses_wording_and_what_bad_rows_do(tmp_path: Path) -> None:
    from rlvr.assemble import load_data
    from rlvr.config import load_recipe
    from rlvr.errors import RecipeError

    jsonl(tmp_path, [{**ROWS[0], "hint": "Be brief."}, '{"question": "cut of'], "part1.jsonl")
    jsonl(tmp_path, [{**ROWS[1], "hint": ""}], "part2.jsonl")
    train = {"path": f"{tmp_path}/part*.jsonl", "prompt": "question", "answer": "final", "system": "hint"}
    train |= {"verifier": "math", "template": "dapo", "on_bad_row": "skip"}
    ref = load_recipe({"model": "m", "data": {"train": train}}).recipe.data.train
    loaded = load_data(ref, None, "train")
    assert [p.answer for p in loaded.prompts] == ["1", "2"] and loaded.skipped[0].startswith("part1.jsonl row 2: not ")
    assert [m["role"] for m in loaded.prompts[0].messages] == ["system", "user"]
    assert loaded.prompts[1].text.endswith('on its own line after "Answer:".')
    assert loaded.prompts[0].meta["template"].startswith("dapo@1:")
    with pytest.raises(RecipeError, match="did you mean 'boxed'"):
        load_recipe({"model": "m", "data": {"train": {**train, "template": "boxde"}}})
    with pytest.raises(RecipeError, match="no file at"):
        load_recipe({"model": "m", "data": {"train": {**train, "path": f"{tmp_path}/none*.jsonl"}}})
