"""Matrix arithmetic on expressions: sums, products and multiples are worked out as they are read."""

from __future__ import annotations

from . import expression as ex
from .expression import Expression, Unreadable
from .values import EXPRESSIONS, Matrix, Value

MAX_ENTRIES = 400


def add(left: Matrix, right: Matrix, sign: int) -> Matrix:
    """The sum, or with a negative sign the difference. Raises Unreadable for different shapes."""
    if _shape(left) != _shape(right):
        raise Unreadable("matrices of different shapes are added")
    rows = zip(left.rows, right.rows, strict=True)
    return Matrix(
        tuple(tuple(ex.add(a, b if sign > 0 else ex.negate(b)) for a, b in zip(*pair, strict=True)) for pair in rows)
    )


def multiply(left: Value, right: Value) -> Matrix:
    """The product of two matrices, or of a matrix and a number."""
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _product(left, right)
    if isinstance(right, Matrix) and isinstance(left, EXPRESSIONS):
        return scale(right, left)
    if isinstance(left, Matrix) and isinstance(right, EXPRESSIONS):
        return scale(left, right)
    raise Unreadable("a matrix is multiplied by a list")


def scale(matrix: Matrix, factor: Expression) -> Matrix:
    """Every entry times the factor."""
    return Matrix(tuple(tuple(ex.multiply(factor, entry) for entry in row) for row in matrix.rows))


def transpose(matrix: Matrix) -> Matrix:
    """Rows as columns."""
    return Matrix(tuple(zip(*matrix.rows, strict=True)))


def _product(left: Matrix, right: Matrix) -> Matrix:
    (height, inner), (depth, width) = _shape(left), _shape(right)
    if inner != depth or height * width * inner > MAX_ENTRIES:
        raise Unreadable("matrices that cannot be multiplied")
    columns = transpose(right).rows
    return Matrix(
        tuple(
            tuple(ex.add(*(ex.multiply(a, b) for a, b in zip(row, column, strict=True))) for column in columns)
            for row in left.rows
        )
    )


def _shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix.rows), len(matrix.rows[0])
