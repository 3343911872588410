"""One request in; data or one of our errors out: over a real socket, with every way an answer can go wrong."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from clocks import Standing
from scripted import Cut, Drop, Reply, Script, playing

from free_ports import free_port
from ledgerloop.clock import Clock
from ledgerloop.engine.durable import DurableJson
from ledgerloop.errors import (
    Conflict,
    ConsentNeeded,
    Invalid,
    LedgerloopError,
    Missing,
    RateLimited,
    Refused,
    ScopeMissing,
    Transient,
    UnknownOutcome,
)
from ledgerloop.http import Api, Call, Retry, open_client, trusted
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.rate_limiter import Governor
from ledgerloop.vendor_errors import Dialect, retry_after
from ledgerloop.xero.dialect import XeroDialect

XERO, HUBSPOT = XeroDialect(), HubSpotDialect()


class Bench:
    """An Api whose sleeps are noted instead of slept, whose jitter is all of the wait, and whose calls are kept."""

    def __init__(
        self,
        client: httpx2.Client,
        url: str,
        dialect: Dialect = XERO,
        token: Callable[[str], str] = lambda refused: "t1",
        **more: Any,
    ) -> None:
        self.clock = Standing()
        self.calls: list[Call] = []
        self.api = Api(
            client,
            url,
            dialect,
            token=token,
            governor=more.pop("governor", Governor(clock=Clock())),
            clock=self.clock,
            lane="org",
            observe=self.calls.append,
            chance=lambda: 1.0,
            **more,
        )


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """Open one pool of connections for all tests."""
    with open_client(timeout=5.0) as opened:
        yield opened


@pytest.fixture
def bench(client: httpx2.Client) -> Callable[..., Bench]:
    """Make Apis on scripted servers."""
    return lambda url, *args, **more: Bench(more.pop("client", client), url, *args, **more)


Make = Callable[..., Bench]


def problem_of(bench: Make, step: Reply, dialect: Dialect = XERO, method: str = "GET", **more: Any) -> LedgerloopError:
    """Return the error that a call answered so ends in, when it is tried once."""
    with playing(step) as server, pytest.raises(LedgerloopError) as caught:
        bench(server.url, dialect, retry=Retry(attempts=1)).api.call(method, "/Invoices", **more)
    return caught.value


class TestData:
    def test_money_arrives_exactly(self, bench: Make) -> None:
        """Numbers with a point are Decimal from the wire on, never a float."""
        with playing(Reply(body='{"Total": 0.1, "Due": 1e2, "Count": 3}')) as server:
            answer = bench(server.url).api.call("GET", "/Invoices")

        assert {"Total": Decimal("0.1"), "Due": Decimal("1E+2"), "Count": 3} == answer.data
        assert [Decimal, Decimal, int] == [type(value) for value in answer.data.values()]

    def test_money_leaves_exactly(self, bench: Make) -> None:
        """A Decimal is written as the JSON number it is, with its trailing zeros, never through a float."""
        amount = Decimal("12345678901234567.1230")
        with playing(Reply(body="{}")) as server:
            bench(server.url).api.call("PUT", "/Invoices", body={"a": amount, "b": "é", "c": [None, True, 7]})

        assert server.requests[0].body == b'{"a":12345678901234567.1230,"b":"\\u00e9","c":[null,true,7]}'

    def test_float_is_refused(self, bench: Make) -> None:
        """A float in a body is a mistake of ours and never leaves."""
        with playing(Reply(body="{}")) as server, pytest.raises(TypeError):
            bench(server.url).api.call("PUT", "/Invoices", body={"Amount": 0.1})

        assert server.requests == []

    def test_ids_are_quoted_into_the_template(self, bench: Make) -> None:
        """An id from outside cannot leave its place in the address, and those who count see only the template."""
        with playing(Reply(body="{}")) as server:
            kit = bench(server.url)
            kit.api.call("GET", "/Invoices/{id}", ids={"id": "../a?b=c d"})

        assert server.requests[0].target == "/Invoices/..%2Fa%3Fb%3Dc%20d"
        assert kit.calls[0].path == "/Invoices/{id}"

    def test_gzip_counts_as_it_travelled(self, bench: Make) -> None:
        """Bytes in are those of the wire, because egress is what is billed."""
        plain = json.dumps({"Invoices": ["x" * 5000]})
        packed = gzip.compress(plain.encode()).decode("latin-1")

        class Raw(str):
            def encode(self, *args: Any) -> bytes:  # type: ignore[override]
                return packed.encode("latin-1")

        with playing(Reply(body=Raw(packed), headers={"Content-Encoding": "gzip"})) as server:
            kit = bench(server.url)
            answer = kit.api.call("GET", "/Invoices")

        assert answer.data == json.loads(plain)
        assert len(packed) == kit.calls[0].bytes_in

    def test_call_is_observed(self, bench: Make) -> None:
        """Every attempt is told once, with vendor, lane, template, status and number."""
        with playing(Reply(500), Reply(body="{}")) as server:
            kit = bench(server.url)
            kit.api.call("GET", "/Invoices")

        assert [(one.vendor, one.lane, one.method, one.path, one.status, one.attempt) for one in kit.calls] == [
            ("xero", "org", "GET", "/Invoices", 500, 1),
            ("xero", "org", "GET", "/Invoices", 200, 2),
        ]


class TestLostAnswers:
    @pytest.mark.parametrize(
        "step",
        [
            Drop(),
            Drop(after_reading=False),
            Cut(),
            Reply(500),
            Reply(503, "The Organisation is offline"),
            Reply(200, "<html>"),
            Reply(200),
        ],
        ids=str,
    )
    def test_read_is_tried_again(self, bench: Make, step: Any) -> None:
        """A read whose answer was lost, cut, or is no JSON is tried again until it succeeds."""
        with playing(step, Reply(body='{"ok":true}')) as server:
            kit = bench(server.url)

            assert kit.api.call("GET", "/Invoices").data == {"ok": True}
        assert kit.clock.slept == [1.0]

    @pytest.mark.parametrize(
        "step",
        [Drop(), Drop(after_reading=False), Cut(), Reply(500), Reply(503, "offline"), Reply(200, "<html>"), Reply(200)],
        ids=str,
    )
    def test_create_is_never_sent_twice(self, bench: Make, step: Any) -> None:
        """A create whose answer was lost may have happened: UnknownOutcome, and the vendor saw at most one request."""
        with playing(step, Reply(body="{}")) as server:
            kit = bench(server.url)
            with pytest.raises(UnknownOutcome):
                kit.api.call("PUT", "/Invoices", body={})

        assert len(server.requests) <= 1
        assert kit.clock.slept == []

    def test_repeatable_write_is_tried_again(self, bench: Make) -> None:
        """A write that done twice is done once is treated as a read."""
        with playing(Drop(), Reply(body="{}")) as server:
            bench(server.url, HUBSPOT).api.call("PATCH", "/x", body={}, repeatable=True)

        assert len(server.requests) == 2

    def test_refused_connection_sent_nothing(self, bench: Make) -> None:
        """Where no connection could be opened, nothing was sent, so even a create may be tried again."""
        nowhere = f"http://127.0.0.1:{free_port()}"
        kit = bench(nowhere)
        with pytest.raises(Transient, match=f"no connection to {nowhere} \\(ConnectError\\)"):
            kit.api.call("PUT", "/Invoices", body={})

        assert kit.clock.slept == [1.0, 2.0, 4.0]
        assert [one.status for one in kit.calls] == [0, 0, 0, 0]

    def test_slow_answer_is_lost(self, bench: Make) -> None:
        """A timeout is a lost answer: Transient for a read, UnknownOutcome for a create."""
        with playing(Reply(body="{}", delay=3600)) as server, open_client(timeout=0.1) as hasty:
            kit = bench(server.url, client=hasty, retry=Retry(attempts=1))
            with pytest.raises(Transient):
                kit.api.call("GET", "/Invoices")
            with pytest.raises(UnknownOutcome):
                kit.api.call("PUT", "/Invoices", body={})

    def test_backoff_doubles_up_to_the_ceiling(self) -> None:
        """Computed waits are anything up to 1, 2, 4 and so on up to 60 seconds."""
        assert [Retry().wait(attempt, 1.0) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
        assert Retry().wait(20, 0.25) == 15.0

    def test_empty_answer_is_right_where_one_is_expected(self, bench: Make) -> None:
        """A call whose answer has no body says so, and 204 is its success."""
        with playing(Reply(204)) as server:
            assert None is bench(server.url).api.call("POST", "/Invoices/1/Email", body={}, empty=True).data


class TestToken:
    @pytest.mark.parametrize(
        "body", [{"message": "Bearer pat-na1-0123456789 is odd"}, "<p>Who is pat-na1-0123456789?</p>"]
    )
    @pytest.mark.parametrize("status", [400, 403, 404, 409, 502])
    def test_a_token_that_is_repeated_is_taken_out(self, bench: Make, status: int, body: Any) -> None:
        """What a vendor, or a network in between, says of a refusal is kept and shown, without the token in it."""
        with playing(Reply(status, body)) as server:
            one = bench(server.url, HUBSPOT, token=lambda refused: "pat-na1-0123456789", retry=Retry(attempts=1))
            with pytest.raises(LedgerloopError) as caught:
                one.api.call("POST", "/crm/objects/2026-09/deals", body={})

        assert "pat-na1-0123456789" not in repr([caught.value, caught.value.args, vars(caught.value)])
        assert "pat-na1-0123456789" in server.requests[0].headers["authorization"]

    def test_a_token_in_a_row_of_an_answer_is_taken_out(self, bench: Make) -> None:
        """A batch that went through in part says of each row what is wrong with it."""
        with playing(Reply(207, {"errors": [{"message": "pat-na1-0123456789 may not"}]})) as server:
            told = bench(server.url, token=lambda refused: "pat-na1-0123456789").api.call("GET", "/x")

        assert {"errors": [{"message": "[token] may not"}]} == told.data

    def test_401_renews_once_and_repeats(self, bench: Make) -> None:
        """A refused token is handed back for another, and the call is repeated with that, even a create."""
        asked: list[str] = []

        def token(refused: str) -> str:
            asked.append(refused)
            return "new" if refused else "old"

        with playing(Reply(401, {"Detail": "TokenExpired"}), Reply(body="{}")) as server:
            kit = bench(server.url, token=token)
            kit.api.call("PUT", "/Invoices", body={})

        assert asked == ["", "old"]
        assert [one.headers["authorization"] for one in server.requests] == ["Bearer old", "Bearer new"]
        assert kit.clock.slept == []

    def test_second_401_is_tried_later(self, bench: Make) -> None:
        """A token that was renewed just now is refused too: the vendor has trouble. Only a refused renewal ends it."""
        given = {"": "old", "old": "new"}
        with playing(Reply(401, {"Detail": "TokenExpired"})) as server, pytest.raises(Transient, match="401"):
            bench(server.url, token=given.__getitem__).api.call("GET", "/x")

        assert 2 == len(server.requests)

    def test_static_token_is_not_tried_twice(self, bench: Make) -> None:
        """A token that cannot be renewed is not sent again after a 401."""
        with playing(Reply(401, {"category": "INVALID_AUTHENTICATION"})) as server, pytest.raises(ConsentNeeded):
            bench(server.url, HUBSPOT).api.call("GET", "/x")

        assert len(server.requests) == 1

    @pytest.mark.parametrize(("kept", "sent"), [("t1", ["t1"]), ("t2", ["t1", "t2"])])
    def test_an_organisation_that_is_gone_is_asked_for_by_newer_tokens(
        self, bench: Make, kept: str, sent: list[str]
    ) -> None:
        """Where somebody has connected anew by another process, its tokens tell; none is renewed for this."""
        gone = Reply(403, body='{"Detail": "AuthenticationUnsuccessful"}')
        with playing(gone, Reply(body="{}")) as server:
            api = bench(
                server.url, token=lambda refused: kept if refused else "t1", replaced=lambda used: used != kept
            ).api
            with nullcontext() if kept == "t2" else pytest.raises(ConsentNeeded, match="no longer connected"):
                api.call("GET", "/Invoices")

        assert [f"Bearer {one}" for one in sent] == [one.headers["authorization"] for one in server.requests]

    def test_401_for_a_scope_is_no_renewal(self, bench: Make) -> None:
        """Xero's misspelt challenge says that a scope is missing, which no renewal gives."""
        step = Reply(401, {"Detail": "AuthorizationUnsuccessful"}, {"WWW-Authenticate": "insufficent_scope"})

        assert isinstance(problem_of(bench, step), ScopeMissing)


