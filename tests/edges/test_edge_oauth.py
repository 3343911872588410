"""Tokens: asked for with PKCE and secret, renewed once by whoever comes first, stored before use."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from clocks import Standing
from scripted import Drop, Reply, Request, Step, playing

from free_ports import free_port
from ledgerloop.errors import ConsentNeeded, LedgerloopError, RateLimited, Refused, Transient
from ledgerloop.oauth import Provider, Tokens, TokenSet, begin, claims_of, finish, renew, revoke, scopes_of

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GRANTED = {
    "access_token": "a2",
    "refresh_token": "r2",
    "expires_in": 1800,
    "token_type": "Bearer",
    "scope": "offline_access accounting.contacts",
}
OLD = TokenSet("a1", "r1", NOW + timedelta(seconds=60), ("offline_access",))


def provider(url: str, timeout: float = 5.0) -> Provider:
    """Describe a provider whose token endpoint is a scripted server."""
    return Provider(
        "xero",
        "https://login.example/authorize",
        f"{url}/connect/token",
        f"{url}/connect/revocation",
        "client id",
        lambda: "secret/+",
        "http://127.0.0.1:8080/connect/xero/callback",
        ("offline_access", "accounting.contacts"),
        timeout,
    )


def form(request: Request) -> dict[str, str]:
    """Read a form-encoded body."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


class FileShelf:
    """Keep texts in files, and lock them between processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.saved: list[str] = []

    def load(self, name: str) -> str | None:
        """Return the text, or None."""
        file = self.folder / name
        return file.read_text() if file.exists() else None

    def save(self, name: str, text: str) -> None:
        """Keep the text."""
        self.saved.append(text)
        (self.folder / name).write_text(text)

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep the text if the other is still there."""
        if self.load(name) != before:
            return False
        self.save(name, after)
        return True

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the name, against threads and processes."""
        with (self.folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@pytest.fixture
def shelf(tmp_path: Path) -> FileShelf:
    """Make a shelf that holds old tokens."""
    made = FileShelf(tmp_path)
    made.save("grant", OLD.to_json())
    return made


class TestConsent:
    def test_url_carries_pkce_and_state(self) -> None:
        """The address asks for a code with the S256 challenge of the verifier, a state, and the scopes."""
        consent = begin(provider("http://127.0.0.1:1"))
        asked = {name: values[0] for name, values in parse_qs(urlsplit(consent.url).query).items()}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(consent.verifier.encode()).digest()).rstrip(b"=").decode()

        assert asked == {
            "response_type": "code",
            "client_id": "client id",
            "redirect_uri": "http://127.0.0.1:8080/connect/xero/callback",
            "scope": "offline_access accounting.contacts",
            "state": consent.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        assert 43 <= len(consent.verifier) <= 128

    def test_every_consent_is_its_own(self) -> None:
        """Neither state nor verifier is ever used again."""
        one, other = begin(provider("http://127.0.0.1:1")), begin(provider("http://127.0.0.1:1"))

        assert one.state != other.state
        assert one.verifier != other.verifier

    def test_code_is_exchanged_with_secret_and_verifier(self) -> None:
        """Both the client secret and the verifier go to the token endpoint: Xero's web apps need the secret."""
        with playing(Reply(body=GRANTED)) as server:
            tokens = finish(provider(server.url), "the-code", "the-verifier", NOW)

        assert tokens == TokenSet("a2", "r2", NOW + timedelta(seconds=1800), ("offline_access", "accounting.contacts"))
        sent = server.requests[0]
        assert form(sent) == {
            "grant_type": "authorization_code",
            "code": "the-code",
            "redirect_uri": "http://127.0.0.1:8080/connect/xero/callback",
            "code_verifier": "the-verifier",
        }
        assert sent.headers["authorization"].startswith("Basic ")

    def test_no_refresh_token_names_offline_access(self) -> None:
        """An answer without refresh token would halt in 30 minutes; it is refused at once, with the reason."""
        without = {name: value for name, value in GRANTED.items() if name != "refresh_token"}
        with playing(Reply(body=without)) as server, pytest.raises(ConsentNeeded, match="offline_access"):
            finish(provider(server.url), "c", "v", NOW)

    def test_revoking_sends_the_refresh_token(self) -> None:
        """Ending a grant at the vendor names its refresh token."""
        with playing(Reply()) as server:
            revoke(provider(server.url), OLD)

        assert form(server.requests[0])["token"] == "r1"

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(400, {"error": "invalid_client"}), Refused),
            (Reply(401, {"error": "invalid_client"}), Refused),
            (Reply(403, "<html>blocked</html>"), Refused),
            (Reply(500, {"error": "invalid_grant"}), Transient),
            (Reply(429, {}, {"Retry-After": "20"}), RateLimited),
            (Drop(), Transient),
        ],
    )
    def test_a_revocation_that_was_not_done_is_no_success(self, reply: Step, error: type[LedgerloopError]) -> None:
        """Only an answer that the grant is gone is one; what the identity host refuses is told."""
        with playing(reply) as server, pytest.raises(error):
            revoke(provider(server.url), OLD)

    def test_a_grant_that_has_ended_already_is_right(self) -> None:
        """Revoking what the identity host knows no longer is no trouble."""
        with playing(Reply(400, {"error": "invalid_grant"})) as server:
            revoke(provider(server.url), OLD)


