"""What LeetCode's own environment has in scope: the usual imports, ListNode and TreeNode, their builders and comparers.

Not imported but sent as text to both sides of the wall (`prelude: leetcode`): programs and tests run in a
namespace that starts with it.
"""
# ruff: noqa: F401, F403

from __future__ import annotations

import collections
import functools
import heapq
import itertools
import math
import random
import re
import string
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from operator import *
from string import *
from typing import *


class ListNode:
    """A node of a singly linked list."""

    def __init__(self, val=0, next=None):  # type: ignore[no-untyped-def]
        self.val = val
        self.next = next


class TreeNode:
    """A node of a binary tree."""

    def __init__(self, val=0, left=None, right=None):  # type: ignore[no-untyped-def]
        self.val = val
        self.left = left
        self.right = right


def list_node(values):  # type: ignore[no-untyped-def]
    """A linked list of the values; None where there are none."""
    head = None
    for value in reversed(values or []):
        head = ListNode(value, head)
    return head


def tree_node(values):  # type: ignore[no-untyped-def]
    """A binary tree of its values level by level, None for what is missing."""
    if not values or values[0] is None:
        return None
    root = TreeNode(values[0])
    open_nodes, rest = collections.deque([root]), iter(values[1:])
    while open_nodes:
        node = open_nodes.popleft()
        for side in ("left", "right"):
            if (value := next(rest, None)) is not None:
                child = TreeNode(value)
                setattr(node, side, child)
                open_nodes.append(child)
    return root


def list_values(node):  # type: ignore[no-untyped-def]
    """The values of a linked list. Raises ValueError where it runs in a circle."""
    values, seen = [], set()
    while node is not None:
        if id(node) in seen:
            raise ValueError("the list runs in a circle")
        seen.add(id(node))
        values.append(node.val)
        node = node.next
    return values


def tree_values(root):  # type: ignore[no-untyped-def]
    """The values of a binary tree level by level, as LeetCode writes them. Raises ValueError where it is no tree."""
    values, seen, level = [], set(), collections.deque([root])
    while level:
        node = level.popleft()
        values.append(None if node is None else node.val)
        if node is not None:
            if id(node) in seen:
                raise ValueError("a node of the tree has two parents")
            seen.add(id(node))
            level.extend((node.left, node.right))
    while values and values[-1] is None:
        values.pop()
    return values


def is_same_list(p, q):  # type: ignore[no-untyped-def]
    """Whether two linked lists hold the same values in the same order."""
    return list_values(p) == list_values(q)


def is_same_tree(p, q):  # type: ignore[no-untyped-def]
    """Whether two binary trees have the same shape and values."""
    return tree_values(p) == tree_values(q)


def __convert__(function, args, kwargs, announced):  # type: ignore[no-untyped-def]
    """Plain arguments as the lists and trees that the signature speaks of.

    `announced` are the annotations by parameter that are known from the prompt; the function's own serve otherwise.
    """
    plain = getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code else []
    names = names[1:] if names[:1] == ["self"] else names
    kinds = {name: str(kind) for name, kind in getattr(plain, "__annotations__", {}).items()}
    own = [kinds.get(name, "") for name in names]
    known = list(announced.values()) or own
    args = [_converted(value, known[i] if i < len(known) else "") for i, value in enumerate(args)]
    kinds.update(announced)
    return args, {name: _converted(value, kinds.get(name, "")) for name, value in kwargs.items()}


def _converted(value, kind):  # type: ignore[no-untyped-def]
    for name, build in (("ListNode", list_node), ("TreeNode", tree_node)):
        if name in kind and isinstance(value, list):
            if re.match(r"(typing\.)?(List|list)\[", kind):
                return [build(part) for part in value]
            return build(value)
    return value
