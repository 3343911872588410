"""Every setting: its name, type, default and meaning.

Settings never hold a secret: where one is needed they say where it is, such as ``secret:NAME``, which is kept sealed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ledgerloop.settings.routes import Route, RouteOfDeals
from ledgerloop.settings.types import (
    OF_PERSONS,
    SCOPES,
    Address,
    DatabaseAddress,
    LoginReference,
    Networks,
    PropertyName,
    PropertyNames,
    Scopes,
    SecretReference,
    SecretStore,
    Section,
    StatusCode,
    TaxTypes,
)

OwnerSetting = Literal["xero", "hubspot", "first", "newest"]

ENVIRONMENT = "LEDGERLOOP_"
"""An environment variable LEDGERLOOP_SECTION__KEY stands above the file."""


class Service(Section):
    """The service itself: where it listens, and where it keeps what it remembers."""

    host: str = Field(default="127.0.0.1", description="The address to listen on. Put a TLS proxy in front of it.")
    port: int = Field(default=8080, ge=1, le=65535, description="The port to listen on.")
    public_url: Address = Field(
        default="",
        description="The HTTPS address under which Xero, HubSpot and people reach the service, such as"
        " https://ledgerloop.example.com. Empty means this machine only, http://HOST:PORT.",
    )
    trusted_proxies: Networks = Field(
        default=("127.0.0.1", "::1"),
        description="The proxies in front of the service, by address or network such as 10.0.0.0/8: whoever they say"
        " they pass on (X-Forwarded-For) is believed to be the caller. Empty where there is none.",
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
    degraded_status: StatusCode = Field(
        default=200,
        description="The HTTP status code of /health while the service is degraded: 200, or one that your monitor takes"
        " for a warning, such as 429 for Consul, or 503 for an alarm.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object a line, or text for a terminal."
    )

    @property
    def address(self) -> str:
        """The address under which the service is reached."""
        return self.public_url or f"http://{self.host}:{self.port}"


class Secrets(Section):
    """Where Ledgerloop keeps the secrets that are its own to keep: docs/secrets.md says which place to choose."""

    store: SecretStore = Field(
        default="local",
        description='Where `secret:NAME` and the tokens that Xero gives are kept: "local", sealed in the database, or'
        ' "vault:PATH", below that path in Vault or OpenBao, or "aws-sm:PREFIX", in AWS Secrets Manager under names'
        " that begin so. `ledgerloop secret move` moves them.",
    )


class Vault(Section):
    """HashiCorp Vault or OpenBao, for references that begin with vault: and for secrets.store."""

    address: Address = Field(default="", description="Where it is, such as https://vault.example.com:8200.")
    namespace: str = Field(default="", description="The namespace, where there are any.")
    mount: str = Field(
        default="",
        description="The mount of the KV engine, version 2, where its name has a slash. Empty means the first part of"
        " each path.",
    )
    token: LoginReference = Field(
        default="env:VAULT_TOKEN", description="Where the token is that lets us in, where no AppRole does."
    )
    role_id: str = Field(default="", description="The role id of an AppRole. Empty means that `token` lets us in.")
    secret_id: LoginReference = Field(default="env:VAULT_SECRET_ID", description="Where the AppRole's secret id is.")
    auth_mount: str = Field(default="approle", description="Where the AppRole's login is mounted.")


class Xero(Section):
    """The Xero app, made at developer.xero.com as a Web App."""

    client_id: str = Field(default="", description="The app's Client id.")
    connection: Literal["consent", "custom"] = Field(
        default="consent",
        description='How Xero lets us in: by a person\'s "consent" to a Web App, or through a "custom" connection,'
        " which is made for one organisation and needs none.",
    )
    client_secret: SecretReference = Field(
        default="secret:xero_client_secret", description="Names the app's client secret."
    )
    webhook_key: SecretReference = Field(
        default="secret:xero_webhook_key", description="Names the webhooks signing key."
    )
    scopes: Scopes = Field(
        default="granular",
        description='"granular" for apps made since 2 March 2026, "legacy" for older ones, or a list of scopes of your'
        " own, separated by spaces. offline_access and accounting.settings.read must be among them.",
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
        asked = dict.fromkeys((*chosen, *self.extra_scopes.split()))
        return tuple(one for one in asked if self.connection == "consent" or one not in OF_PERSONS)


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


class Standing(Section):
    """How often to look without being told, and what else to show."""

    catch_up_minutes: int = Field(
        default=15, ge=1, description="Minutes between two pulls from Xero that no webhook asked for."
    )
    poll_seconds: int = Field(
        default=60, ge=5, description="Seconds between two looks for won deals and edits in HubSpot."
    )
    verify_percent: int = Field(
        default=2,
        ge=0,
        le=50,
        description="How much of Xero's calls of a day is spent on comparing our copy of the ledger with Xero's own"
        " balances, 40 customers a call. 0 switches it off.",
    )
    show: Literal["customers", "all"] = Field(
        default="customers",
        description='Whose records are made in HubSpot: "customers", who owe or owed something, or "all" contacts of'
        " Xero, suppliers and payees of the bank among them. Who is linked to a record is shown either way.",
    )
    private: Literal["contact", "company"] = Field(
        default="contact",
        description="What a private customer gets in HubSpot, one that is called as its first and last name say: a"
        ' "contact" only, or a "company" of that name as well.',
    )
    notes: bool = Field(
        default=False,
        description="Whether a note is written on contact, company and deal when an invoice is approved, part paid,"
        " paid, overdue or voided. Begins with what happens after it was switched on.",
    )


class Fields(Section):
    """Whose value of a field stands: one side's, "first" (who had one first on a record) or "newest" (the latest)."""

    name: OwnerSetting = Field(default="first", description="The name of the company, and of the person.")
    email: OwnerSetting = Field(default="first", description="The email address.")
    phone: OwnerSetting = Field(default="first", description="The telephone number.")
    address: OwnerSetting = Field(default="first", description="The address, as a whole.")
    to_xero: bool = Field(
        default=False,
        description="Whether what people change in HubSpot is written to Xero, where HubSpot's value stands.",
    )

    tax_number_property: PropertyName = Field(
        default="",
        description="The HubSpot company property that carries the tax number, compared with Xero's TaxNumber. Empty"
        " for none.",
    )
    company_number_property: PropertyName = Field(
        default="",
        description="The HubSpot company property that carries the number in the register of companies, compared with"
        " Xero's CompanyNumber. Empty for none.",
    )
    number: bool = Field(
        default=False,
        description="Whether a customer that was found in HubSpot gets its record's id as ContactNumber in Xero, such"
        " as “HubSpot company 512”, where it has none, so that links can be rebuilt from either side. People see it in"
        " Xero as Contact Code, and other apps may use that; so it is off, whatever `fields.to_xero` says.",
    )

    @property
    def owners(self) -> dict[str, OwnerSetting]:
        """The owner of each field."""
        return {"name": self.name, "email": self.email, "phone": self.phone, "address": self.address}


