"""The chain task: digit operations modulo ten, one after the other.

Answering directly is hopeless for a small model while each step of the work is easy, so a policy that
starts with a mixture of both discovers that working it out pays. The three texts of the task are
`prompt_text`, `worked_text` and `direct_text`; nothing else knows the format. It was chosen by
measurement: a step is spelled alike in the problem and in the work, so that copying an operation is a fixed
distance back, and all problems have equally many definitions.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from rlvr.core import Prompt
from rlvr.errors import UserError
from rlvr.registry import dataset

from .sources import Generated, user_turn

LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: Multiplication by 3, 7 and 9 permutes the digits, so no step forgets what came before it.
OPERATIONS = (*(f"+{k}" for k in range(1, 10)), *(f"-{k}" for k in range(1, 10)), "*3", "*7", "*9")
SPLITS = ("train", "test")
#: One problem in this many belongs to the test split.
TEST_SHARE = 5


@dataclass(frozen=True, slots=True)
class Chain:
    """One problem: distinct small letters as variables, the first one's digit, the operations to do.

    `extra` operations follow in the text under capital letters and are not asked for, so that all texts
    may be of one length. `names` has one more letter than there are operations, `extra` included.
    """

    names: str
    start: int
    operations: tuple[str, ...]
    extra: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[int, ...]:
        """Each variable's digit, up to the one that is asked for."""
        values = [self.start]
        for operation in self.operations:
            values.append(apply(operation, values[-1]))
        return tuple(values)

    @property
    def split(self) -> str:
        """The split that owns this problem. It depends on the digits and operations and not on the letters,
        so a test problem is never a training problem with its variables renamed."""
        key = f"{self.start}{''.join(self.operations)}".encode()
        return SPLITS[hashlib.blake2b(key, digest_size=8).digest()[0] % TEST_SHARE == 0]


def apply(operation: str, value: int) -> int:
    """The digit that `operation`, such as `*7`, makes of `value`: modulo ten."""
    symbol, operand = operation[0], int(operation[1:])
    return (value + operand if symbol == "+" else value - operand if symbol == "-" else value * operand) % 10


def prompt_text(chain: Chain) -> str:
    """`c=3, k=c+5, e=k*7. F=e-2.`: the first full stop stands after the variable that is asked for."""
    operations = (*chain.operations, *chain.extra)
    text = f"{chain.names[0]}={chain.start}, "
    for i, operation in enumerate(operations):
        end = "." if i + 1 in (len(chain.operations), len(operations)) else ","
        text += f"{chain.names[i + 1]}={chain.names[i]}{operation}{end} "
    return text.rstrip()


def worked_text(chain: Chain) -> str:
    r"""`d=3+5=8, e=8*7=6, \boxed{6}`: every step with its operands written out."""
    return "".join(f"{step}, " for step in steps(chain)) + direct_text(chain)


def steps(chain: Chain) -> list[str]:
    """`d=3+5=8` and `e=8*7=6`: the lines of the work, each with its operands written out."""
    names, values = chain.names, chain.values
    return [f"{names[i + 1]}={values[i]}{op}={values[i + 1]}" for i, op in enumerate(chain.operations)]


def direct_text(chain: Chain) -> str:
    r"""`\boxed{6}`: the answer alone."""
    return f"\\boxed{{{chain.values[-1]}}}"


def draw(rng: random.Random, operations: int, split: str, definitions: int = 0) -> Chain:
    """One random problem of `split` with so many operations to do, of at least `definitions` in the text."""
    extra = max(definitions - operations, 0)
    while True:
        letters = "".join(rng.sample(LETTERS, operations + extra + 1))
        chain = Chain(
            names=letters[: operations + 1] + letters[operations + 1 :].upper(),
            start=rng.randrange(10),
            operations=tuple(rng.choices(OPERATIONS, k=operations)),
            extra=tuple(rng.choices(OPERATIONS, k=extra)),
        )
        if chain.split == split:
            return chain


