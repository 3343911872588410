"""Every setting: its name, type, default and meaning; and reading them from ``ledgerloop.toml`` and the environment.

A wrong setting becomes one :class:`~ledgerloop.errors.SettingsError`: the key, the file it stands in, what to write.
Settings never hold a secret: where one is needed they name it, ``secret:NAME``, and it is kept sealed.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ledgerloop.errors import SettingsError
from ledgerloop.setting_types import SCOPES, Address, DatabaseAddress, PropertyNames, Scopes, SecretReference

ENVIRONMENT = "LEDGERLOOP_"
"""An environment variable LEDGERLOOP_SECTION__KEY stands above the file."""


class Section(BaseModel):
    """Refuse unknown keys and later changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(Section):
    """The service itself: where it listens, and where it keeps what it remembers."""

    host: str = Field(default="127.0.0.1", description="The address to listen on. Put a TLS proxy in front of it.")
    port: int = Field(default=8080, ge=1, le=65535, description="The port to listen on.")
    public_url: Address = Field(
        default="",
        description="The HTTPS address under which Xero, HubSpot and people reach the service, such as"
        " https://ledgerloop.example.com. Empty means this machine only, http://HOST:PORT.",
    )
    database: DatabaseAddress = Field(
        default="sqlite:///ledgerloop.sqlite3",
        description="SQLite, as sqlite:///FILE beside this file, or PostgreSQL, as"
        " postgresql+psycopg://USER@HOST/NAME. A password belongs in ~/.pgpass or in the environment, not here.",
    )
    key_file: str = Field(
        default="ledgerloop.key",
        description="The key that seals secrets, beside this file. Back it up apart from the database.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object a line, or text for a terminal."
    )

    @property
    def address(self) -> str:
        """The address under which the service is reached."""
        return self.public_url or f"http://{self.host}:{self.port}"


class Xero(Section):
    """The Xero app, made at developer.xero.com as a Web App."""

    client_id: str = Field(default="", description="The app's Client id.")
    client_secret: SecretReference = Field(
        default="secret:xero_client_secret", description="Names the app's client secret."
    )
    webhook_key: SecretReference = Field(
        default="secret:xero_webhook_key", description="Names the webhooks signing key."
    )
    scopes: Scopes = Field(
        default="granular",
        description='"granular" for apps made since 2 March 2026, "legacy" for older ones, or a list of scopes of your'
        " own, separated by spaces. offline_access must be among them.",
    )
    extra_scopes: str = Field(
        default="", description="More scopes to ask for, separated by spaces, such as accounting.reports.aged.read."
    )
    handshake: Literal["empty", "echo"] = Field(
        default="empty",
        description='How a rightly signed webhook handshake is answered: "empty" as Xero documents it, or "echo" with'
        " the raw payload and its signature.",
    )
    daily_limit: int = Field(
        default=1000,
        ge=1,
        description="Calls a day that Xero grants for each organisation: 1000 on Starter, 5000 above.",
    )
    login_url: Address = Field(default="https://login.xero.com", description="Where people consent.")
    identity_url: Address = Field(default="https://identity.xero.com", description="Where tokens are issued.")
    api_url: Address = Field(default="https://api.xero.com", description="Where the API is.")

    @property
    def scope_list(self) -> tuple[str, ...]:
        """The scopes to ask for, each once."""
        chosen = SCOPES.get(self.scopes) or tuple(self.scopes.split())
        return tuple(dict.fromkeys((*chosen, *self.extra_scopes.split())))


class HubSpot(Section):
    """The HubSpot account, reached by any bearer token: a private app's, a project app's, or a service key."""

    token: SecretReference = Field(default="secret:hubspot_token", description="Names the bearer token.")
    client_secret: SecretReference = Field(
        default="secret:hubspot_client_secret",
        description="Names the app's client secret, which signs webhooks. Service keys have none; polling finds what"
        " webhooks would tell.",
    )
    version: Literal["2026-09", "2026-03", "v3"] = Field(
        default="2026-09", description="The version of the API to call."
    )
    signature: Literal["v3", "v1"] = Field(
        default="v3", description='The webhook signature to accept. "v1" accepts v3 as well, for legacy private apps.'
    )
    api_url: Address = Field(default="https://api.hubapi.com", description="Where the API is.")


