r"""The last \boxed of a text, by a table."""

import pytest

from rlvr.data.boxed import last_boxed


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{2}", "2"),
        (r"\boxed{1} then \boxed{2}.", "2"),
        (r"$\boxed{\frac{1}{2}}$", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),  # escaped braces do not nest
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\fbox{9}", "9"),
        (r"$\boxed 7$ is it", "7"),
        (r"\boxed {8}", "8"),
        (r"\boxed{unclosed", None),
        (r"\boxed{}", None),
        ("no box", None),
    ],
)
def test_last_boxed(text: str, content: str | None) -> None:
    assert last_boxed(text) == content
