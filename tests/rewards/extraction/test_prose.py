"""Answers in prose: in the languages the corpora have, taken back, asked for, listed, with units and in words."""

import pytest

from rlvr.rewards.extraction.extract import RULES, extract

#: (completion, answer, rule)
CASES = [
    ("The answer is 41. I wondered for a while what if the answer is 42.", "41", "answer is"),
    ("He pays $5 and $6.", "$6", "last number"),
    ("The answer is $5$ or maybe $7$.", "$5$ or maybe $7$", "answer is"),
    ("Odpowiedź: $-9$", "-9", "answer is"),
    ("Đáp án là 28.", "28", "answer is"),
    ("Cevap: 28", "28", "answer is"),
    ("Tulos: 28", "28", "nothing else"),
    ("Not quite: 28", None, None),
    ("Hence the required value is $\n0, -5\n$.", "0, -5", "last formula"),
    ("The answer is 5 or possibly 7.", "5 or possibly 7", "answer is"),
    ("The answer is 5 (five).", "5", "answer is"),
    ("The answer is 5, which is prime.", "5", "answer is"),
    ("The answer is 5 because 2+3=5.", "5", "answer is"),
    ("The answer is $x=3$ and $y=5$.", "x=3, y=5", "answer is"),
    ("The answers are 3, 4 and 5.", "3, 4 and 5", "answer is"),
    ("The answer is (3, 4).", "(3, 4)", "answer is"),
    ("The answer is x = 5.", "x = 5", "answer is"),
    ("The answer is x^2 + 1.", "x^2 + 1", "answer is"),
    ("The answer is sqrt(3)/2.", "sqrt(3)/2", "answer is"),
    ("The answer is 2**(1/4)", "2**(1/4)", "answer is"),
    ("The answer is {1, 2, 3}.", "{1, 2, 3}", "answer is"),
    ("The answer is [0, 1).", "[0, 1)", "answer is"),
    ("The answer is 3 hours and 20 minutes.", "3 hours and 20 minutes", "answer is"),
    ("The answer is 12:30 pm.", "12:30 pm", "answer is"),
    ("The answer is all real numbers.", "all real numbers", "answer is"),
    ("The answer is no solution.", "no solution", "answer is"),
    ("The final answer is Paris.", "Paris", "answer is"),
    ("The answer is $\\$10$.", "\\$10", "answer is"),
    ("The answer is \\$15,000.", "\\$15,000", "answer is"),
    ("So she pays $15.50.", "$15.50", "last number"),
    ("The answer is -3/4", "-3/4", "answer is"),
    ("The answer is 1 1/2 cups.", "1 1/2 cups", "answer is"),
    ("The answer is 3.5e-6.", "3.5e-6", "answer is"),
    ("The answer is 50%.", "50%", "answer is"),
    ("The answer is $50\\%$.", "50\\%", "answer is"),
    ("The answer is $50$%.", "50%", "answer is"),
    ("The answer is 5 km/h.", "5 km/h", "answer is"),
    ("The answer is $125$ miles.", "125 miles", "answer is"),
    ("The answer is $5\\text{ cm}^2$.", "5\\text{ cm}^2", "answer is"),
    ("**Answer**: `42`", "42", "answer is"),
    ("Answer:\n\n42", "42", "answer is"),
    ("## Final Answer\n\n$x = 3$", "x = 3", "answer is"),
    ("Therefore, x = 2*sqrt(3). This makes sense since x > 0.", "2*sqrt(3)", "last number"),
    ("We get 41, not 42.", "41", "last number"),
    ("It is not 42.", None, None),
    ("Is the answer 42? I am not sure.", None, None),
    ("I don't think the answer is 42.", None, None),
    ("I doubt it. The answer can't be 42.", None, None),
    ("The answer is clearly not 42.", None, None),
    ("The answer is anything but 42.", None, None),
    ("The answer is neither 3 nor 5.", None, None),
    ("The answer is 42. Wait, the answer is not 42.", None, None),
    ("The answer is 41. No wait, the answer is 42.", "42", "answer is"),
    ("The result of the first step is 15. Adding 3 gives 18.", "18", "last number"),
    ("The result is 15.", "15", "answer is"),
    ("$5$ is the answer, since $2+3=5$.", "5", "answer is"),
    ("So x = 5 is the solution. Check: 2*5 = 10.", "5", "answer is"),
    ("La réponse est donc 3,5.", "3,5", "answer is"),
    ("La respuesta final es 12 manzanas.", "12 manzanas", "answer is"),
    ("Die Antwort lautet: 3,5 km.", "3,5 km", "answer is"),
    ("Das Ergebnis beträgt 17.", "17", "answer is"),
    ("Ответ: x = 5.", "x = 5", "answer is"),
    ("Ответ равен 12.", "12", "answer is"),
    ("A resposta é 7.", "7", "answer is"),
    ("La risposta è 7.", "7", "answer is"),
    ("答案是 7。", "7", "answer is"),
    ("最终答案：12公斤", "12公斤", "answer is"),
    ("因此，小明有 12 个苹果。", "12 个", "last number"),
    ("答えは 42 です。", "42", "answer is"),
    ("答えは42個です。", "42個", "answer is"),
    ("정답은 42입니다.", "42", "answer is"),
    ("الجواب هو ٤٢.", "٤٢", "answer is"),
    ("الإجابة: 42", "42", "answer is"),
    ("उत्तर: ४२", "४२", "answer is"),
    ("उत्तर 42 है।", "42", "answer is"),
    ("答案不是42。", None, None),
    ("La respuesta no es 42.", None, None),
    ("La réponse n'est pas 42.", None, None),
    ("Die Antwort ist nicht 42.", None, None),
    ("Ответ не 42.", None, None),
    ("答案是３／４。", "３／４", "answer is"),
    ("The set of solutions is $\\{1, 2\\}$.", "\\{1, 2\\}", "answer is"),
    ("The solution is $x \\in (0, 1)$.", "x \\in (0, 1)", "answer is"),
    ("The solutions are:\n- $x = 1$\n- $x = 2$", "x = 1, x = 2", "answer is"),
    ("The solutions are $x = 1$, $x = 2$.", "x = 1, x = 2", "answer is"),
    ("We have\n\\[ x = 5. \\]", "x = 5.", "last formula"),
    ("\\begin{align*} x &= 3+4 \\\\ &= 7 \\end{align*}", "7", "last formula"),
    ("The probability is 3/8, or 37.5%.", "3/8, or 37.5%", "last number"),
    ("So the probability is $\\frac{3}{8}$.", "\\frac{3}{8}", "last formula"),
    ("Thus the area equals $12\\pi$ square units.", "12\\pi square units", "last formula"),
    ("It follows that 2 < x < 5.", "2 < x < 5", "last number"),
    ("Thus, the interval is (2, 5].", "(2, 5]", "last number"),
    ("The train arrives at 14:35.", "14:35", "last number"),
    ("<answer>The answer is $5$.</answer>", "5", "<answer>"),
    ("<answer>\n42\n</answer>", "42", "<answer>"),
    ("\\boxed{3} and \\boxed{5}", "3, 5", "boxed"),
    ("\\boxed{3}. Then \\boxed{5}", "5", "boxed"),
    ("$x=\\boxed{3}$ and $y=\\boxed{5}$", "x= 3, y= 5", "boxed"),
    ("\\boxed{1} or \\boxed{2} or \\boxed{3}", "1, 2, 3", "boxed"),
    ("\\boxed{\\boxed{5}}", "5", "boxed"),
    ("\\boxed{5}\\%", "5\\%", "boxed"),
    ("\\boxed{5} km", "5 km", "boxed"),
    ("\\boxed{9} \\pmod{11}", "9", "boxed"),
    ("\\boxed 7.", "7", "boxed"),
    ("\\\\boxed{\\\\frac{1}{2}}", "\\\\frac{1}{2}", "boxed"),
    ("\\boxed\\frac12", "\\frac12", "boxed"),
    ("The answer is 5<|im_end|>", "5", "answer is"),
    ("#### 5", "5", "####"),
    ("#### 5\nextra words", "5", "####"),
    ("work\n#### $5", "$5", "####"),
    ("Let x be 3. Then 4 + 5 = 9 apples.", "9", "last number"),
    ("He has 3 apples, 4 pears.", "4", "last number"),
    ("There are 1,234,567 stars", "1,234,567", "last number"),
    ("12 345 people live here", "12 345", "last number"),
    ("Answer: 3x + 2", "3x + 2", "answer is"),
    ("Answer: y = 2x - 1", "y = 2x - 1", "answer is"),
    ("Answer: |x - 2|", "|x - 2|", "answer is"),
    ("Answer: 7:32", "7:32", "answer is"),
    ("Answer: 3 : 4", "3 : 4", "answer is"),
    ("Answer: x ≡ 3 (mod 7)", "x ≡ 3 (mod 7)", "answer is"),
    ("Answer: (x-1)(x+2)", "(x-1)(x+2)", "answer is"),
    ("Answer: 5 + 3i", "5 + 3i", "answer is"),
    ("Answer: pi/2", "pi/2", "answer is"),
    ("Answer: 1/2 or -3", "1/2 or -3", "answer is"),
    ("Answer: {(1, 2), (3, 4)}", "{(1, 2), (3, 4)}", "answer is"),
    ("Answer: (-oo, 3] U [5, oo)", "(-oo, 3] U [5, oo)", "answer is"),
    ("Answer: [[1, 2], [3, 4]]", "[[1, 2], [3, 4]]", "answer is"),
    ("Answer: 10110_2", "10110_2", "answer is"),
    ("Answer: 5 m/s^2", "5 m/s^2", "answer is"),
    ("Answer: x >= 5 and x < 7", "x >= 5 and x < 7", "answer is"),
    (
        "The answer is $\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}$.",
        "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}",
        "answer is",
    ),
    ("So the answer is\n$$\n\\frac{1}{2}.\n$$", "\\frac{1}{2}.", "answer is"),
    ("The value is exactly three.", None, None),
    ("The answer is three.", "three", "answer is"),
    ("The answer is 25 dollars and 50 cents.", "25 dollars and 50 cents", "answer is"),
    ("In total she has 25 dollars and 50 cents.", "50 cents", "last number"),
    ("The final answer is: $\\sqrt{2}$. Note that $\\sqrt{2} \\approx 1.414$.", "\\sqrt{2}", "answer is"),
    ("So we conclude the length is 5 cm. (The width was 3 cm.)", "5 cm", "last number"),
    ("Hence $n = 7$.\n\nLet me verify: 7 + 3 = 10. Correct!", "n = 7", "last formula"),
]