class Adopt(Section):
    """By what `ledgerloop adopt` finds the invoices that other tools or people made for won deals."""

    invoice_id_property: PropertyName = Field(
        default="",
        description="The HubSpot deal property in which another tool wrote the invoice's id in Xero, alone or in an"
        " address. Empty for none.",
    )
    invoice_number_property: PropertyName = Field(
        default="",
        description="The HubSpot deal property in which another tool or a person wrote the invoice's number. Empty for"
        " none.",
    )
    days: int = Field(
        default=31,
        ge=0,
        le=366,
        description="How many days may lie between winning a deal and the date of its invoice, where only customer and"
        " amount tell that the two belong together.",
    )


class Brake(Section):
    """How much an hour may write without a plan before a person is asked."""

    create: int = Field(
        default=200, ge=0, description="Contacts, companies and deals made in HubSpot, for each organisation."
    )
    update: int = Field(
        default=10_000, ge=0, description="Contacts, companies and deals changed in HubSpot, for each organisation."
    )
    invoices: int = Field(default=1_000, ge=0, description="Invoices made in Xero for a portal's deals.")
    amount: int = Field(
        default=0, ge=0, description="What those invoices come to, in any one currency. 0 means no limit."
    )


class Settings(BaseSettings):
    """All settings. Made by :func:`load`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT,
        env_nested_delimiter="__",
    )

    service: Service = Service()
    secrets: Secrets = Secrets()
    vault: Vault = Vault()
    xero: Xero = Xero()
    hubspot: HubSpot = HubSpot()
    route: Route = Route()
    routes: tuple[RouteOfDeals, ...] = Field(
        default=(),
        description="Deals that are invoiced in their own way, in order: the first whose conditions a deal meets"
        " counts, and a deal that meets none is held. What a route leaves out it takes from [route].",
    )
    tax: TaxTypes = Field(
        default={},
        description="Xero's TaxTypes by HubSpot's tax rates, where the rate alone does not tell: by percentage or by"
        " label. What is not named here is found by its rate.",
    )
    standing: Standing = Standing()
    fields: Fields = Fields()
    brake: Brake = Brake()
    adopt: Adopt = Adopt()
    properties: PropertyNames = Field(
        default={},
        description="Names of HubSpot properties that differ in your portal: the name in Ledgerloop, and yours. What is"
        " not named here keeps its name. A property of HubSpot's own is refused.",
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


def references(settings: Settings) -> dict[str, str]:
    """Return what each setting that needs a secret refers to, by the setting's key, in the order of setting up."""
    return {
        "xero.client_secret": settings.xero.client_secret,
        "xero.webhook_key": settings.xero.webhook_key,
        "hubspot.token": settings.hubspot.token,
        "hubspot.client_secret": settings.hubspot.client_secret,
    }


def logins(settings: Settings) -> dict[str, str]:
    """Return what each setting refers to that lets us into a store elsewhere; none where none is in use."""
    if not settings.vault.address:
        return {}
    if settings.vault.role_id:
        return {"vault.secret_id": settings.vault.secret_id}
    return {"vault.token": settings.vault.token}