TROUBLE: list[tuple[Step, type[LedgerloopError]]] = [
    (Reply(400, {"error": "invalid_grant"}), ConsentNeeded),
    (Reply(400, {"error": "invalid_client"}), Refused),
    (Reply(401, {"error": "invalid_client"}), Refused),
    (Reply(400, {"error": "unauthorized_client", "error_description": "Invalid scope for client"}), Refused),
    (Reply(403, "<html>blocked</html>"), Refused),
    (Reply(500, {"error": "invalid_grant"}), Transient),
    (Reply(503, "maintenance"), Transient),
    (Reply(200, "<html>hello</html>"), Transient),
    (Reply(200, "[]"), Transient),
    (Reply(200, {"token_type": "Bearer"}), Transient),
    (Reply(429, {"error": "invalid_grant"}, {"Retry-After": "20"}), RateLimited),
    (Drop(), Transient),
]


class TestRenewal:
    def test_refresh_token_is_exchanged(self) -> None:
        """The stored refresh token is sent with the client's credentials, and both tokens are new."""
        with playing(Reply(body=GRANTED)) as server:
            tokens = renew(provider(server.url), OLD, NOW)

        assert (tokens.access_token, tokens.refresh_token) == ("a2", "r2")
        assert form(server.requests[0]) == {"grant_type": "refresh_token", "refresh_token": "r1"}

    def test_old_refresh_token_stays_where_no_new_one_comes(self) -> None:
        """A vendor that does not rotate answers without one, and the old one is kept, with the old scopes."""
        with playing(Reply(body={"access_token": "a2", "expires_in": "1800"})) as server:
            tokens = renew(provider(server.url), OLD, NOW)

        assert (tokens.refresh_token, tokens.scope) == ("r1", ("offline_access",))

    @pytest.mark.parametrize(("step", "kind"), TROUBLE, ids=lambda value: str(value)[:40])
    def test_only_invalid_grant_ends_a_connection(self, step: Step, kind: type[LedgerloopError]) -> None:
        """Timeouts, 5xx, 429 and a wrong client say nothing about the grant, whatever their bodies say."""
        with playing(step) as server, pytest.raises(LedgerloopError) as caught:
            renew(provider(server.url), OLD, NOW)

        assert type(caught.value) is kind
        assert "r1" not in repr(caught.value.args)

    def test_nobody_there_is_transient(self) -> None:
        """An identity host that cannot be reached ends nothing."""
        with pytest.raises(Transient):
            renew(provider(f"http://127.0.0.1:{free_port()}"), OLD, NOW)

    def test_slow_answer_is_transient(self) -> None:
        """A timeout ends nothing."""
        with playing(Reply(body=GRANTED, delay=3600)) as server, pytest.raises(Transient):
            renew(provider(server.url, timeout=0.1), OLD, NOW)


