"""Matrix arithmetic is worked out as it is read."""

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics import matrices
from rlvr.rewards.mathematics.expression import Symbol, Unreadable
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.values import Group, Matrix


def matrix(*rows: tuple[int, ...]) -> Matrix:
    return Matrix(tuple(tuple(map(ex.number, row)) for row in rows))


A, B = matrix((1, 2), (3, 4)), matrix((0, 1), (1, 0))
P = r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"
Q = r"\begin{pmatrix}0&1\\1&0\end{pmatrix}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"{P}+{Q}", matrix((1, 3), (4, 4))),
        (f"{P}-{Q}", matrix((1, 1), (2, 4))),
        (f"-{P}", matrix((-1, -2), (-3, -4))),
        (f"2{P}", matrix((2, 4), (6, 8))),
        (P + Q, matrix((2, 1), (4, 3))),
        (rf"{Q} \cdot {P}", matrix((3, 4), (1, 2))),  # not in any order
        (f"{P}^T", matrix((1, 3), (2, 4))),
        (f"{P}^2", matrix((7, 10), (15, 22))),
        (rf"\frac{{1}}{{2}}{P}", matrices.scale(A, ex.HALF)),
    ],
)
def test_arithmetic(text: str, value: Matrix) -> None:
    assert read(text) == value


def test_symbols_stay_in_the_entries() -> None:
    assert matrices.scale(B, Symbol("x")) == Matrix(((ex.ZERO, Symbol("x")), (Symbol("x"), ex.ZERO)))


def test_what_has_no_sum_or_product() -> None:
    column = matrix((1,), (2,))
    with pytest.raises(Unreadable):
        matrices.add(A, column, 1)
    with pytest.raises(Unreadable):
        matrices.multiply(column, A)
    with pytest.raises(Unreadable):
        matrices.multiply(A, Group("(", (ex.ONE,), ")"))
    assert matrices.multiply(A, column) == matrix((5,), (11,))


def test_products_are_bounded() -> None:
    def square(side: int) -> Matrix:
        return matrix(*(((1,) * side,) * side))

    assert matrices.multiply(square(7), square(7)).rows[0][0] == ex.number(7)
    with pytest.raises(Unreadable):
        matrices.multiply(square(8), square(8))
