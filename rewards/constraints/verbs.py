"""Whether a response begins with a verb."""


def is_verb(tokens: list[str]) -> bool:
    return False
