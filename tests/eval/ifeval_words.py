"""Words from which sentences of an exact length are made, without what a prompt forbids."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

#: What the sentences of a rendering are about.
THEMES: dict[str, dict[str, str]] = {
    "garden": {
        "nouns": "garden rose bird fern tree bush barn seed hedge gate spade frog moss pond basket orchard gnome",
        "adjectives": "green wild small quiet old tall damp shy red huge",
    },
    "harbour": {
        "nouns": "harbour ship sailor boat gull dock rope tide crab reef mast captain beach shell bay",
        "adjectives": "salty blue windy calm grey deep brave long far loud",
    },
    "kitchen": {
        "nouns": "kitchen cook soup bread café plum fig pan oven bowl jam butter spoon herb dish",
        "adjectives": "hot fresh sweet warm rich bitter soft big tasty round",
    },
    "mountain": {
        "nouns": "mountain hill goat cliff valley shepherd trail snow hut fog rock lake ridge brook storm",
        "adjectives": "steep cold icy white high hard lonely bright rough dim",
    },
    "workshop": {
        "nouns": "workshop tool bolt lamp bench wheel saw smith drill iron cart glue clamp nail hut",
        "adjectives": "rusty heavy sharp flat busy odd dull thick strong grim",
    },
    "library": {
        "nouns": "library book shelf reader map page desk poem clerk lamp diary letter hall child ladder",
        "adjectives": "dusty dark silent famous tiny slim proud plain good thin",
    },
}
#: For prompts that leave a theme without words.
POOL = {
    "nouns": "dog cat man fish bug hill lamp sun bird tree house wolf pig king mud oak girl ship town moon "
    "truth youth south north",
    "adjectives": "big old shy odd fun dull tidy huge low new bold",
}
DETERMINERS = "the our his that this my one her any no"
#: langdetect reads the first letters of words in capitals: these begin as the words of most English texts do.
DETERMINERS_IN_CAPITALS = "the the that this"
TRANSITIVE_IN_CAPITALS = "saw is was owns wants asks is was"
ADJECTIVES_IN_CAPITALS = "tall tiny old odd wild warm whole thick thin tidy awful ideal worthy"
TRANSITIVE = "saw found took put hid bought sold brought drew kept lost won got fed built missed held sought"
INTRANSITIVE = "slept fell sat stood ran sang hid woke grew lay swam"
JOINTS = "and while but so or for"
#: Words with exactly one of a letter.
LETTERED = {
    "a": "map bat cart", "c": "cup cart cow ice", "e": "pen bed ten", "g": "gate fog rug", "i": "fig lid pin",
    "j": "jam jug jar", "l": "lid owl lamp", "m": "map mud ham", "n": "net pan nut", "o": "fox cot lot",
    "p": "pit cup map", "q": "quiz quilt squid", "t": "tub hat mast", "w": "owl web wig", "y": "yard toy boy",
    "#": "#one #two", "!": "hey! ha!",
}  # fmt: skip
FRAMES = (
    "Then we noted {}.", "The list has {}.", "We heard of {}.", "This is about {}.", "Our main point is {}.",
    "Look for {}.", "My pick is {}.", "His first words had {}.", "No one missed {}.", "Ask us for {}.",
    "Look at {}.", "You will want {}.", "Do find {}.", "We think of {}.", "Go buy {}.", "His pick: {}.", "{}.",
)  # fmt: skip


class Vocabulary:
    """Words of a theme that hold none of `letters` or `parts` and are none of `words`."""

    def __init__(
        self, theme: str, draw: random.Random, *, letters: Sequence[str] = (), parts: Sequence[str] = (),
        words: Sequence[str] = (), capitals: bool = False,
    ) -> None:  # fmt: skip
        self.draw = draw
        self._letters, self._parts = set(letters), [part.lower() for part in parts]
        self._words = {word.lower() for word in words}
        self.nouns = self._left(THEMES[theme]["nouns"], POOL["nouns"])
        adjectives = ADJECTIVES_IN_CAPITALS if capitals else THEMES[theme]["adjectives"]
        self.adjectives = self._left(adjectives, POOL["adjectives"])
        self.determiners = self._left(DETERMINERS_IN_CAPITALS if capitals else DETERMINERS, "a his no")
        self.transitive = self._left(TRANSITIVE_IN_CAPITALS if capitals else TRANSITIVE, "")
        self.intransitive = self._left(INTRANSITIVE, "")
        self.joints = self._left("and while" if capitals else JOINTS, "")
        assert all([self.nouns, self.adjectives, self.determiners, self.transitive, self.intransitive, self.joints])
        frames = [frame for frame in FRAMES if self.allows(frame)]
        self.frames = [frame for frame in frames if "The" in frame or "This" in frame] if capitals else []
        self.frames = self.frames or frames

    def allows(self, text: str) -> bool:
        """Whether a text holds nothing that is kept out."""
        lower = text.lower()
        return (
            not self._letters & set(lower)
            and not any(part in lower for part in self._parts)
            and not any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lower) for word in self._words)
        )

    def _left(self, words: str, more: str) -> list[str]:
        kept = [word for word in words.split() if self.allows(word)]
        return kept if len(kept) > 2 else kept + [word for word in more.split() if self.allows(word)]

    def phrase(self) -> str:
        """Two words: "quiet garden"."""
        return f"{self.draw.choice(self.adjectives)} {self.draw.choice(self.nouns)}"

    def sentence(self, words: int) -> str:
        """A sentence of exactly so many words."""
        text = self._clauses(words)
        return f"{text[0].upper()}{text[1:]}."

    def _clauses(self, words: int) -> str:
        if words <= 7:
            return self._clause(words)
        head = min(7, words - 4) if words < 12 else self.draw.choice([5, 6, 7])
        return f"{self._clause(head)} {self.draw.choice(self.joints)} {self._clauses(words - head - 1)}"

    def _clause(self, words: int) -> str:
        det, noun, adjective = (
            lambda: self.draw.choice(self.determiners),
            lambda: self.draw.choice(self.nouns),
            lambda: self.draw.choice(self.adjectives),
        )
        forms: dict[int, list[Callable[[], str]]] = {
            1: [noun],
            2: [det, noun],
            3: [det, noun, lambda: self.draw.choice(self.intransitive)],
            4: [det, adjective, noun, lambda: self.draw.choice(self.intransitive)],
            5: [det, noun, lambda: self.draw.choice(self.transitive), det, noun],
            6: [det, adjective, noun, lambda: self.draw.choice(self.transitive), det, noun],
            7: [det, adjective, noun, lambda: self.draw.choice(self.transitive), det, adjective, noun],
        }
        return " ".join(word() for word in forms[words])

    def listing(self, items: Sequence[str]) -> str:
        """A sentence that names all the items."""
        joint = f" {'and' if 'and' in self.joints else self.joints[0]} "
        return self.draw.choice(self.frames).format(joint.join(items))


def words(text: str) -> int:
    r"""IFEval's words are runs of letters, digits and underscores."""
    return len(re.findall(r"\w+", text))
