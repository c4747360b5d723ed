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
    "The answer is:\n\n$$\n{}\n$$",
    "Hence the required value is ${}$.",
    "We get 3 + 4 = 7 first. In the end the final answer is \\( {} \\).",
    "La risposta è ${}$.",
    "정답은 ${}$입니다.",
    "Odpowiedź: ${}$",
    "### Final Answer\n\n$${}$$",
    "Therefore, ${}$.",
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
    "So our answer is {}.",
    "ANSWER: {}",
    "The correct answer is: {}",
    "Final Answer: {}",
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
NUMBERS = (
    "There are 12 boxes of 3 each, so it is {}.",
    "She pays 4 for the first and 5 for the rest. That leaves {}.",
    "Thus, the total is **{}**.",
    "So the number is {}, as was to be shown.",
    "### Answer\n\n{}",
    "设总数为 12。因此答案为{}。",
    "Cevap: {}",
    "Đáp án là {}.",
    "Итак, ответ: {}.",
    "After some work we are done.\n#### {}",
)


#: What comes before an answer and is none: another value, dropped.
DROPPED = (
    "At first sight it is ${}$, but that is a slip: one case was counted twice.\n\n",
    "A quick guess gives \\boxed{{{}}}. Checking it, the guess fails. So we start again.\n\n",
    "<think>It could be \\boxed{{{}}}. Let me see.</think>",
    "My first idea, ${}$, does not satisfy the condition.\n",
)


def after_another(draw: Draw, other: str, text: str) -> str:
    """The completion, after another value was mentioned and dropped; in a box only where a later box outranks it."""
    if "$" in other or "\\$" in text:
        return text
    later_box = "boxed{" in text or "fbox{" in text
    return draw.one([t for t in DROPPED if later_box or "boxed" not in t or "think" in t]).format(other) + text


def completion(draw: Draw, answer: str, formulas: bool, sentences: bool, marked: bool = False) -> str:
    """A completion whose answer is this one: in a box, or also as a formula, or also bare in a sentence.

    `marked` leaves out the completion that is nothing but its answer.
    """
    if formulas and draw.coin(0.12) and not answer.endswith("."):
        answer = draw.one(NOISE).format(answer)
    templates = list(BOXED)
    if formulas and "$" not in answer:
        templates += FORMULA
    if sentences and "\\" not in answer and "{" not in answer and any(c.isdigit() for c in answer):
        templates += [t for t in PLAIN if not (answer.endswith(".") and t.endswith("."))] * 2
        if not answer.endswith(".") and answer.lstrip("-").replace(",", "").replace("/", "").replace(".", "").isdigit():
            templates += NUMBERS * 2
    return draw.one([t for t in templates if t != "{}"] if marked else templates).format(answer)