@pytest.mark.parametrize(("text", "answer", "why"), CASES)
def test_cases(text: str, answer: str | None, why: str | None) -> None:
    found = extract(text)
    assert (found and found.text, found and found.why) == (answer, why)
    assert found is None or found.why in RULES


#: (completion, parts): several values that make one answer. One value, however often it is given, is no list.
LISTS = [
    (r"\boxed{3} and \boxed{5}", ("3", "5")),
    (r"\boxed{1},\boxed{2},\boxed{3}", ("1", "2", "3")),
    (r"\(\boxed{1}\) and \(\boxed{-2}\).", ("1", "-2")),
    (r"$$\boxed{(2, 2)} \quad \text{and} \quad \boxed{(6, 2)}$$", ("(2, 2)", "(6, 2)")),
    ("\\[\n\\boxed{366}\n\\]\n\\[\n\\boxed{388}\n\\]", ("366", "388")),
    (r"$\boxed{1}$ 或 $\boxed{2}$", ("1", "2")),
    (r"$\boxed{1}$ ou $\boxed{2}$", ("1", "2")),
    (r"$x=\boxed{3}$ and $y=\boxed{5}$", ("x= 3", "y= 5")),
    (r"\boxed{3}, \boxed{3}", ()),
    (r"\boxed{3} and \boxed{ 3}", ()),
    (r"\boxed{1}, and after that \boxed{2}", ()),
    (r"\boxed{5}\) adults and \(\boxed{3}\)", ()),
    (r"The answers are $1$, $2$ and $3$.", ("1", "2", "3")),
    ("The solutions are:\n- $x = 1$\n- $x = 2$", ("x = 1", "x = 2")),
    ("The solutions are\n1. $x = 1$\n2. $x = 2$", ("x = 1", "x = 2")),
]


