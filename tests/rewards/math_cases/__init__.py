"""An examiner for the math verifier: pairs of answers that SymPy knows to be equal, or knows to be different."""

from .generate import FAMILIES, generate
from .value import Case, Value

__all__ = ["FAMILIES", "Case", "Value", "generate"]
