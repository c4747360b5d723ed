"""The words that tokens are made of: commands and their other spellings, functions, letters, connectives."""

from __future__ import annotations

#: Commands that are another's spelling. A space stands for a space.
ALIASES = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "nicefrac": "frac", "sfrac": "frac", "dbinom": "binom",
    "tbinom": "binom", "leq": "le", "leqslant": "le", "geq": "ge", "geqslant": "ge", "neq": "ne", "lt": "<",
    "gt": ">", "colon": ":", "times": "*", "cdot": "*", "ast": "*", "bullet": "*", "star": "*", "div": "/",
    "lbrace": "\\{", "rbrace": "\\}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "vert": "|",
    "Vert": "|", "lVert": "|(", "rVert": ")|", "lvert": "|(", "rvert": ")|", "backslash": "setminus",
    "smallsetminus": "setminus", "varnothing": "emptyset", "O": "emptyset", "land": "and", "wedge": "and",
    "lor": "or", "vee": "or", "rightarrow": "to", "longrightarrow": "to", "thinspace": " ", "quad": " ", "qquad": " ",
    "operatorname*": "operatorname", "sim": "approx", "simeq": "approx", "cong": "approx", "thickapprox": "approx",
    "doteq": "approx", "degrees": "degree", "varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta",
    "exponentialE": "e", "imaginaryI": "i", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot",
    "arcsec": "asec", "arccsc": "acsc", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arsinh": "asinh",
    "arcosh": "acosh", "artanh": "atanh", "tg": "tan", "ctg": "cot", "arctg": "atan", "sh": "sinh", "ch": "cosh",
    "th": "tanh", "cosec": "csc", "Re": "re", "Im": "im", "bmod": "mod", "infin": "infty", "inf": "infty",
    "Longrightarrow": "implies", "Rightarrow": "implies", "iff": "implies", "R": "reals", "Z": "integers",
    "N": "naturals", "Q": "rationals", "C": "complexes", "cents": "cent", "textdegree": "degree", "lnot": "not",
    "neg": "not", "prime": "'", "ldots": "dots", "cdots": "dots", "lbr": "{",
}  # fmt: skip
LOOK = frozenset(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle "
    "scriptstyle limits nolimits nonumber rm bf it mathstrut strut ensuremath large Large LARGE small huge "
    "normalsize boldmath phantom hphantom vphantom smash centering noindent hfill hline therefore because , ; : ! "
    "> ( ) [ ]".split()
)
#: Commands whose braces hold words, and those whose braces hold mathematics in another face.
TEXT = frozenset(
    ["text", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "mbox", "hbox", "emph", "textup", "mathop"]
)
FACES = frozenset(
    "mathrm mathbf mathit mathsf mathtt mathcal boldsymbol bm pmb mathnormal symbf mathfrak mathscr boxed fbox "
    "underline cancel bcancel".split()
)
#: Commands that print nothing that is part of the answer, with their braces.
HIDDEN = frozenset("phantom hphantom vphantom label tag color textcolor hspace vspace mspace hskip kern".split())

#: Functions that may be written without a backslash.
FUNCTIONS = frozenset(
    "sin cos tan cot sec csc asin acos atan acot asec acsc sinh cosh tanh coth sech csch asinh acosh atanh ln log "
    "lg exp sqrt cbrt abs floor ceil ceiling round sgn sign gcd lcm min max det re im arg conjugate conj "
    "factorial binomial binom erf tr trace rank dim deg sum product prod root Abs arcsin arccos arctan arccot "
    "arcsec arccsc arcsinh arccosh arctanh".split()
)
#: Those of them that are too short or too common as words to be functions without brackets.
BRACKETED = frozenset("tr re im deg dim arg rank sum product prod root trace round factorial".split())
GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar".split()
)

#: Words without a backslash that mean a constant.
WORD_COMMANDS = {
    "infinity": "infty", "inf": "infty", "oo": "infty", "Infinity": "infty", "pi": "pi", "Pi": "pi", "PI": "pi",
}  # fmt: skip
#: Words between the members of a list, in the languages of the answers; a U alone joins intervals.
CONNECTIVES = {
    "and": "and", "or": "or", "et": "and", "ou": "or", "und": "and", "oder": "or", "y": "and", "o": "or", "и": "and",
    "или": "or", "e": "and", "和": "and", "或": "or", "U": "cup",
}  # fmt: skip
#: Bases of numerals in words.
BASES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "sixteen": 16,
}  # fmt: skip
#: Operators of programming languages.
OPERATORS = {
    "**": "^", "<=": "le", ">=": "ge", "!=": "ne", "<>": "ne", "==": "=", ":=": "=", "=>": "implies", "->": "to",
    "...": "dots",
}  # fmt: skip
