"""Read the settings from ``ledgerloop.toml`` and the environment, and turn what is wrong into a sentence.

A wrong setting becomes one :class:`~ledgerloop.errors.SettingsError`: the key, the file it stands in, what to write.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ledgerloop.errors import SettingsError
from ledgerloop.settings.model import ENVIRONMENT, Settings
from ledgerloop.settings.routes import RouteOfDeals
from ledgerloop.settings.types import Section


def load(path: Path) -> Settings:
    """Read the settings from a file and the environment; relative places are beside the file."""
    path = path.absolute()
    _refuse_unknown_variables()
    try:
        # Names that begin with an underscore would be taken for arguments of the settings class.
        settings = Settings(**{name.lstrip("_"): value for name, value in _read(path).items()})
    except ValidationError as error:
        raise _settings_error(error.errors()[0], path) from None
    settings = _with(
        settings,
        service={
            "database": _beside(path, settings.service.database),
            "key_file": str(path.parent / settings.service.key_file),
        },
    )
    settings._file = path
    return settings


def check_complete(settings: Settings) -> None:
    """Raise for what only the user can know and has not written yet. Not needed to try things out on the sandbox."""
    if not settings.xero.client_id:
        cure = 'write client_id = "…" under [xero]: the Client id of your app at developer.xero.com.'
        raise SettingsError("xero.client_id", str(settings.file), cure)


def sandbox(settings: Settings, xero_url: str, hubspot_url: str, client_id: str) -> Settings:
    """Point every address at the sandbox, and keep what it tells us apart from the real.

    Its secrets have names of their own and its SQLite file is another one, so that no real token is ever sent to it.
    """
    trial = {"connection": "consent"}
    trial |= {"login_url": xero_url, "identity_url": xero_url, "api_url": xero_url, "client_id": client_id}
    trial |= {"client_secret": "secret:sandbox_xero_client_secret", "webhook_key": "secret:sandbox_xero_webhook_key"}
    own = {"api_url": hubspot_url, "token": "secret:sandbox_hubspot_token"}
    own |= {"client_secret": "secret:sandbox_hubspot_client_secret"}
    database = re.sub(r"^(sqlite:///.*?)(\.\w+)?$", r"\1-sandbox\2", settings.service.database)
    return _with(settings, xero=trial, hubspot=own, service={"database": database}, secrets={"store": "local"})


def on_sandbox(settings: Settings) -> bool:
    """Tell whether the settings were pointed at the sandbox."""
    return settings.xero.client_secret.startswith("secret:sandbox_")


def _with(settings: Settings, **changes: dict[str, str]) -> Settings:
    sections = {name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()}
    return settings.model_copy(update=sections)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problem = "there is no such file; run `ledgerloop init`, which writes one."
    except ValueError as error:
        problem = f"it is not TOML ({error}); correct that place."
    except OSError as error:
        problem = f"it cannot be read ({error.strerror}); make it a file that Ledgerloop may read."
    raise SettingsError("(the whole file)", str(path), problem)


def _beside(path: Path, database: str) -> str:
    prefix, _, file = database.partition("sqlite:///")
    return database if prefix else f"sqlite:///{path.parent / file}"


def _refuse_unknown_variables() -> None:
    """Find misspelt variables, which would otherwise do nothing."""
    for name in os.environ:
        section, separator, _ = name.removeprefix(ENVIRONMENT).lower().partition("__")
        known = section in Settings.model_fields
        single = section.partition("_")[0] in Settings.model_fields and not separator
        if name.startswith(ENVIRONMENT) and (single or known != bool(separator)):
            names = ", ".join(Settings.model_fields)
            cure = f"write {ENVIRONMENT}SECTION__KEY, with two underscores; the sections are {names}."
            raise SettingsError(section, f"the environment variable {name}", cure)


def _settings_error(error: ErrorDetails, path: Path) -> SettingsError:
    # People count from one.
    place = [str(part + 1) if isinstance(part, int) else part for part in error["loc"]]
    variable = ENVIRONMENT + "__".join(place).upper()
    place_of_error = f"the environment variable {variable}" if variable in os.environ else str(path)
    return SettingsError(".".join(place), place_of_error, _cure_for(error, place))


def _cure_for(error: ErrorDetails, place: list[str]) -> str:
    match error["type"]:
        case "cure":
            return error["msg"]
        case "extra_forbidden":
            inside = _fields(place)
            near = get_close_matches(place[-1], inside, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            return f"there is no such setting.{meant} There are {', '.join(inside)}."
        case "literal_error":
            return f"write {error['ctx']['expected']}."
        case "dict_type" if len(place) > 1:
            return f'write a table, such as {place[-1]} = {{ "…" = "…" }}.'
        case "tuple_type":
            return f"write it as sections, each beginning with [[{place[0]}]]."
        case "model_type" | "dict_type":
            return f"write it as a section, [{place[0]}], with its settings below."
        case _:
            field = _fields(place).get(place[-1])
            default = field.default if field else ""
            example = json.dumps(default if isinstance(default, int) else default or "…", ensure_ascii=False)
            wanted = _WANTED.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
            return f"{wanted}, such as {place[-1]} = {example}."


def _fields(place: list[str]) -> dict[str, FieldInfo]:
    """Return the settings that there are where a wrong one stands."""
    if place[0] == "routes" and len(place) > 1:
        return RouteOfDeals.model_fields
    section = Settings.model_fields.get(place[0])
    inside = section is not None and len(place) > 1 and isinstance(section.default, Section)
    return type(section.default).model_fields if section and inside else Settings.model_fields


_WANTED = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "string_type": "write a text in quotes",
    "string_too_short": "write a text that is not empty",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
}
