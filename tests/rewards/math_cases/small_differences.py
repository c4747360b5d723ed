"""Values whose difference, or whose relative difference, is lost where numbers are rounded."""

from __future__ import annotations

from .value import Draw, Value


def tiny(draw: Draw) -> Value:
    """Numbers so small that a float, or an absolute tolerance, takes them for zero."""
    k, f = draw.randint(90, 400), draw.randint(200, 2500)
    return draw.one(
        [
            Value(
                (
                    f"2^{{-{k}}}",
                    f"\\frac{{1}}{{2^{{{k}}}}}",
                    f"2^(-{k})",
                    f"2**(-{k})",
                    f"1/2^{k}",
                    f"\\left(\\frac12\\right)^{{{k}}}",
                ),
                (
                    (f"2^{{-{k + 1}}}", "exponent"),
                    (f"1/2^{k - 1}", "exponent"),
                    (f"2^{{{k}}}", "sign"),
                    ("0", "rounded"),
                    (f"\\frac{{1}}{{2^{{{k}}}+1}}", "off by one"),
                ),
            ),
            Value(
                (f"\\frac{{1}}{{{f}!}}", f"1/{f}!", f"\\dfrac1{{{f}!}}"),
                (
                    (f"1/{f + 2}!", "another factorial"),
                    (f"\\frac{{1}}{{{f - 1}!}}", "another factorial"),
                    ("0", "rounded"),
                    (f"{f}!", "turned over"),
                ),
            ),
        ]
    )


def large(draw: Draw) -> Value:
    """Numbers so large that a float takes their neighbours for the same."""
    k, big = draw.randint(90, 400), draw.whole(10**10, 10**11)
    r, power = draw.randint(2, 9), draw.randint(20, 60)
    return draw.one(
        [
            Value(
                (str(big), f"{big:,}", f"{big}.0"),
                ((str(big + 1), "off by one"), (f"{big - 1:,}", "off by one"), (f"{big}.5", "off by a half")),
            ),
            Value(
                (f"10^{{{power}}}+{r}", f"10**{power} + {r}", f"{r} + 10^{{{power}}}", str(10**power + r)),
                (
                    (f"10^{{{power}}}", "rounded"),
                    (f"10^{{{power}}}+{r + 1}", "off by one"),
                    (str(10**power + r - 1), "off by one"),
                ),
            ),
            Value(
                (f"{r}^{{{2 * power}}}", f"{r * r}^{{{power}}}", f"{r}**{2 * power}", str(r ** (2 * power))),
                (
                    (f"{r}^{{{2 * power}}}+1", "off by one"),
                    (str(r ** (2 * power) + 1), "off by one"),
                    (f"{r}^{{{2 * power + 1}}}", "exponent"),
                ),
            ),
            Value(
                (f"\\binom{{{2 * k}}}{{{k}}}", f"\\frac{{({2 * k})!}}{{{k}! \\cdot {k}!}}", f"C({2 * k},{k})"),
                (
                    (f"\\binom{{{2 * k}}}{{{k + 1}}}", "next coefficient"),
                    (f"\\binom{{{2 * k}}}{{{k}}}+1", "off by one"),
                ),
            ),
        ]
    )
