"""Settings: what is written counts, and what is wrong becomes one sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from ledgerloop.errors import SettingsError
from ledgerloop.rules.routing import Conditions, Terms
from ledgerloop.settings import Section, Settings, check_complete, load, sandbox
from ledgerloop.settings.routes import routes_from
from ledgerloop.settings.text import markdown_text, toml_text

ROOT = Path(__file__).parents[2]
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes the settings' file."""

    def write_file(text: str) -> Path:
        path = tmp_path / "ledgerloop.toml"
        path.write_text(text, "utf-8")
        return path

    return write_file


def _every_setting() -> list[str]:
    return [
        f"{name}.{key}"
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, Section)
        for key in type(field.default).model_fields
    ]


class TestLoad:
    def test_the_file_counts(self, write: Write) -> None:
        """What the file says is what the settings are; the rest are defaults."""
        settings = load(write('[service]\nport = 9000\n[route]\nstatus = "AUTHORISED"\n'))

        assert (settings.service.port, settings.route.status) == (9000, "AUTHORISED")
        assert (settings.service.host, settings.standing.catch_up_minutes) == ("127.0.0.1", 15)

    def test_the_environment_counts_more(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable stands above the file, for its own setting only."""
        monkeypatch.setenv("LEDGERLOOP_SERVICE__PORT", "9001")
        monkeypatch.setenv("LEDGERLOOP_PROPERTIES__XERO_CONTACT_ID", "their_id")

        settings = load(write('[service]\nport = 9000\nhost = "::1"\n[properties]\nxero_currency = "c"\n'))

        assert (settings.service.port, settings.service.host) == (9001, "::1")
        assert settings.properties == {"xero_contact_id": "their_id", "xero_currency": "c"}

    def test_places_are_beside_the_file(self, write: Write, tmp_path: Path) -> None:
        """The database and the key lie beside the settings, wherever the service is started."""
        service = load(write("")).service

        assert service.database == f"sqlite:///{tmp_path}/ledgerloop.sqlite3"
        assert service.key_file == f"{tmp_path}/ledgerloop.key"

    def test_other_places_stay(self, write: Write) -> None:
        """An absolute file and a PostgreSQL address are taken as they are written."""
        for address in ("sqlite:////var/lib/l.sqlite3", "postgresql+psycopg://me@db/ledger"):
            assert load(write(f'[service]\ndatabase = "{address}"')).service.database == address

    @pytest.mark.parametrize(
        ("written", "address"),
        [
            ("", "http://127.0.0.1:8080"),
            ("port = 9000", "http://127.0.0.1:9000"),
            ('public_url = "https://l.example.com/"', "https://l.example.com"),
        ],
    )
    def test_the_address(self, write: Write, written: str, address: str) -> None:
        """The service is reached under its public address, or on this machine while it has none."""
        assert load(write(f"[service]\n{written}")).service.address == address


class TestScopes:
    def test_granular_by_default(self, write: Write) -> None:
        """New apps are granted the granular scopes, offline_access among them."""
        assert load(write("")).xero.scope_list == (
            "openid",
            "profile",
            "email",
            "offline_access",
            "accounting.contacts",
            "accounting.invoices",
            "accounting.payments.read",
            "accounting.settings.read",
        )

    def test_legacy_and_more(self, write: Write) -> None:
        """Older apps ask for the six and the settings; scopes can be added, each asked for once."""
        settings = load(write('[xero]\nscopes = "legacy"\nextra_scopes = "openid offline_access"'))

        assert settings.xero.scope_list == (
            "accounting.contacts",
            "accounting.contacts.read",
            "accounting.transactions",
            "accounting.transactions.read",
            "accounting.reports.read",
            "accounting.settings.read",
            "offline_access",
            "openid",
        )

    def test_a_list_of_one_s_own(self, write: Write) -> None:
        """Other scopes are asked for as they are written."""
        settings = load(write('[xero]\nscopes = "offline_access accounting.contacts accounting.settings.read"'))

        assert settings.xero.scope_list == ("offline_access", "accounting.contacts", "accounting.settings.read")


class TestWrong:
    @pytest.mark.parametrize(
        ("text", "key", "cure"),
        [
            ("[service]\nprot = 1", "service.prot", "Did you mean `port`?"),
            (
                '[xero]\nscopes = "offline_access accounting.contacts"',
                "xero.scopes",
                "`accounting.settings.read` is missing",
            ),
            ("[sevice]\nport = 1", "sevice", "Did you mean `service`?"),
            ("file = 'x'", "file", "there is no such setting"),
            ("_env_file = 'x'", "env_file", "there is no such setting"),
            ("service = 3", "service", "[service]"),
            ("[service]\nport = 'high'", "service.port", "write a whole number, such as port = 8080"),
            ("[service]\nport = 0", "service.port", "at least 1"),
            ("[service]\nport = 70000", "service.port", "at most 65535"),
            ("[service]\ndatabase = 'mysql://x'", "service.database", "sqlite:///ledgerloop.sqlite3"),
            ("[service]\npublic_url = 'here'", "service.public_url", "https://ledgerloop.example.com"),
            ("[route]\nstatus = 'draft'", "route.status", "write 'DRAFT', 'SUBMITTED' or 'AUTHORISED'"),
            ("[route]\naccount_code = 200", "route.account_code", 'such as account_code = "200"'),
            ("[route]\naccount_code = ''", "route.account_code", "not empty"),
            ("[xero]\nscopes = 'accounting.contacts'", "xero.scopes", "`offline_access` is missing"),
            ("[xero]\nclient_id = 5", "xero.client_id", "text in quotes"),
            ("[properties]\ncontact = 'x'", "properties", "`contact` is no property"),
            ("[properties]\nxero_contact_idd = 'x'", "properties", "did you mean `xero_contact_id`?"),
            ("[properties]\nxero_overdue_balance = 'annualrevenue'", "properties", "HubSpot's own"),
            ("[properties]\nxero_currency = 'x'\nxero_contact_url = 'x'", "properties", "would both be `x`"),
            ("[properties]\nxero_contact_id = 'Xero Id'", "properties", "lower_case_with_underscores"),
            ("[route]\nreference = '{dealname}'", "route.reference", "{marker} is missing"),
            ("[route]\nreference = '{marker} {Deal}'", "route.reference", "no other braces"),
            ("[route]\nreference = '{marker}_{dealname}'", "route.reference", "must stand alone"),
            ("[route]\nreference = 'Ref{marker}'", "route.reference", "must stand alone"),
            ("[route]\nreference = '{marker}0'", "route.reference", "must stand alone"),
            ("[route]\nreference = '{marker} {marker}0'", "route.reference", "must stand alone"),
            ("[route]\nreference = 'HS-1 {marker}'", "route.reference", "would look like a deal's mark"),
            ("[route]\nreference = 'HS-{po_number} {marker}'", "route.reference", "would look like a deal's mark"),
            ("[[routes]]\nreference = '({marker})'", "routes.1.reference", "must stand alone"),
            ("[route]\nnumber = 'INV-1'", "route.number", "the same number"),
            ("[route]\nemail = 'maybe'", "route.email", "write true or false, such as email = false"),
            ("[route]\ntracking = 'North'", "route.tracking", "write a table, such as tracking = {"),
            ("[route]\ntracking = { A = '1', B = '2', C = '3' }", "route.tracking", "at most two"),
            ("[route]\ndue_date_property = 'Due Date'", "route.due_date_property", "lower_case_with_underscores"),
            ("[route]\npipeline = 'x'", "route.pipeline", "there is no such setting"),
            ("[[routes]]\n[[routes]]\npipelin = 'x'", "routes.2.pipelin", "Did you mean `pipeline`?"),
            ("[[routes]]\nedits = 'ignore'", "routes.1.edits", "write 'update' or 'hold'"),
            ("routes = 3", "routes", "beginning with [[routes]]"),
            ("[tax]\n'15' = 'gst on income'", "tax", '"12.5" = "OUTPUT"'),
            ("[service", "(the whole file)", "it is not TOML"),
        ],
    )
    def test_says_key_file_and_cure(self, write: Write, text: str, key: str, cure: str) -> None:
        """A wrong setting is one sentence with its key, its file, and what to write there."""
        path = write(text)
        with pytest.raises(SettingsError) as caught:
            load(path)

        assert (caught.value.key, caught.value.file) == (key, str(path))
        assert cure in caught.value.cure
        assert "\n" not in caught.value.sentence

    @pytest.mark.parametrize(
        ("name", "text", "key"),
        [
            ("LEDGERLOOP_SERVICE__PORT", "high", "service.port"),
            ("LEDGERLOOP_SERVICE__PROT", "1", "service.prot"),
            ("LEDGERLOOP_SERVCE__PORT", "1", "servce"),
            ("LEDGERLOOP_SERVICE", "1", "service"),
            ("LEDGERLOOP_SERVICE_PORT", "1", "service_port"),
        ],
    )
    def test_names_the_variable(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, name: str, text: str, key: str
    ) -> None:
        """A wrong or misspelt variable is named as the place to put it right."""
        monkeypatch.setenv(name, text)
        with pytest.raises(SettingsError) as caught:
            load(write(""))

        assert (caught.value.key, caught.value.file) == (key, f"the environment variable {name}")

    def test_missing_file(self, tmp_path: Path) -> None:
        """Without a file the sentence says how to get one."""
        with pytest.raises(SettingsError) as caught:
            load(tmp_path / "ledgerloop.toml")

        assert "ledgerloop init" in caught.value.cure

    @pytest.mark.parametrize(
        "key", ["xero.client_secret", "xero.webhook_key", "hubspot.token", "hubspot.client_secret"]
    )
    def test_a_secret_is_refused_and_not_repeated(self, write: Write, key: str) -> None:
        """A secret that stands in the settings is refused with what to do, and the sentence does not repeat it."""
        section, name = key.split(".")
        with pytest.raises(SettingsError) as caught:
            load(write(f'[{section}]\n{name} = "pat-na1-hunter2"'))

        assert caught.value.key == key
        assert '"secret:NAME"' in caught.value.cure
        assert "hunter2" not in repr(caught.value.args)


class TestRoutes:
    def test_one_route_for_every_deal(self, write: Write) -> None:
        """Without [[routes]] there is one route, which every deal meets."""
        settings = load(write('[route]\nstatus = "AUTHORISED"\n[tax]\n"12.5" = "OUTPUT"\n'))

        routes = routes_from(settings.route, settings.routes, settings.tax)

        assert [(one.name, one.conditions) for one in routes] == [("[route]", Conditions())]
        assert (routes[0].terms.status, routes[0].terms.tax) == ("AUTHORISED", (("12.5", "OUTPUT"),))

    def test_routes_take_from_route_what_they_leave_out(self, write: Write) -> None:
        """What a route writes counts for it; the rest is [route]'s, and tax rates are added up."""
        settings = load(
            write(
                '[route]\norganisation = "Home"\ndue_days = 14\ntax = { "0" = "NONE" }\n[tax]\n"0" = "ZERORATED"\n'
                '[[routes]]\ncurrency = "AUD"\norganisation = "Away"\ntax = { "10" = "OUTPUT" }\n'
                '[[routes]]\npipeline = "p"\nproperties = { region = "north" }\ndue_days = 0\n'
            )
        )

        first, second = routes_from(settings.route, settings.routes, settings.tax)

        assert (first.organisation, first.name, first.terms.due_days) == ("Away", "[[routes]] 1", 14)
        assert (first.conditions, first.terms.tax) == (
            Conditions(currency="AUD"),
            (("0", "NONE"), ("10", "OUTPUT")),
        )
        assert (second.organisation, second.name, second.terms.due_days) == ("Home", "[[routes]] 2", 0)
        assert second.conditions == Conditions(pipeline="p", properties=(("region", "north"),))

    def test_every_term_reaches_the_rules(self, write: Write) -> None:
        """A term that is written in the settings is the one that the rules get, for every term there is."""
        settings = load(write(_DIFFERENT))

        terms = routes_from(settings.route, settings.routes, settings.tax)[0].terms

        same = [field.name for field in fields(Terms) if getattr(terms, field.name) == getattr(Terms(), field.name)]
        assert same == []


class TestComplete:
    def test_needs_the_client_id(self, write: Write) -> None:
        """What only the user can know is asked for before the real vendors are called."""
        path = write("")
        with pytest.raises(SettingsError) as caught:
            check_complete(load(path))

        assert (caught.value.key, caught.value.file) == ("xero.client_id", str(path))

    def test_with_it(self, write: Write) -> None:
        """The client id is all that has no default."""
        check_complete(load(write('[xero]\nclient_id = "abc"')))


class TestSandbox:
    def test_nothing_real_is_left(self, write: Write, tmp_path: Path) -> None:
        """On the sandbox no address, secret or file is the one of the real vendors, and the rest is as it was."""
        real = load(write('[xero]\nclient_id = "real"\n[service]\nport = 9000'))
        trial = sandbox(real, "http://127.0.0.1:9101", "http://127.0.0.1:9102", "trial")

        check_complete(trial)
        assert "xero.com" not in trial.model_dump_json()
        assert "hubapi.com" not in trial.model_dump_json()
        assert trial.xero.client_id == "trial"
        assert trial.service.database == f"sqlite:///{tmp_path}/ledgerloop-sandbox.sqlite3"
        assert not _secrets(real) & _secrets(trial)
        assert (trial.service.port, trial.file) == (9000, real.file)


class TestText:
    def test_a_new_file_holds_the_defaults(self, write: Write) -> None:
        """The rendered file loads, and changes nothing."""
        assert load(write(toml_text())).model_dump() == load(write("")).model_dump()

    def test_the_comments_are_the_defaults(self, write: Write) -> None:
        """Every commented line is a setting with its default, so taking away its mark changes nothing."""
        uncommented = re.sub(r"(?m)^# ([a-z_]+ = )(?!\"xero_id\")", r"\1", toml_text())

        assert load(write(uncommented)).model_dump() == load(write("")).model_dump()
        found = {f"{name}.{key}" for name, section in tomllib.loads(uncommented).items() for key in section}
        assert found == set(_every_setting())

    def test_what_is_written_stands(self, write: Write) -> None:
        """What `init` was told stands in the file, without a comment mark."""
        settings = load(write(toml_text({"xero.client_id": 'a"b', "service.port": 9000})))

        assert (settings.xero.client_id, settings.service.port) == ('a"b', 9000)

    def test_the_page_is_current(self) -> None:
        """docs/settings.md is what the settings say; `python -m ledgerloop.settings.text` makes it."""
        assert (ROOT / "docs/settings.md").read_text("utf-8") == markdown_text()

    def test_every_setting_has_a_heading(self) -> None:
        """Each setting has a heading of its own on the page, and a description."""
        headings = re.findall(r"(?m)^### (\S+)\n\n(\S)", markdown_text())

        assert [heading for heading, _ in headings] == _every_setting()


_DIFFERENT = """
[route]
status = "AUTHORISED"
approval = true
account_code = "260"
account_property = "kind"
accounts = { seats = "261" }
tax_type = "OUTPUT2"
tax = { "0" = "NONE" }
line_amount_types = "NoTax"
due_days = 3
due_date_property = "due"
due_terms = "xero"
branding_theme = "Special"
reference = "{marker} {dealname}"
number = "HS{deal}"
tracking = { Region = "North" }
tracking_properties = { Region = "region" }
email = true
online_invoice = true
no_lines = "amount"
recurring = "first"
rounding = "line"
rounding_account = "860"
edits = "hold"
paid_stage = "9"
"""


def _secrets(settings: Settings) -> set[str]:
    return set(re.findall(r"secret:\w+", settings.model_dump_json()))
