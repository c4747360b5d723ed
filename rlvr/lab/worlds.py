"""Worlds that are written down: Markov decision processes with Gymnasium's interface.

A world is its table. `P[state][action]` lists (probability, next state, reward, terminated), as Gymnasium's own
toy_text environments keep theirs, so whatever reads the table of one reads the other's.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gymnasium import Env, spaces

Table: TypeAlias = list[list[list[tuple[float, int, float, bool]]]]


class World(Env):
    """A table, the names of its states, where episodes start (each of `start` as likely), and when they are cut off."""

    def __init__(self, table: Table, names: Sequence[str], start: Sequence[int], limit: int = 100) -> None:
        self.P, self.names, self.start, self.limit = table, list(names), list(start), limit
        self.observation_space = spaces.Discrete(len(table))
        self.action_space = spaces.Discrete(len(table[0]))
        #: States in which something can still be decided.
        self.live = [s for s, actions in enumerate(table) if actions[0] != _over(s)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.steps = self.start[int(self.np_random.integers(len(self.start)))], 0
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        left = self.np_random.random()
        for outcome in self.P[self.state][action]:
            left -= outcome[0]
            if left < 0:
                break
        _, self.state, reward, terminated = outcome
        self.steps += 1
        return self.state, reward, terminated, not terminated and self.steps >= self.limit, {}


def _over(state: int) -> list[tuple[float, int, float, bool]]:
    return [(1.0, state, 0.0, True)]


def chain(length: int = 5, slip: float = 0.1, left: float = 0.2) -> World:
    """Left (0) or right (1) along a line whose ends pay `left` and 1; with probability `slip` the other way."""
    ends = {0: left, length + 1: 1.0}
    table: Table = [[_over(s)] * 2 for s in range(length + 2)]
    for s in range(1, length + 1):
        there = [(s + d, ends.get(s + d, 0.0), s + d in ends) for d in (-1, 1)]
        table[s] = [[(1 - slip, *there[a]), (slip, *there[1 - a])] for a in (0, 1)]
    return World(table, [str(s) for s in range(length + 2)], range(1, length + 1))


def grid(rows: Sequence[str] = ("...+", "3#.#", "...."), slip: float = 0.1, step_reward: float = 0.0) -> World:
    """A map: `.` floor, `#` wall, `S` the start (without one: anywhere), `C` cliff, and ends `+` 1, `-` -1, digit / 10.

    Actions: up, right, down, left; with probability `slip` a step goes to one of its sides. It earns `step_reward` and
    what its end pays; one off the cliff costs 100 and leads back to S. State: row * width + column.
    """
    width, cells = len(rows[0]), "".join(rows)
    pays = {"+": 1.0, "-": -1.0, **{str(d): d / 10 for d in range(10)}}
    start = [s for s, c in enumerate(cells) if c == "S"] or [s for s, c in enumerate(cells) if c == "."]

    def outcome(s: int, direction: int) -> tuple[int, float, bool]:
        down, right = ((-1, 0), (0, 1), (1, 0), (0, -1))[direction]
        row, column = s // width + down, s % width + right
        inside = 0 <= row < len(rows) and 0 <= column < width and rows[row][column] != "#"
        to = row * width + column if inside else s
        if cells[to] == "C":
            return start[0], -100.0, False
        return to, step_reward + pays.get(cells[to], 0.0), cells[to] in pays

    turns = ((1 - slip, 0), (slip / 2, 1), (slip / 2, 3)) if slip else ((1.0, 0),)
    table: Table = []
    for s, cell in enumerate(cells):
        moves = [[(chance, *outcome(s, (a + turn) % 4)) for chance, turn in turns] for a in range(4)]
        table.append(moves if cell in ".S" else [_over(s)] * 4)
    return World(table, [f"{s // width},{s % width}" for s in range(len(cells))], start)


def cliff() -> World:
    """Sutton and Barto, Reinforcement Learning, 2nd edition, example 6.6: the short way leads along the edge."""
    return grid(("." * 12, "." * 12, "." * 12, "S" + "C" * 10 + "0"), slip=0.0, step_reward=-1.0)


def token_world(
    tokens: str = "123.", length: int = 4, reward: Callable[[str], float] = lambda text: sum(map(int, text)) == 6
) -> World:
    """A language model's world: a state is the text so far, an action the next token, the step is certain.

    `.` or the `length`th token ends the text, and only then `reward(text without the dot)` is paid: a verdict.
    """
    texts = [""]
    for text in texts:  # grows while it is read: breadth first
        texts += [text + token for token in tokens if token != "." and len(text) < length - 1]

    def outcome(text: str, token: str) -> tuple[float, int, float, bool]:
        longer = text + token.strip(".")
        if token == "." or len(longer) == length:
            return 1.0, len(texts), float(reward(longer)), True
        return 1.0, texts.index(longer), 0.0, False

    table = [[[outcome(text, token)] for token in tokens] for text in texts]
    return World([*table, [_over(len(texts))] * len(tokens)], [*texts, "end"], [0])
