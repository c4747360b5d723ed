"""A recipe's file: its values, and the line that each stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from rlvr.errors import UserError


def read_recipe(path: Path, short: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, int]]:
    """The file's values, and the line of each key; `short` names the field that a bare string at a key fills.

    Raises `UserError` where it is no YAML, holds no keys, or one of them twice: YAML would silently take the last.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        detail = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as YAML: {detail}. Mend the file there.") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no recipe: its top level must be `key: value` lines (model, data, ...).")
    lines: dict[str, int] = {}
    for key, line in _key_lines(node, short):
        if key in lines:
            raise UserError(f"{path} has the key {key!r} twice, in lines {lines[key]} and {line}. Put them together.")
        lines[key] = line
    return values, lines


def _key_lines(node: Any, short: Mapping[str, str], prefix: str = "") -> Iterator[tuple[str, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        yield name, key.start_mark.line + 1
        yield from _key_lines(value, short, f"{name}.")
        if name in short and isinstance(value, yaml.ScalarNode):
            yield f"{name}.{short[name]}", key.start_mark.line + 1
