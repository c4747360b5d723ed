"""The wording that hub sets put around their problems, so that a template can be put on the bare problem.

Each is what the published rows hold, word for word; a text that does not match is left as it is.
"""

from __future__ import annotations

#: (what comes before, what comes after); both must be there.
_WRAPPERS: tuple[tuple[str, str], ...] = (
    (  # DAPO-Math-17k
        "Solve the following math problem step by step. The last line of your response should be of the form "
        "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n",
        '\n\nRemember to put your answer on its own line after "Answer:".',
    ),
    # A copy of DAPO, DeepScaleR and Skywork-OR1 as verl's examples write them.
    ("Let's think step by step and output the final answer within \\boxed{}.\n\n", ""),
    ("", " Let's think step by step and output the final answer within \\boxed{}."),
    ("", "\n\nLet's think step by step and output the final answer within \\boxed{}."),
    # Eurus-2 and OMEGA
    ("", "Present the answer in LaTex format: \\boxed{Your answer}"),
    (
        "",
        "Write Python code to solve the problem. Present the code in \n```python\nYour code\n```\nat the end.",
    ),
    # KlearReasoner-Code and Skywork-OR1's code
    (
        "You are an expert Python programmer. You will be given a question (problem specification) and will generate "
        "a correct Python program that matches the specification and passes all tests.\n\n",
        "",
    ),
    # rllm's LeetCode
    (
        "Please solve the programming task below using a self-contained code snippet in a markdown code block.\n\n",
        "",
    ),
    # LeetCodeDataset and LiveCodeBench
    ("", "### Answer: (use the provided format with backticks)"),
)

#: How system prompts begin that only say how to answer. Eurus-2's, and Multi-subject RLVR's.
_SYSTEM = (
    "When tackling complex reasoning tasks, you have access to the following actions.",
    "You are a chatbot who can solve problems.",
)


def unwrapped(text: str) -> str:
    """The problem without the known wordings around it."""
    problem = text.strip()
    for before, after in _WRAPPERS:
        if problem.startswith(before.lstrip()) and problem.endswith(after.rstrip()):
            head, tail = len(before.lstrip()), len(after.rstrip())
            inner = problem[head : len(problem) - tail if tail else None].strip()
            problem = inner or problem
    return problem


def is_wrapper(system: str) -> bool:
    """Whether a system prompt is one of the known ones that only say how to answer."""
    return system.strip().startswith(_SYSTEM)
