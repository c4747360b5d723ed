"""The constraints that the `instructions` verifier checks, each a small function, in one table by published id.

IFEval's 25 (arXiv:2311.07911), the 29 of IF-RLVR's training set and IFBench's 58 (both arXiv:2507.02833), and the 25
functions that RLVR-IFeval's rows name (arXiv:2411.15124). The files go by family; what a response is looked at as
(words, sentences, tokens, language) is in `text`, what a constraint is and how its arguments are checked in `binding`.
"""

from . import copies, counts, custom, forms, keywords, layouts, lengths, tulu, wording, words
from .binding import BadArguments, Check, Follows, bind, check_ahead
from .languages import LANGUAGES
from .text import MAX_CHARACTERS, Text

FAMILIES = (keywords, lengths, forms, wording, copies, counts, words, layouts, custom, tulu)

#: Published id -> the function that checks it.
CONSTRAINTS: dict[str, Follows] = {name: check for family in FAMILIES for name, check in family.CONSTRAINTS.items()}

__all__ = [
    "CONSTRAINTS",
    "LANGUAGES",
    "MAX_CHARACTERS",
    "BadArguments",
    "Check",
    "Follows",
    "Text",
    "bind",
    "check_ahead",
]