class TestQuota:
    def test_short_wait_is_waited_for(self, bench: Make) -> None:
        """A 429 that names a short time is waited for here; the vendor's time wins over the computed one."""
        with playing(Reply(429, headers={"Retry-After": "0.2"}), Reply(body="{}")) as server:
            kit = bench(server.url)
            kit.api.call("PUT", "/Invoices", body={})

        assert kit.clock.slept == [0.2]

    def test_long_wait_parks_the_lane(self, bench: Make) -> None:
        """A day's quota takes hours: RateLimited carries them, however long, and nothing is repeated."""
        step = Reply(429, headers={"Retry-After": "66975", "X-Rate-Limit-Problem": "day"})
        error = problem_of(bench, step)

        assert isinstance(error, RateLimited)
        assert (error.retry_after, error.limit) == (66975.0, "day")

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            ({"Retry-After": "66975"}, 66975.0),
            ({"Retry-After": "31536000"}, 86400.0),
            ({"Retry-After": "1000000000000"}, 86400.0),
            ({"Retry-After": "9" * 400}, 86400.0),
            ({"Retry-After": "Sat, 20 Nov 2027 12:00:00 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 86400.0),
            ({"Retry-After": "Fri, 20 Nov 2026 12:02:00 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 120.0),
            ({"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 0.0),
            ({"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, None),
            ({"Retry-After": "soon"}, None),
            ({}, None),
        ],
    )
    def test_retry_after_has_two_forms(self, said: dict[str, str], seconds: float | None) -> None:
        """Seconds, or a date as networks in between write it; nonsense is nothing."""
        assert retry_after(said) == seconds

    def test_offline_host_that_names_a_time_is_obeyed(self, bench: Make) -> None:
        """A 503 that names a time parks a read for as long; a create is in doubt all the same."""
        step = Reply(503, "offline", {"Retry-After": "120"})

        error = problem_of(bench, step)
        assert isinstance(error, RateLimited)
        assert error.retry_after == 120.0
        assert isinstance(problem_of(bench, step, XERO, "PUT", body={}), UnknownOutcome)

    def test_governor_learns_from_a_429(self, bench: Make) -> None:
        """After a refused call the governor lets no other go before the stated time."""
        governor = Governor(clock=Clock())
        with playing(Reply(429, headers={"Retry-After": "60"})) as server:
            kit = bench(server.url, governor=governor)
            for _ in range(2):
                with pytest.raises(RateLimited):
                    kit.api.call("GET", "/Invoices")

        assert len(server.requests) == 1

    def test_locked_record_is_tried_again_after_two_seconds(self, bench: Make) -> None:
        """HubSpot's 423 was not carried out, so even a create is sent again, at the earliest after 2 seconds."""
        with playing(Reply(423, {"message": "locked"}), Reply(201, {"id": "1"})) as server:
            kit = bench(server.url, HUBSPOT)
            kit.api.call("POST", "/x", body={})

        assert kit.clock.slept == [2.0]

    def test_moving_account_is_parked(self, bench: Make) -> None:
        """HubSpot's 477 names up to 24 hours."""
        error = problem_of(bench, Reply(477, headers={"Retry-After": "7200"}), HUBSPOT, "POST", body={})

        assert isinstance(error, RateLimited)
        assert error.retry_after == 7200.0


CASES: list[tuple[Dialect, Reply, type[LedgerloopError]]] = [
    (XERO, Reply(400, {"Type": "ValidationException", "Message": "A validation exception occurred"}), Invalid),
    (XERO, Reply(403, {"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful"}), ConsentNeeded),
    (XERO, Reply(403, {"title": "Forbidden", "detail": "AuthenticationUnsuccessful"}), ConsentNeeded),
    (XERO, Reply(403, "", {"WWW-Authenticate": "insufficent_scope"}), ScopeMissing),
    (XERO, Reply(403, "<html>blocked</html>"), Refused),
    (XERO, Reply(404, "The resource you're looking for cannot be found"), Missing),
    (XERO, Reply(302, "", {"Location": "http://elsewhere.example"}), Refused),
    (HUBSPOT, Reply(400, {"message": "bad", "category": "VALIDATION_ERROR"}), Invalid),
    (HUBSPOT, Reply(403, {"category": "MISSING_SCOPES"}), ScopeMissing),
    (HUBSPOT, Reply(403, {"message": "no"}), Refused),
    (HUBSPOT, Reply(404, "<html></html>"), Missing),
    (HUBSPOT, Reply(409, {"message": "Contact already exists. Existing ID: 6001"}), Conflict),
    (HUBSPOT, Reply(414, ""), Invalid),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("dialect", "step", "kind"), CASES, ids=lambda value: str(getattr(value, "status", value))[:20]
    )
    def test_status_becomes_error(
        self, bench: Make, dialect: Dialect, step: Reply, kind: type[LedgerloopError]
    ) -> None:
        """Each refusal becomes the error that says what happens next, and the engine can keep it."""
        error = problem_of(bench, step, dialect)

        assert kind is type(error)
        assert str(DurableJson().deserialize(DurableJson().serialize(error))) == str(error)

    def test_xero_sentences_are_collected(self, bench: Make) -> None:
        """The sentences of all elements of a ValidationException become problems, each once."""
        said = {"ValidationErrors": [{"Message": "Invoice # must be unique."}]}
        error = problem_of(bench, Reply(400, {"Message": "A validation exception occurred", "Elements": [said, said]}))

        assert isinstance(error, Invalid)
        assert error.problems == (("", "", "Invoice # must be unique."),)

    def test_hubspot_codes_are_read_out_of_the_message(self, bench: Make) -> None:
        """The JSON inside a message gives field and code, since the sentence may be translated."""
        inner = '[{"isValid":false,"message":"Email address jane@ is invalid","error":"INVALID_EMAIL","name":"email"}]'
        body = {"message": f"Property values were not valid: {inner}", "category": "VALIDATION_ERROR"}
        error = problem_of(bench, Reply(400, body), HUBSPOT, "POST", body={})

        assert isinstance(error, Invalid)
        assert error.problems == (("email", "INVALID_EMAIL", "Email address [email] is invalid"),)
        assert "jane" not in repr(error)

    def test_hubspot_newer_errors_are_read(self, bench: Make) -> None:
        """The newer form names properties in the context of each error."""
        one = {"message": "not an integer", "code": "INVALID_INTEGER", "context": {"propertyName": ["discount"]}}
        error = problem_of(bench, Reply(400, {"message": "no", "errors": [one]}), HUBSPOT)

        assert isinstance(error, Invalid)
        assert error.problems == (("discount", "INVALID_INTEGER", "not an integer"),)

    def test_missing_scopes_are_named(self, bench: Make) -> None:
        """The scopes of which any one would do are in the error, in both of HubSpot's forms."""
        listed = {"errors": [{"context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}]}
        worded = {"message": "You do not have permissions (requires one of [crm.schemas.deals.write, deals])"}

        for body, scopes in ((listed, ("crm.objects.deals.read",)), (worded, ("crm.schemas.deals.write", "deals"))):
            error = problem_of(bench, Reply(403, body), HUBSPOT)
            assert isinstance(error, ScopeMissing)
            assert scopes == error.scopes

    def test_conflict_carries_the_existing_id(self, bench: Make) -> None:
        """The id in a 409 is what is updated instead."""
        error = problem_of(bench, Reply(409, {"message": "Contact already exists. Existing ID: 6001"}), HUBSPOT)

        assert isinstance(error, Conflict)
        assert error.existing_id == "6001"

    def test_no_token_or_email_is_in_an_error(self, bench: Make) -> None:
        """Errors are stored and shown, so neither the token nor an address is in them."""
        body = {"message": "Contact kat@example.com exists. Existing ID: 6001", "correlationId": "c-1"}
        with playing(Reply(409, body)) as server, pytest.raises(Conflict) as caught:
            bench(server.url, HUBSPOT, token=lambda refused: "secret-token").api.call("POST", "/x", body={})

        assert caught.value.request_id == "c-1"
        assert not any(word in repr(caught.value.args) for word in ("secret-token", "kat@"))


def test_backfill_calls_stand_behind(bench: Make) -> None:
    """The backfill view of an Api shares everything but its priority."""
    with playing(Reply(body="{}")) as server:
        kit = bench(server.url)
        kit.api.as_backfill().call("GET", "/Invoices")

    assert [one.lane for one in kit.calls] == ["org"]
    assert isinstance(server, Script)


def test_certificates_are_checked() -> None:
    """All clients share one list of authorities, and believe no certificate without one of them."""
    assert trusted() is trusted()
    assert ssl.CERT_REQUIRED is trusted().verify_mode
    assert trusted().check_hostname
    assert trusted().get_ca_certs() or trusted().cert_store_stats()["x509_ca"]
