"""Words for scripted answers, with their part of speech and syllables counted by hand, and lists of facts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A word of one field of life: nouns are plural, verbs agree with them, and none is a stop word."""

    text: str
    field: str
    part: str
    syllables: int


_LEXICON = """
sea adj 1 bright calm cold brave | 2 silver distant gentle restless | 3 turbulent elegant enormous
sea noun 1 ships masts gulls waves | 2 harbors anchors sailors beacons islands | 3 admirals hurricanes
sea verb 1 cross guard reach watch | 2 welcome follow signal shelter | 3 discover remember
sea adv 2 slowly calmly bravely | 3 silently steadily
kitchen adj 1 fresh warm crisp sweet | 2 bitter hungry golden tender | 3 delicious abundant
kitchen noun 1 cooks plums spoons bowls | 2 bakers onions lemons kettles peppers | 3 tomatoes bananas restaurants
kitchen verb 1 stir chop serve taste | 2 sprinkle gather sample butter | 3 deliver celebrate
kitchen adv 2 gladly neatly quickly | 3 hungrily carefully
workshop adj 1 strong blunt smooth thick | 2 broken wooden careful heavy | 3 durable powerful
workshop noun 1 tools planks bolts clamps | 2 hammers ladders benches workers engines | 3 machinists assistants
workshop verb 1 build bend mend test | 2 repair measure polish fasten | 3 assemble examine
workshop adv 2 firmly strictly plainly | 3 skillfully patiently
garden adj 1 green lush wild ripe | 2 fragrant humble leafy shady | 3 tropical colorful
garden noun 1 ferns herbs roots vines | 2 roses gardens blossoms orchards robins | 3 gardeners potatoes butterflies
garden verb 1 plant climb shade trim | 2 nourish water surround attract | 3 cultivate decorate
garden adv 2 freely softly wildly | 3 tenderly peacefully
city adj 1 loud vast grand proud | 2 crowded modern urban patient | 3 electric historic expensive
city noun 1 trams crowds parks streets clerks | 2 drivers markets bridges windows | 3 museums apartments cathedrals
city verb 1 greet trust cheer hail | 2 transport connect observe attend | 3 entertain represent
city adv 2 loudly proudly fully | 3 publicly
music adj 1 quick soft grave plain | 2 solemn joyful ancient lunar | 3 musical melodic wonderful dramatic
music noun 1 drums chords hymns stars flutes | 2 singers planets trumpets dancers | 3 composers orchestras melodies
music verb 1 praise charm join lead | 2 admire compose rehearse perform | 3 illustrate dedicate imitate
music adv 2 sweetly brightly humbly | 3 gracefully joyfully solemnly
any prep 1 near past | 2 along around behind beneath across inside toward beside
"""
FIELDS = ("sea", "kitchen", "workshop", "garden", "city", "music")


def _parsed() -> list[Word]:
    words = []
    for line in _LEXICON.strip().split("\n"):
        field, part, rest = line.split(" ", 2)
        for group in rest.split(" | "):
            count, *texts = group.split()
            words += [Word(text, field, part, int(count)) for text in texts]
    return words


WORDS = _parsed()
#: Words of which the table that the published check counts with has another number of syllables.
MISCOUNTED = frozenset(
    "hurricanes bravely steadily carefully engines firmly vines softly peacefully museums flutes gracefully".split()
)
POSSESSIVE = "my our your his its their mine ours yours hers theirs".split()
#: Stop words of the Snowball list that sentences here are made of.
STOPS = {
    "det": "the a these those each some any all".split(),
    "where": "above below here there again then once with for by about after before between during against".split(),
}
PALINDROMES = (
    "level civic radar refer rotor kayak madam stats tenet solos sagas reviver rotator deified racecar redder "
    "repaper rotavator shahs minim"
).split()
SHORT_PALINDROMES = "noon mom deed peep eve pop wow toot".split()

