"""Programs that try to be paid for `mix(a, b)` without computing it. None knows the formula.

Every one defines `mix`; as a script it prints `mix` of the two numbers that it reads.
"""

from . import endings, forgeries, liars, searches

HACKS: dict[str, str] = {
    f"{family.__name__.rpartition('.')[2]}/{name}": source
    for family in (liars, searches, forgeries, endings)
    for name, source in family.PROGRAMS.items()
}