class TestTokens:
    def test_fresh_token_is_used_as_it_is(self, shelf: FileShelf) -> None:
        """A token with more than two minutes left costs no call."""
        shelf.save("grant", TokenSet("a1", "r1", NOW + timedelta(seconds=121)).to_json())
        tokens = Tokens(provider("http://127.0.0.1:1"), shelf, "grant", clock=Standing(NOW))

        assert tokens() == "a1"

    def test_token_is_renewed_ahead_and_stored_before_use(self, shelf: FileShelf) -> None:
        """Two minutes before its end a token is renewed, and the new ones lie on the shelf before one is used."""
        with playing(Reply(body=GRANTED)) as server:
            tokens = Tokens(provider(server.url), shelf, "grant", clock=Standing(NOW))

            assert tokens() == "a2"
        assert TokenSet.from_json(shelf.saved[-1]).refresh_token == "r2"

    def test_token_that_cannot_be_stored_is_not_used(self, tmp_path: Path) -> None:
        """If storing fails the call fails: the old refresh token is still good for 30 minutes, a lost one never is."""

        class Full(FileShelf):
            def save(self, name: str, text: str) -> None:
                raise OSError("disk full")

        (tmp_path / "grant").write_text(OLD.to_json())
        with playing(Reply(body=GRANTED)) as server, pytest.raises(OSError, match="disk full"):
            Tokens(provider(server.url), Full(tmp_path), "grant", clock=Standing(NOW))()

    def test_tokens_of_somebody_else_stay(self, tmp_path: Path) -> None:
        """Where others were put there while ours were renewed, as by a consent elsewhere, theirs stay and are used."""
        theirs = TokenSet("a9", "r9", NOW + timedelta(hours=1))

        class Overtaken(FileShelf):
            def replace(self, name: str, before: str, after: str) -> bool:
                self.save(name, theirs.to_json())
                return super().replace(name, before, after)

        (tmp_path / "grant").write_text(OLD.to_json())
        with playing(Reply(body=GRANTED)) as server:
            tokens = Tokens(provider(server.url), Overtaken(tmp_path), "grant", clock=Standing(NOW))
            with pytest.raises(Transient, match="somebody else"):
                tokens()

            assert "a9" == tokens()
            assert len(server.requests) == 1

    def test_tokens_of_a_new_connection_are_noticed(self, shelf: FileShelf) -> None:
        """What another process has put there counts once ours is refused, and is used without being renewed."""
        shelf.save("grant", TokenSet("a1", "r1", NOW + timedelta(hours=1)).to_json())
        tokens = Tokens(provider("http://127.0.0.1:1"), shelf, "grant", clock=Standing(NOW))
        used = tokens()
        before = tokens.replaced(used)

        shelf.save("grant", TokenSet("a9", "r9", NOW + timedelta(hours=1)).to_json())

        assert (False, True, "a9") == (before, tokens.replaced(used), tokens(used))

    def test_threads_renew_once(self, shelf: FileShelf) -> None:
        """However many threads find the token at its end, one refresh leaves."""
        with playing(Reply(body=GRANTED, delay=0.05)) as server:
            tokens = Tokens(provider(server.url), shelf, "grant", clock=Standing(NOW))
            got: list[str] = []
            threads = [threading.Thread(target=lambda: got.append(tokens())) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)

            assert got == ["a2"] * 8
            assert len(server.requests) == 1

    def test_processes_renew_once(self, shelf: FileShelf) -> None:
        """Two processes with the same grant send one refresh between them: the second finds what the first stored."""
        with playing(Reply(body=GRANTED, delay=0.2)) as server:
            program = (
                f"import sys; sys.path[:0] = {[str(HERE), str(HERE.parent), str(HERE.parent / 'stage')]!r}\n"
                "import pathlib, test_edge_oauth as t\n"
                f"shelf = t.FileShelf(pathlib.Path({str(shelf.folder)!r}))\n"
                f"print(t.Tokens(t.provider({server.url!r}), shelf, 'grant', clock=t.Standing(t.NOW))())"
            )
            both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)]
            answers = [one.communicate(timeout=60)[0].decode().strip() for one in both]

        assert answers == ["a2", "a2"]
        assert len(server.requests) == 1

    def test_refused_token_is_renewed_unless_someone_has(self, shelf: FileShelf) -> None:
        """A token that the API refused is renewed early; a second thread with the same news gets the new one."""
        shelf.save("grant", TokenSet("a1", "r1", NOW + timedelta(hours=1)).to_json())
        with playing(Reply(body=GRANTED)) as server:
            tokens = Tokens(provider(server.url), shelf, "grant", clock=Standing(NOW))

            assert [tokens(), tokens("a1"), tokens("a1"), tokens()] == ["a1", "a2", "a2", "a2"]
            assert len(server.requests) == 1

    def test_lost_answer_is_asked_for_again_with_the_old_token(self, shelf: FileShelf) -> None:
        """Xero takes the old refresh token for 30 minutes more, so a refresh whose answer was lost is repeated."""
        clock = Standing(NOW)
        with playing(Drop(), Reply(502), Reply(body=GRANTED)) as server:
            tokens = Tokens(provider(server.url), shelf, "grant", clock=clock)

            assert tokens() == "a2"
        assert [form(one)["refresh_token"] for one in server.requests] == ["r1", "r1", "r1"]
        assert clock.slept == [1.0, 2.0]

    def test_lasting_trouble_is_transient_and_changes_nothing(self, shelf: FileShelf) -> None:
        """After some tries the caller is told, the shelf is as it was, and the next call tries again."""
        with playing(Reply(502), Reply(502), Reply(502), Reply(body=GRANTED)) as server:
            tokens = Tokens(provider(server.url), shelf, "grant", clock=Standing(NOW))
            with pytest.raises(Transient):
                tokens()
            assert shelf.load("grant") == OLD.to_json()
            assert tokens() == "a2"

    def test_new_consent_is_seen_within_half_a_minute(self, shelf: FileShelf) -> None:
        """Tokens of a new consent, stored by another process, replace the ones in use soon, with their new scopes."""
        clock = Standing(NOW)
        shelf.save("grant", TokenSet("a1", "r1", NOW + timedelta(hours=1)).to_json())
        tokens = Tokens(provider("http://127.0.0.1:1"), shelf, "grant", clock=clock)

        assert tokens() == "a1"
        shelf.save("grant", TokenSet("a9", "r9", NOW + timedelta(hours=1)).to_json())
        clock.passes(seconds=31)
        assert tokens() == "a9"

    def test_what_nobody_needs_is_renewed_in_time(self, shelf: FileShelf) -> None:
        """Tokens that were not used for weeks are renewed once, by whoever looks first; younger ones are left alone."""
        clock = Standing(NOW)
        tokens = Tokens(provider("http://127.0.0.1:1"), shelf, "grant", clock=clock)
        tokens.keep_alive()
        assert OLD.expires_at - timedelta(minutes=30) == tokens.renewed_at
        clock.passes(days=19)
        tokens.keep_alive()  # nothing is asked

        clock.passes(days=2)
        with playing(Reply(body=GRANTED, delay=0.05)) as server:
            several = [Tokens(provider(server.url), shelf, "grant", clock=clock) for _ in range(4)]
            threads = [threading.Thread(target=one.keep_alive) for one in several]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)

            assert ["r1"] == [form(one)["refresh_token"] for one in server.requests]
        assert [clock.now()] * 4 == [one.renewed_at for one in several]

    def test_what_need_not_be_kept_alive(self, tmp_path: Path, shelf: FileShelf) -> None:
        """Where there are no tokens, or some are made at any time, nothing is asked; where they have ended it shows."""
        clock = Standing(NOW + timedelta(days=70))
        nobody = "http://127.0.0.1:1"
        Tokens(provider(nobody), FileShelf(tmp_path / "empty"), "grant", clock=clock).keep_alive()
        Tokens(replace(provider(nobody), custom=True), shelf, "grant", clock=clock).keep_alive()

        with playing(Reply(400, {"error": "invalid_grant"})) as server, pytest.raises(ConsentNeeded):
            Tokens(provider(server.url), shelf, "grant", clock=clock).keep_alive()

    def test_no_tokens_need_a_person(self, tmp_path: Path) -> None:
        """A grant that nobody gave yet is a person's matter."""
        with pytest.raises(ConsentNeeded, match="nobody has connected"):
            Tokens(provider("http://127.0.0.1:1"), FileShelf(tmp_path), "grant", clock=Standing(NOW))()


class TestReading:
    def test_tokens_never_show_in_a_repr(self) -> None:
        """A token set can be logged by mistake without giving a token away."""
        assert "a1" not in repr(OLD)
        assert "r1" not in repr(OLD)

    def test_scopes_are_read_from_the_token_itself(self) -> None:
        """The scope claim of an access token is what doctor compares, as a list or as one text."""

        def token(claims: object) -> str:
            return f"h.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"

        assert scopes_of(token({"scope": ["a", "b"]})) == ("a", "b")
        assert scopes_of(token({"scope": "a b"})) == ("a", "b")
        assert claims_of(token({"authentication_event_id": "e1"})) == {"authentication_event_id": "e1"}
        assert [scopes_of(text) for text in ("", "pat-na1-x", "a.b", "a.%%.c", token([]), "a.é.c")] == [()] * 6