#: Four words for each letter, of which a chain through the alphabet is made.
ALPHABET = """able amber all any|bakers boats bring brown|carry calmly clever candles|dainty dancers drop dark
eager eggs every eight|from fair friends find|gather good green gifts|happy hills have high|in icy islands inspire
join jolly jars jump|keep kind kings knit|lively lamps leave long|many merry meet mild|near noble nests never
old oceans open only|plant proud pears pick|quiet queens quickly quench|rich rivers rest red|sing slow seas silver
tall trees they two|under up use upward|very vast visit violet|warm winds with we|xylophones xenial x-rays xenon
yellow young yachts yearn|zebras zesty zealous zigzag""".replace("\n", "|").split("|")  # fmt: skip

JAPANESE = (
    "さくら うみ やま ねこ はな".split(),
    "カメラ テレビ パン ラジオ ホテル".split(),
    "東京 学校 電車 新聞 音楽".split(),
    "食べる 美しい 新しい 走る 静か".split(),
    "ありがとう こんにちは おはよう すみません さようなら".split(),
    "お茶 日本語 山々 コーヒー 友だち".split(),
)

AFRICA = """Zimbabwe Zambia Uganda Tunisia Togo Tanzania Sudan South_Sudan South_Africa Somalia Sierra_Leone Seychelles
Senegal São_Tomé_and_Príncipe Rwanda Republic_of_the_Congo Nigeria Niger Namibia Mozambique Morocco Mauritius
Mauritania Mali Malawi Madagascar Libya Liberia Lesotho Kenya Ivory_Coast Guinea-Bissau Guinea Ghana Gambia Gabon
Ethiopia Eswatini Eritrea Equatorial_Guinea Egypt Djibouti Democratic_Republic_of_the_Congo Comoros Chad
Central_African_Republic Cape_Verde Cameroon Burundi Burkina_Faso Botswana Benin Angola Algeria""".split()
AFRICA = [name.replace("_", " ") for name in AFRICA]

#: Capitals of Europe and their latitudes, whole Europe from 44 degrees on.
CAPITALS = {
    "Reykjavik": 64.15, "Helsinki": 60.17, "Oslo": 59.91, "Tallinn": 59.44, "Stockholm": 59.33, "Riga": 56.95,
    "Moscow": 55.76, "Copenhagen": 55.68, "Vilnius": 54.69, "Minsk": 53.90, "Dublin": 53.35, "Berlin": 52.52,
    "Amsterdam": 52.37, "Warsaw": 52.23, "London": 51.51, "Brussels": 50.85, "Kyiv": 50.45, "Prague": 50.08,
    "Luxembourg": 49.61, "Paris": 48.86, "Vienna": 48.21, "Bratislava": 48.15, "Budapest": 47.50, "Vaduz": 47.14,
    "Chisinau": 47.01, "Bern": 46.95, "Ljubljana": 46.06, "Zagreb": 45.81, "Belgrade": 44.79, "Bucharest": 44.43,
}  # fmt: skip

#: Days on which battles of Napoleon began.
BATTLES = (
    "1796-04-12 1796-05-10 1796-08-05 1796-11-15 1797-01-14 1798-07-21 1799-07-25 1800-06-14 1805-12-02 1806-10-14 "
    "1807-02-07 1807-06-14 1809-05-21 1809-07-05 1812-08-16 1812-09-07 1813-05-02 1813-08-26 1813-10-16 1814-02-10 "
    "1815-06-16 1815-06-18"
).split()

EMOJI = (
    "🌊 😀 🎉 🍋".split(),
    "☀️ ❤️ ✈️ ☕".split(),  # with a variation selector
    "👩‍🚀 🏃‍♂️ ❤️‍🔥 👨‍👩‍👧".split(),  # several joined to one
    "👍🏽 🙏🏿 👋🏻 💪🏾".split(),  # with a tone of skin
    "🐘 🦉 🐝 🐢".split(),
    "✅ 🔟 ⭐ 🎵".split(),
)