@dataset("chain", source=Generated(splits=SPLITS))
def chain(
    split: str,
    *,
    min_ops: int = 5,
    max_ops: int = 7,
    definitions: int = 12,
    count: int = 4096,
    seed: int = 0,
) -> Iterator[Prompt]:
    """A chain of digit operations modulo ten; `count` different problems with `min_ops` to `max_ops` steps.

    Lengths are drawn uniformly, except that a length whose problems are used up is left out. The text of
    a chain with fewer steps goes on to `definitions` operations, of which the last are not asked for; so
    the place where the answer ends is all that tells a long problem from a short one. 0 leaves them out.
    """
    check_lengths("chain", min_ops, max_ops, definitions, count)
    rng = random.Random(f"chain/{split}/{min_ops}/{max_ops}/{definitions}/{seed}")
    lengths = list(range(min_ops, max_ops + 1))
    seen: set[str] = set()
    for _ in range(count):
        problem = _unseen(rng, lengths, split, definitions, seen)
        if problem is None:
            raise UserError(
                f"data set 'chain' has only {len(seen)} different problems with {min_ops} to {max_ops} steps in split "
                f"{split!r}, not count={count}. Ask for fewer, or for longer chains (max_ops)."
            )
        yield _prompt(problem)


def demonstrations(
    count: int,
    *,
    worked_share: float = 0.4,
    min_ops: int = 5,
    max_ops: int = 7,
    definitions: int = 12,
    seed: int = 0,
    split: str = "train",
) -> list[Prompt]:
    """Prompts whose `meta["demonstration"]` is an answer to imitate: worked out in `worked_share` of the rows.

    The rest answer directly. Problems are drawn independently and may repeat; all are of `split`, so
    that a cold start has not seen the held-out problems either. `meta["ops"]` and `meta["worked"]`
    let a caller sort short chains first.
    """
    check_lengths("chain_demonstrations", min_ops, max_ops, definitions, count)
    if not 0.0 <= worked_share <= 1.0:
        raise UserError(f"worked_share is {worked_share}; it is a share, from 0 to 1.")
    rng = random.Random(f"chain/demonstrations/{split}/{min_ops}/{max_ops}/{definitions}/{seed}")
    out = []
    for index in range(count):
        problem = draw(rng, rng.randint(min_ops, max_ops), split, definitions)
        worked = rng.random() < worked_share
        meta = {
            "ops": len(problem.operations),
            "worked": worked,
            "demonstration": worked_text(problem) if worked else direct_text(problem),
        }
        identity = f"chain/demonstration/{seed}-{index}"
        out.append(Prompt(identity, user_turn(prompt_text(problem)), str(problem.values[-1]), "math", meta))
    return out


def _prompt(problem: Chain) -> Prompt:
    text = prompt_text(problem)
    # The id names the problem itself, so a problem keeps its sampling noise whatever set it is drawn for.
    identity = f"{len(problem.operations)}-{hashlib.blake2b(text.encode(), digest_size=5).hexdigest()}"
    meta = {"ops": len(problem.operations), "steps": steps(problem)}
    return Prompt(identity, user_turn(text), str(problem.values[-1]), "math", meta)


def _unseen(rng: random.Random, lengths: list[int], split: str, definitions: int, seen: set[str]) -> Chain | None:
    """A problem not in `seen`, which it joins. After 200 misses in a row a length counts as used up."""
    while lengths:
        length = rng.choice(lengths)
        for _ in range(200):
            problem = draw(rng, length, split, definitions)
            if (text := prompt_text(problem)) not in seen:
                seen.add(text)
                return problem
        lengths.remove(length)
    return None


def check_lengths(name: str, min_ops: int, max_ops: int, definitions: int, count: int) -> None:
    """Raises `UserError` where the options of set `name` leave no chain, or none with a letter for each variable."""
    if not 1 <= min_ops <= max_ops < len(LETTERS):
        raise UserError(
            f"data set {name!r}: min_ops={min_ops} and max_ops={max_ops} must satisfy "
            f"1 <= min_ops <= max_ops <= {len(LETTERS) - 1} (one letter for each variable)."
        )
    if not 0 <= definitions < len(LETTERS):
        raise UserError(f"data set {name!r}: definitions={definitions} must be from 0 to {len(LETTERS) - 1}.")
    if count < 1:
        raise UserError(f"data set {name!r}: count={count} must be at least 1.")
