"""The hub of models and data: which names may mean something there, and whether it answers at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def looks_local(name: str) -> bool:
    """Whether a model's name is a path, and no hub id such as `Qwen/Qwen2.5-0.5B-Instruct`."""
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or Path(name).exists()


def trouble(seconds: float | None = None) -> str | None:
    """Why the hub cannot be asked, None where it answers, whatever it says.

    It has so many seconds for it, by default as many as its own client gives it (10, or HF_HUB_ETAG_TIMEOUT's).
    """
    from huggingface_hub import constants, get_session

    if constants.is_offline_mode():
        return "it is switched off here (HF_HUB_OFFLINE)"
    try:
        get_session().head(constants.ENDPOINT, timeout=seconds or constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # what the client raises has changed with each of its transports
        return f"{constants.ENDPOINT} does not answer ({str(error) or type(error).__name__})"
    return None


@contextlib.contextmanager
def asked() -> Iterator[str | None]:
    """Inside, the hub's clients ask it, or are switched offline where it does not answer, and say why.

    Offline they take what their cache holds and fail at once otherwise; left to themselves, they try six times in half
    a minute for each file.
    """
    from huggingface_hub import constants

    why, before = trouble(), constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or why is not None
    try:
        yield why
    finally:
        constants.HF_HUB_OFFLINE = before


def missing_model(name: str, revision: str | None = None) -> str | None:
    """Why neither the hub nor what its cache holds here has a model; None where one has, or where that is not sure."""
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        if isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str):
            return None
        if why := trouble():
            return f"{why}, and its cache here has no such model"
        HfApi().model_info(name, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except HFValidationError:
        return "no name that the hub could have"
    except RepositoryNotFoundError:
        return f"{constants.ENDPOINT} has none of that name, or it is private and HF_TOKEN is not set"
    except Exception:  # a mirror that knows no such question, for one: whoever loads the model will say
        return None
    return None
