"""Files in every format, patterns of files, and prompts that stay on disk."""

import datetime
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.core import Prompt, VerifierUse
from rlvr.data import collecting, load_prompts, reading
from rlvr.data.prompt_file import PromptFile
from rlvr.errors import UserError

ROWS = [{"q": f"{n}+1?\nsure?", "a": str(n + 1), "level": str(n)} for n in range(2500)]
MAPPING = {"prompt": "q", "answer": "a"}


def load(path: Path | str, **more: object) -> list[Prompt]:
    return list(load_prompts(path=path, columns=MAPPING, verifier="math", **more).prompts)  # type: ignore[arg-type]


def test_csv_and_both_forms_of_arrow_give_what_jsonl_gives(tmp_path: Path) -> None:
    import csv

    table = pa.Table.from_pylist(ROWS)
    for name, writer in (("stream", pa.ipc.new_stream), ("file", pa.ipc.new_file)):
        with writer(tmp_path / f"{name}.arrow", table.schema) as out:
            out.write_table(table)
    with (tmp_path / "rows.csv").open("w", newline="") as out:
        lines = csv.DictWriter(out, list(ROWS[0]))
        lines.writeheader()
        lines.writerows(ROWS)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    expected = [(p.text, p.answer, p.meta) for p in load(tmp_path / "rows.jsonl")]
    assert len(expected) == 2500
    for file in ("rows.csv", "stream.arrow", "file.arrow"):
        assert [(p.text, p.answer, p.meta) for p in load(tmp_path / file)] == expected, file


def test_a_csv_row_of_another_length_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("q,a\nx,1\ny\nz,3,4\nw,5\n")
    with pytest.raises(UserError, match="row 2, cannot be read"):
        load(tmp_path / "rows.csv")
    loaded = load_prompts(path=tmp_path / "rows.csv", columns=MAPPING, verifier="math", on_bad_row="skip")
    assert [p.answer for p in loaded.prompts] == ["1", "5"] and len(loaded.skipped) == 2


def test_a_csv_that_cannot_be_read_on_and_one_with_a_column_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LONGEST", 1000)
    (tmp_path / "twice.csv").write_text("q,a,a\nx,1,2\n")
    with pytest.raises(UserError, match="two columns called 'a'"):
        load(tmp_path / "twice.csv")
    (tmp_path / "torn.csv").write_text('q,a\nx,1\n"' + "y" * 1001 + '",2\n')
    loaded = load_prompts(path=tmp_path / "torn.csv", columns=MAPPING, verifier="math", on_bad_row="skip")
    assert len(loaded.prompts) == 1 and "row 2: not valid CSV" in loaded.skipped[0]


def test_a_pattern_reads_its_files_in_order_and_numbers_rows_on(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(json.dumps(ROWS[2]) + "\n{\n")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS[:2]))
    with pytest.raises(UserError, match=r"b\.jsonl row 2, cannot be read"):
        load(f"{tmp_path}/*.jsonl")
    prompts = load(f"{tmp_path}/*.jsonl", on_bad_row="skip")
    assert [p.answer for p in prompts] == ["1", "2", "3"]
    assert [p.id.rpartition("/")[2] for p in prompts] == ["0", "1", "2"]
    with pytest.raises(UserError, match="no file matches"):
        load(f"{tmp_path}/c*.jsonl")


def test_torn_arrow_and_a_hub_path_without_network_are_said_in_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "torn.arrow").write_bytes(b"ARROW1\0\0 no more")
    with pytest.raises(UserError, match="as Arrow"):
        load(tmp_path / "torn.arrow")
    with pytest.raises(UserError, match="ends in ''"):
        load("hf://datasets/rlvr-tests/nothing")


def test_a_prompt_comes_back_from_disk_as_it_was() -> None:
    prompts = [
        Prompt(
            "a/1", ({"role": "user", "content": "é\ud800 ?"},), {"kind": "stdin", "inputs": ["1\n"]}, "code", {"k": [1]}
        ),
        Prompt("a/2", (), "7", (VerifierUse("math", 0.5, {"strict": True}), VerifierUse("length", 0.5, {}, "math"))),
    ]
    stored = PromptFile(prompts)
    assert list(stored) == prompts and stored[-1] == prompts[1] and stored[0:2] == prompts
    stored.append(prompts[0])  # reading in between changes nothing
    assert len(stored) == 3 and stored[2] == prompts[0]
    with pytest.raises(IndexError):
        stored[3]


def test_a_forked_process_reads_the_same_file() -> None:
    stored = PromptFile([Prompt(str(n), ({"role": "user", "content": "x" * n},), str(n)) for n in range(50)])
    assert stored[49].answer == "49"
    if (child := os.fork()) == 0:
        os._exit(0 if [p.answer for p in stored] == [str(n) for n in range(50)] else 1)
    assert [stored[n].id for n in reversed(range(50))] == [str(n) for n in reversed(range(50))]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_long_data_sets_move_to_disk_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**row, "when": datetime.datetime(2026, 1, 1)} for row in ROWS[:300]]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    small = load_prompts(path=tmp_path / "rows.parquet", columns=MAPPING, verifier="math")
    monkeypatch.setattr(collecting, "ON_DISK_FROM", 100)
    big = load_prompts(path=tmp_path / "rows.parquet", columns=MAPPING, verifier="math")
    assert isinstance(small.prompts, tuple) and isinstance(big.prompts, PromptFile)
    assert (big.fingerprint, big.contents) == (small.fingerprint, small.contents) and len(big.prompts) == 300
    assert [(p.id, p.text, p.answer) for p in big.prompts] == [(p.id, p.text, p.answer) for p in small.prompts]
    assert big.prompts[250].meta["when"] == "2026-01-01 00:00:00"  # JSON has no dates
