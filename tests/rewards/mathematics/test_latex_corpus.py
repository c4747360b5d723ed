"""The parser's corpus: LaTeX beside SymPy's tree of it, from another parser's own suite."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import sympy

from rlvr.rewards.mathematics.expression import Unreadable
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.symbolic import NotSymPy, to_sympy

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpora" / "latex_parse.jsonl"

#: Read, but not as that suite has it; each is as good mathematics.
OTHERWISE = {
    "a\\%": "the suite refuses a percentage of a variable; here it is a quantity",
    "{\\begin{pmatrix}1\\\\2\\\\3\\end{pmatrix}}": "LaTeX's own braces only group; the suite reads a set of one vector",
    "\\variable{\\alpha _{\\beta }}\\alpha ": "the suite's own command: its name is kept without its inner LaTeX",
    "\\variable{x\\beta 10_y\\alpha 20}": "the suite's own command: a name that it refuses",
    "\\variable{x\\beta 10_{y\\alpha 20}}": "the suite's own command: its name is kept without its inner LaTeX",
    "299792458\\mod 9.81": "the suite divides in floating point, which is 1.5e-8 off: it is exactly 5.77",
    "0.0000923423\\mod -8341.234802909": "the same",
}


def tree(srepr: str) -> Any:
    """SymPy's object from its `srepr`, by names of SymPy's only."""
    return _built(ast.parse(srepr, mode="eval").body)


def _built(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        named = {k.arg: _built(k.value) for k in node.keywords if k.arg}
        return _built(node.func)(*map(_built, node.args), **named)
    if isinstance(node, ast.Name):
        return getattr(sympy, node.id)
    if isinstance(node, ast.UnaryOp):
        return -_built(node.operand)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_built(item) for item in node.elts]
    assert isinstance(node, ast.Constant)
    return node.value


def same(ours: Any, theirs: Any) -> bool:
    """Whether two trees say the same: equal, equal when worked out, or equal but for how names are spelled."""
    if ours == theirs or _spelled(ours) == _spelled(theirs):
        return True
    if isinstance(theirs, sympy.FiniteSet) and isinstance(ours, sympy.FiniteSet) and len(ours) == len(theirs):
        return all(any(same(a, b) for b in theirs) for a in ours)
    if isinstance(theirs, sympy.Tuple) and isinstance(ours, sympy.FiniteSet):  # named values: their order says nothing
        return same(ours, sympy.FiniteSet(*theirs))
    ours, theirs = (side.doit() if hasattr(side, "doit") else side for side in (ours, theirs))
    if ours == theirs or _spelled(ours) == _spelled(theirs):
        return True
    if isinstance(ours, sympy.MatrixBase) and isinstance(theirs, sympy.MatrixExpr):
        return ours.shape == theirs.shape and sympy.simplify(ours - theirs.as_explicit()) == sympy.zeros(*ours.shape)
    if isinstance(ours, sympy.Expr) and isinstance(theirs, sympy.Expr):
        difference = sympy.simplify(ours - theirs)
        return difference == 0 or bool(not difference.free_symbols and abs(sympy.N(difference)) < 1e-12)
    return False


def _spelled(side: Any) -> str:
    text = str(side).casefold().replace("0.500000000000000", "1/2").replace("0.5", "1/2")
    return "".join(c for c in text if c not in "_{}\\ ")


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora are not beside the repository")
def test_latex_is_read_as_the_suite_reads_it_or_refused() -> None:
    right, refused, otherwise = 0, [], []
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        try:
            ours = to_sympy(read(row["latex"]))
        except (Unreadable, NotSymPy):
            ours = None
        if ours is None or row["srepr"] is None:
            if (ours is None) == (row["srepr"] is None):
                right += 1
            else:
                (refused if ours is None else otherwise).append(row["latex"])
        elif same(ours, tree(row["srepr"])):
            right += 1
        else:
            otherwise.append(row["latex"])
    assert set(otherwise) <= set(OTHERWISE), sorted(set(otherwise) - set(OTHERWISE))
    assert right >= 0.95 * len(rows), (right, len(rows), refused)
    print(f"{right} of {len(rows)} right, {len(refused)} refused, {len(otherwise)} read otherwise")
