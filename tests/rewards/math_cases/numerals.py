"""Numbers: integers, fractions, decimals, scientific and repeating notation, and pairs that differ by very little."""

from __future__ import annotations

from fractions import Fraction

from .value import Draw, Value, distinct

FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
SPACES = ("\\,", " ", "\\ ", "~", "{,}", ",\\!", "\u202f", "\\;")


def grouped(number: int, comma: str = ",") -> str:
    return f"{number:,}".replace(",", comma)


def integer(draw: Draw) -> Value:
    n = draw.whole(2, 10 ** draw.randint(1, 7), 0)
    signed = -n if draw.coin(0.3) else n
    sign = "-" if signed < 0 else ""
    same = [
        str(signed),
        f"{sign}{n}.0",
        f"\\text{{{signed}}}",
        f"{signed}.",
        f"{{{signed}}}",
        f"{sign} {n}" if sign else f"+{n}",
    ]
    same += [
        f"{sign}{str(n).translate(FULLWIDTH)}",
        f"{sign}{str(n).translate(ARABIC)}",
        f"−{n}" if sign else f"{n}.00",
    ]
    same += [f"\\left({signed}\\right)", f"\\mathbf{{{signed}}}", f"\\frac{{{2 * signed}}}{{2}}"]
    if n >= 1000:
        same += [
            sign + grouped(n),
            sign + grouped(n, "{,}"),
            sign + grouped(n, draw.one(SPACES)),
            sign + grouped(n, draw.one(SPACES)),
        ]
    other = [
        (str(signed + 1), "off by one"),
        (str(signed - 1), "off by one"),
        (str(-signed), "sign"),
        (f"{signed}0", "ten times"),
    ]
    if len(str(n)) > 1 and str(n)[:2] != str(n)[1::-1]:
        other.append((f"{sign}{str(n)[1]}{str(n)[0]}{str(n)[2:]}", "digits swapped"))
        other.append((f"{sign}{str(n)[1:]}", "first digit missing"))
    if n >= 1000:
        other += [(sign + grouped(n + draw.one([1, 10, 1000]), draw.one([",", "{,}", "\\,"])), "another number")]
    return Value(distinct(*same), tuple(o for o in other if not o[0].lstrip("-").startswith("0")))