class Route(Section):
    """How a won deal becomes an invoice."""

    organisation: str = Field(
        default="", description="The Xero organisation's id. May be empty while only one is connected."
    )
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] = Field(
        default="DRAFT", description="The status of a new invoice."
    )
    account_code: str = Field(default="200", min_length=1, description="The code of the sales account for each line.")
    tax_type: str = Field(
        default="", description="Xero's TaxType for each line. Empty leaves it to the account's default."
    )
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] = Field(
        default="Exclusive", description="Whether the deal's prices include tax."
    )
    due_days: int = Field(default=30, ge=0, le=3650, description="Days from the invoice's date to its due date.")


class Standing(Section):
    """How often to look without being told."""

    catch_up_minutes: int = Field(
        default=15, ge=1, description="Minutes between two pulls from Xero that no webhook asked for."
    )
    poll_seconds: int = Field(default=60, ge=5, description="Seconds between two looks for won deals in HubSpot.")


class Settings(BaseSettings):
    """All settings. Made by :func:`load`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT,
        env_nested_delimiter="__",
    )

    service: Service = Service()
    xero: Xero = Xero()
    hubspot: HubSpot = HubSpot()
    route: Route = Route()
    standing: Standing = Standing()
    properties: PropertyNames = Field(
        default={},
        description="Names of HubSpot properties that differ in your portal: the name in Ledgerloop, and yours. What is"
        " not named here keeps its name.",
    )
    _file: Path = PrivateAttr(Path("ledgerloop.toml"))

    @property
    def file(self) -> Path:
        """The file these were read from."""
        return self._file

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above the file."""
        return env_settings, init_settings


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
    trial = {"login_url": xero_url, "identity_url": xero_url, "api_url": xero_url, "client_id": client_id}
    trial |= {"client_secret": "secret:sandbox_xero_client_secret", "webhook_key": "secret:sandbox_xero_webhook_key"}
    own = {"api_url": hubspot_url, "token": "secret:sandbox_hubspot_token"}
    own |= {"client_secret": "secret:sandbox_hubspot_client_secret"}
    database = re.sub(r"^(sqlite:///.*?)(\.\w+)?$", r"\1-sandbox\2", settings.service.database)
    return _with(settings, xero=trial, hubspot=own, service={"database": database})


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
        if name.startswith(ENVIRONMENT) and known != bool(separator):
            names = ", ".join(Settings.model_fields)
            cure = f"write {ENVIRONMENT}SECTION__KEY, with two underscores; the sections are {names}."
            raise SettingsError(section, f"the environment variable {name}", cure)


def _settings_error(error: ErrorDetails, path: Path) -> SettingsError:
    place = [str(part) for part in error["loc"]]
    variable = ENVIRONMENT + "__".join(place).upper()
    place_of_error = f"the environment variable {variable}" if variable in os.environ else str(path)
    return SettingsError(".".join(place), place_of_error, _cure_for(error, place))


def _cure_for(error: ErrorDetails, place: list[str]) -> str:
    section = Settings.model_fields.get(place[0])
    match error["type"]:
        case "cure":
            return error["msg"]
        case "extra_forbidden":
            inside = type(section.default).model_fields if section and len(place) > 1 else Settings.model_fields
            near = get_close_matches(place[-1], inside, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            return f"there is no such setting.{meant} There are {', '.join(inside)}."
        case "literal_error":
            return f"write {error['ctx']['expected']}."
        case "model_type" | "dict_type":
            return f"write it as a section, [{place[0]}], with its settings below."
        case _:
            default = getattr(section.default, place[-1], "") if section else ""
            example = f"{place[-1]} = {default}" if isinstance(default, int) else f'{place[-1]} = "{default or "…"}"'
            return f"{_WANTED.get(error['type'], error['msg'])}, such as {example}.".format(**error.get("ctx", {}))


_WANTED = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "string_type": "write a text in quotes",
    "string_too_short": "write a text that is not empty",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
}
