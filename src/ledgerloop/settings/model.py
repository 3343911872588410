"""Every setting: its name, type, default and meaning.

Settings never hold a secret: where one is needed they name it, ``secret:NAME``, and it is kept sealed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ledgerloop.settings.types import SCOPES, Address, DatabaseAddress, PropertyNames, Scopes, SecretReference

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
    verify_percent: int = Field(
        default=2,
        ge=0,
        le=50,
        description="How much of Xero's calls of a day is spent on comparing our copy of the ledger with Xero's own"
        " balances, 40 customers a call. 0 switches it off.",
    )
    notes: bool = Field(
        default=False,
        description="Whether a note is written on contact, company and deal when an invoice is sent, part paid, paid,"
        " overdue or voided. Begins with what happens after it was switched on.",
    )
        default="", description="Xero's TaxType for each line. Empty leaves it to the account's default."
    )
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] = Field(
        default="Exclusive", description="Whether the deal's prices include tax."
    )
    due_days: int = Field(default=30, ge=0, le=3650, description="Days from the invoice's date to its due date.")


class Standing(Section):
    """How often to look without being told, and what else to show."""

    catch_up_minutes: int = Field(
        default=15, ge=1, description="Minutes between two pulls from Xero that no webhook asked for."
    )
    poll_seconds: int = Field(default=60, ge=5, description="Seconds between two looks for won deals in HubSpot.")


class Brake(Section):
    """How much an hour may write to HubSpot without a plan, for each organisation, before a person is asked."""

    create: int = Field(default=200, ge=0, description="Contacts, companies and deals made.")
    update: int = Field(default=10_000, ge=0, description="Contacts, companies and deals changed.")


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
    brake: Brake = Brake()
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