def fraction_notations(draw: Draw, value: Fraction) -> list[str]:
    """LaTeX, inline, unreduced and mixed notations of a fraction that is no integer."""
    p, q, sign = abs(value.numerator), value.denominator, "-" if value < 0 else ""
    k = draw.randint(2, 6)
    out = [
        f"{sign}\\frac{{{p}}}{{{q}}}",
        f"{sign}\\dfrac{{{p}}}{{{q}}}",
        f"{sign}\\tfrac{{{p}}}{{{q}}}",
        f"{sign}{p}/{q}",
        f"{sign}\\cfrac{{{p}}}{{{q}}}",
    ]
    out += [
        f"\\frac{{{sign}{p}}}{{{q}}}",
        f"\\frac{{{sign}{p * k}}}{{{q * k}}}",
        f"{sign}\\frac {{{p}}} {{{q}}}",
        f"({sign}{p})/({q})",
        f"{sign}{p} / {q}",
    ]
    out += [
        f"{sign}{p}\\div {q}",
        f"{sign}\\left(\\frac{{{p}}}{{{q}}}\\right)",
        f"{sign}{{{p} \\over {q}}}",
        f"{sign}{p}⁄{q}",
    ]
    if p < 10 and q < 10:
        out += [f"{sign}\\frac{p}{q}", f"{sign}\\dfrac{p}{q}", f"{sign}\\frac {p}{q}"]
    if p > q:
        whole, rest = divmod(p, q)
        out += [
            f"{sign}{whole}\\frac{{{rest}}}{{{q}}}",
            f"{sign}{whole} {rest}/{q}",
            f"{sign}{whole}\\ \\frac{{{rest}}}{{{q}}}",
            f"{sign}{whole} \\tfrac{{{rest}}}{{{q}}}",
        ]
    halves = {Fraction(1, 2): "½", Fraction(1, 4): "¼", Fraction(3, 4): "¾", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔"}
    if abs(value) in halves:
        out.append(sign + halves[abs(value)])
    return out


def decimal(value: Fraction) -> str | None:
    """The exact decimal, None where it does not end within ten digits."""
    scaled = abs(value) * 10**10
    if scaled.denominator != 1:
        return None
    text = f"{scaled.numerator:011d}"
    return ("-" if value < 0 else "") + f"{text[:-10]}.{text[-10:].rstrip('0')}".rstrip(".")


def fraction(draw: Draw) -> Value:
    q = draw.whole(2, draw.one([9, 12, 99]))
    value = Fraction(draw.whole(1, 3 * q), q)
    while value.denominator == 1:
        value = Fraction(draw.whole(1, 3 * q), q)
    value = -value if draw.coin(0.25) else value
    p, q = value.numerator, value.denominator
    same = fraction_notations(draw, value)
    other = [
        (Fraction(q, p), "turned over"),
        (-value, "sign"),
        (Fraction(p + 1, q), "off by one"),
        (Fraction(p, q + 1), "off by one"),
        (Fraction(p), "denominator missing"),
        (value + 1, "off by one"),
    ]
    near = [
        (draw.one(fraction_notations(draw, o)) if o.denominator > 1 else str(o), why)
        for o, why in other
        if o and o != value
    ]
    if (exact := decimal(value)) is not None:
        same += [exact, exact + "0", exact.replace("0.", ".", 1) if exact.lstrip("-").startswith("0.") else exact]
    else:
        near += [
            (f"{float(value):.2f}", "rounded"),
            (f"{float(value):.4f}", "rounded"),
            (f"{float(value):.10f}", "rounded"),
        ]
    if abs(p) > q:
        near.append((f"{abs(p) // q}{abs(p) % q}/{q}", "mixed number run together"))
    return Value(distinct(*same), tuple(near))


def decimals(draw: Draw) -> Value:
    places = draw.randint(1, 4)
    n = draw.whole(1, 10 ** draw.randint(1, 6))
    value = Fraction(n * 10 + draw.whole(1, 9), 10**places)
    text = decimal(value) or ""
    whole, _, digits = text.partition(".")
    same = [
        text,
        text + "0",
        text + "00",
        f"+{text}",
        f"\\text{{{text}}}",
        f"{value.numerator}/{value.denominator}",
        f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
    ]
    if len(whole) > 3:
        same += [
            f"{int(whole):,}.{digits}",
            grouped(int(whole), "{,}") + f".{digits}",
            grouped(int(whole), "\\,") + f".{digits}",
        ]
    if whole == "0":
        same.append(f".{digits}")
    other = [
        (f"{whole}.{digits}1", "one digit more"),
        (f"{int(whole) + 1}.{digits}", "off by one"),
        (f"-{text}", "sign"),
        (f"{whole}{digits[0]}.{digits[1:]}1", "point moved"),
        (f"{whole}.0{digits}", "point moved"),
    ]
    if len(digits) > 1:
        other.append((f"{whole}.{digits[:-1]}", "rounded"))
    other.append((f"{whole}", "decimals missing"))
    return Value(distinct(*same), tuple(other))


COMMA_PROSE = (
    "Die Antwort ist {}.",
    "Die Antwort lautet {}",
    "La réponse est {}.",
    "La réponse finale est $\\boxed{{{}}}$.",
    "La respuesta es {}.",
    "A resposta é {}.",
    "Ответ: {}",
)


def decimal_comma(draw: Draw) -> Value:
    """A decimal comma in the prose of a language that writes one; never before three digits (thousands?)."""
    digits = str(draw.randint(1, 9)) + draw.one(["", str(draw.randint(1, 9))])
    whole = draw.randint(0, 999)
    sentence = draw.one(COMMA_PROSE)
    text = f"{whole}.{digits}"
    wrong = f"{whole + 1},{digits}"
    return Value(
        (text,),
        ((f"{whole}.{digits}5", "one digit more"), (f"{whole + 1}.{digits}", "off by one")),
        prose=(
            sentence.format(f"{whole},{digits}"),
            sentence.format(f"${whole},{digits}$") if "$" not in sentence else sentence.format(f"{whole},{digits}"),
        ),
        prose_other=((sentence.format(wrong), "off by one"), (sentence.format(f"{whole},{digits}5"), "one digit more")),
    )


def scientific(draw: Draw) -> Value:
    mantissa = Fraction(draw.whole(101, 999), 100)
    power = draw.whole(-12, 25, -1, 0, 1)
    m = decimal(mantissa) or ""

    def forms(m: str, power: int) -> list[str]:
        return [
            f"{m} \\times 10^{{{power}}}",
            f"{m}\\cdot 10^{{{power}}}",
            f"{m}e{power}",
            f"{m}E{power:+03d}",
            f"{m}*10^{power}" if power > 0 else f"{m}*10^({power})",
            f"{m}×10^{{{power}}}",
            f"{m} \\cdot 10 ^ {{{power}}}",
            f"{m} * 10**{power}" if power > 0 else f"{m} * 10**({power})",
        ]

    same = forms(m, power)
    exact = mantissa * Fraction(10) ** power
    if exact.denominator == 1:
        same += [str(exact.numerator), f"{exact.numerator:,}"]
    elif power >= -7 and (text := decimal(exact)):
        same.append(text)
    other = [
        (draw.one(forms(m, power + 1)), "exponent"),
        (draw.one(forms(m, power - 1)), "exponent"),
        (draw.one(forms(m, -power)), "sign of the exponent"),
        (draw.one(forms(decimal(mantissa + Fraction(1, 100)) or "", power)), "last digit"),
        (f"-{same[0]}", "sign"),
        (m, "power missing"),
    ]
    return Value(distinct(*same), tuple(other))


def repeating(draw: Draw) -> Value:
    length = draw.randint(1, 3)
    block = draw.whole(1, 10**length - 2)
    lead = draw.one(["", "", str(draw.randint(0, 9))])
    digits = f"{block:0{length}d}"
    value = Fraction(int(lead or "0"), 10 ** len(lead)) + Fraction(block, (10**length - 1) * 10 ** len(lead))
    same = [
        f"0.{lead}\\overline{{{digits}}}",
        f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
        f"{value.numerator}/{value.denominator}",
    ]
    if length == 1:
        same += [f"0.{lead}\\bar{{{digits}}}", f"0.{lead}\\dot{{{digits}}}", f"0.{lead}\\overline {digits}"]
    other = [
        (f"0.{lead}{digits}", "not repeated"),
        (f"0.{lead}{digits * 4}", "cut off"),
        (f"0.{lead}\\overline{{{digits}{int(digits[0]) ^ 1}}}", "another block"),
        (f"0.{lead}0\\overline{{{digits}}}", "shifted"),
    ]
    return Value(distinct(*same), tuple(other))