@pytest.mark.parametrize(("text", "parts"), LISTS)
def test_lists(text: str, parts: tuple[str, ...]) -> None:
    found = extract(text)
    assert found is not None and found.parts == parts
    assert found.text == (", ".join(parts) if parts else found.text)


#: (completion, answer): a cue, and below it a code block.
BLOCKS = [
    ("The final answer is:\n\n```\neven\n```", "even"),
    ("**Final Answer:**\n```text\n1,-2\n```", "1,-2"),
    ("The answer is\n\n```latex\n$\\frac{1}{2}$\n```\nwhich we check.", "\\frac{1}{2}"),
    ("Answer:\n```\n\\begin{pmatrix} 1 \\\\ 2\n\\end{pmatrix}\n```", "\\begin{pmatrix} 1 \\\\ 2\n\\end{pmatrix}"),
    ("Answer:\n```\nx = 3\ny = 4\n```", "4"),  # several lines are work, of which the last number counts
]


@pytest.mark.parametrize(("text", "answer"), BLOCKS)
def test_an_answer_in_a_code_block(text: str, answer: str) -> None:
    found = extract(text)
    assert found is not None and found.text == answer


#: (what a completion ends with, answer): it was cut off at its token limit.
CUT_OFF = [
    (r"So it is \boxed{5} and the", "5"),
    (r"So it is \boxed{5", None),
    (r"So it is \boxed 5", None),
    ("The answer is 5", None),
    ("The answer is 5. Let me check", "5"),
    ("#### 12", None),
    ("#### 12\n", "12"),
    ("<answer>12", None),
    ("<answer>12</answer>", "12"),
    ("We get 5 * 3 = 15. Then 15", None),
    ("15", None),
    ("<think>The answer is 5.", None),
]


@pytest.mark.parametrize(("text", "answer"), CUT_OFF)
def test_a_completion_that_was_cut_off(text: str, answer: str | None) -> None:
    found = extract(text, finished=False)
    assert (found and found.text) == answer


def test_no_cue_is_found_in_another_word() -> None:
    """`answers` as a verb, a variable `solution_x`, a step's result: none announces the answer."""
    found = extract("To answer this we take 2. Amy answers 5 questions: 3 each. solution_x = 4. She gets 15 points.")
    assert found is not None and found.text.split()[0] == "15"
