"""A new sealing key while the service runs, by real processes: as operate.md says it, and as it may go wrong."""

from __future__ import annotations

from cli_process import run
from cryptography.fernet import Fernet
from operated import Place, until


def test_a_new_sealing_key_as_documented(served: Place) -> None:
    """New line first, a secret saved anew, all resealed, the old line away: nothing is refused at any step."""
    file = served.folder / "ledgerloop.key"
    old, new = file.read_text(), Fernet.generate_key().decode()
    answers = []
    with served.serving():
        served.connect()
        answers.append(served.from_xero())

        file.write_text(f"{new}\n{old}")
        served.command("secret", "set", "hubspot_client_secret", given="another")
        until(lambda: 200 == served.from_hubspot("another"))  # the secret is taken up within seconds
        answers.append(served.from_xero())
        resealed = served.command("secret", "reseal").stdout
        file.write_text(f"{new}\n")
        again = served.command("secret", "reseal").stdout
        answers += [served.from_xero(), served.from_hubspot("another")]
        well = served.health()
    with served.serving():
        answers += [served.from_xero(), served.from_hubspot("another")]

    assert [200] * 6 == answers
    assert (200, []) == (well["code"], well["unopened"])
    assert "The other lines may go." in resealed
    assert ("of which 0 anew" in again, "may go" in again) == (True, False)


def test_what_cannot_be_opened_is_never_called_wrongly_signed(served: Place) -> None:
    """Sealed with a key that the service cannot read, webhooks get 503 and health says why, until the key is back."""
    file = served.folder / "ledgerloop.key"
    old, new = file.read_text(), Fernet.generate_key().decode()
    with served.serving():
        assert 200 == served.from_xero()
        file.write_text(f"{new}\n{old}")
        served.command("secret", "set", "xero_webhook_key", given="another")
        file.write_text(old)
        seen = []
        until(lambda: seen.append(served.from_xero("another")) or seen[-1] == 503)
        failing = served.health()
        file.write_text(f"{new}\n{old}")
        until(lambda: seen.append(served.from_xero("another")) or seen[-1] == 200)
        well = served.health()

    assert {503, 200} == set(seen[seen.index(503) :])
    assert (503, "failing", ["xero_webhook_key"]) == (failing["code"], failing["status"], failing["unopened"])
    assert any("xero_webhook_key" in one for one in failing["problems"])
    assert (200, []) == (well["code"], well["unopened"])


def test_a_key_that_is_lost_for_good(served: Place) -> None:
    """Reseal says what no key opens and keeps it; with --forget it goes, and each sentence says what brings it back."""
    file = served.folder / "ledgerloop.key"
    file.write_text(Fernet.generate_key().decode())

    kept = run(served.folder, "secret", "reseal")
    forgotten = served.command("secret", "reseal", "--forget")
    for name in ("xero_client_secret", "xero_webhook_key", "hubspot_token", "hubspot_client_secret"):
        assert f"✗ `{name}` is opened by no key there: `ledgerloop secret set {name}` saves it anew." in kept.stdout
        assert f"`ledgerloop secret set {name}` saves it anew." in forgotten.stdout
        served.command("secret", "set", name, given="new")

    assert (1, True) == (kept.returncode, "Keep every line of the key file" in kept.stderr)
    assert "may go" not in kept.stdout
    assert "of which 0 anew" in served.command("secret", "reseal").stdout
