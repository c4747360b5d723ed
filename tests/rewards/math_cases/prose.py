"""An answer placed in a completion: boxed, as a formula in a sentence, or bare, in several languages."""

from __future__ import annotations

from .value import Draw

BOXED = (
    "\\boxed{{{}}}",
    "$\\boxed{{{}}}$",
    "\\[ \\boxed{{{}}} \\]",
    "Thus the answer is $\\boxed{{{}}}$.",
    "We first find 17, then 4.\n\nTherefore, the final answer is: $\\boxed{{{}}}$",
    "<think>maybe \\boxed{{9999}}, no</think>\nSo we get \\boxed{{{}}}.",
    "**Final Answer**\n\n\\[\n\\boxed{{{}}}\n\\]",
    "$$\\boxed{{{}}}$$",
    "First \\boxed{{31337}} came out. I made a mistake there; now it is \\boxed{{{}}}",
    "$\\fbox{{{}}}$",
    "$\\boxed{{ {} }}$. I hope it is correct.",
    "因此，最终答案是 $\\boxed{{{}}}$。",
    "Donc la réponse est $\\boxed{{{}}}$.",
    "Also ist die Antwort $\\boxed{{{}}}$.",
    "Por lo tanto, la respuesta es $\\boxed{{{}}}$.",
    "Ответ: $\\boxed{{{}}}$",
    "$\\boxed{{{}$".replace("{{{}", "{{{}}}"),
)
FORMULA = (
    "The answer is ${}$.",
    "So the final answer is ${}$",
    "Therefore, the answer is \\({}\\).",
    "Answer: ${}$",
    "The final answer is $${}$$",
    "**Answer:** ${}$",
    "<answer>${}$</answer>",
    "Working it out took a while. The answer is \\[{}\\]",
    "答案是 ${}$。",
    "La réponse est ${}$.",
    "Die Antwort ist ${}$.",
    "La respuesta es ${}$.",
    "Ответ: ${}$.",
    "A resposta é ${}$.",
    "الجواب هو ${}$",
    "答えは ${}$ です。",
)
PLAIN = (
    "The answer is {}.",
    "Answer: {}",
    "The final answer is {}",
    "<answer>{}</answer>",
    "**Answer:** {}",
    "So the answer is: {}.",
    "{}",
)
#: What does not change an answer's meaning.
NOISE = (
    "\\displaystyle {}",
    "{}.",
    " {} ",
    "{}\\,",
    "\\, {}",
    "{}\\;",
    "~{}",
    "\n{}\n",
    "{} \\quad",
    "\\displaystyle{{{}}}",
)
HASHES = ("After some work we are done.\n#### {}",)


def completion(draw: Draw, answer: str, formulas: bool, sentences: bool) -> str:
    """A completion whose answer is this one: in a box, or also as a formula, or also bare in a sentence."""
    if formulas and draw.coin(0.12) and not answer.endswith("."):
        answer = draw.one(NOISE).format(answer)
    templates = list(BOXED)
    if formulas and "$" not in answer:
        templates += FORMULA
    if sentences and "\\" not in answer and "{" not in answer and any(c.isdigit() for c in answer):
        templates += [t for t in PLAIN if not (answer.endswith(".") and t.endswith("."))] * 2
        if answer.lstrip("-").replace(",", "").replace("/", "").replace(".", "").isdigit():
            templates += HASHES * 3
    return draw.one(templates).format(answer)
