"""The language of a text by langdetect, which IFEval's verdicts were made with, without its chance.

langdetect draws which n-grams it looks at. Here the draw is seeded for each text and profiles are read in the order of
their names, so that a text always has the same language, on any machine.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

SEED = 0


def detect(text: str) -> str | None:
    """The ISO 639-1 code of the text's language (Chinese: `zh-cn`, `zh-tw`); None where it has nothing to tell by."""
    detector = _factory().create()
    detector.append(text)
    try:
        return detector.detect()
    except LangDetectException:
        return None


@cache
def _factory() -> DetectorFactory:
    factory = DetectorFactory()
    factory.load_json_profile([file.read_text("utf-8") for file in sorted(Path(PROFILES_DIRECTORY).iterdir())])
    factory.seed = SEED
    return factory
