"""Email addresses and domains: whose mailbox an address is, and which firm a domain belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM

from ledgerloop.rules.identity.addresses import (
    FREE_MAIL,
    domain_key,
    email_domain,
    email_key,
    email_problem,
    emails_in,
    mailbox,
)
from ledgerloop_sandbox.hubspot.emails import acceptable


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("kat@acme.nz", "kat@acme.nz", id="a plain address"),
        pytest.param("  Kat@ACME.nz \n", "kat@acme.nz", id="without space around it, in small letters"),
        pytest.param("\N{NO-BREAK SPACE}kat@acme.nz", "kat@acme.nz", id="also without the space that is hard to see"),
        pytest.param("kat+invoices@acme.co.nz", "kat+invoices@acme.co.nz", id="a tag is part of the address"),
        pytest.param("o'hara@acme.nz", "o'hara@acme.nz", id="an apostrophe is allowed"),
        pytest.param("k.a.t@gmail.com", "k.a.t@gmail.com", id="dots count, whatever one provider makes of them"),
        pytest.param("info@müller.de", "info@xn--mller-kva.de", id="a domain with umlauts has an ASCII form"),
        pytest.param("info@XN--MLLER-KVA.de", "info@xn--mller-kva.de", id="and is the same in that form"),
        pytest.param(None, "", id="null"),
        pytest.param("", "", id="empty"),
        pytest.param("   ", "", id="blank"),
    ],
)
def test_email_key(text: str | None, key: str) -> None:
    """Addresses are compared without case and space, in the form in which both vendors take them."""
    assert email_key(text) == key
    assert email_problem(text) == ""


SEVERAL = "holds more than one email address, or stray characters. Keep a single one."
FOREIGN = "has letters that an email address cannot have in Xero. Write it without them."
BROKEN = "is not a valid email address. Correct it."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("kat@acme.nz;bob@acme.nz", SEVERAL, id="two with a semicolon"),
        pytest.param("kat@acme.nz, bob@acme.nz", SEVERAL, id="two with a comma"),
        pytest.param("kat@acme.nz bob@acme.nz", SEVERAL, id="two with a space"),
        pytest.param("kat@acme.nz/bob@acme.nz", SEVERAL, id="two with a stroke"),
        pytest.param("Kat Warren <kat@acme.nz>", SEVERAL, id="a name before it"),
        pytest.param("kat@acme.nz (accounts)", SEVERAL, id="a remark behind it"),
        pytest.param('"kat warren"@acme.nz', SEVERAL, id="a quoted local part with a space"),
        pytest.param('"kat"@acme.nz', BROKEN, id="a quoted local part"),
        pytest.param("müller@acme.de", FOREIGN, id="an umlaut before the @"),
        pytest.param("ｋat@acme.nz", FOREIGN, id="a wide letter"),
        pytest.param("\N{ZERO WIDTH SPACE}kat@acme.nz", FOREIGN, id="a sign that nobody sees"),
        pytest.param("kat@acme.nz.", BROKEN, id="a full stop behind it"),
        pytest.param("kat.@acme.nz", BROKEN, id="a dot before the @"),
        pytest.param(".kat@acme.nz", BROKEN, id="a dot at the beginning"),
        pytest.param("kat..warren@acme.nz", BROKEN, id="two dots in a row"),
        pytest.param("kat@acme", BROKEN, id="a domain without a dot"),
        pytest.param("kat@-acme.nz", BROKEN, id="a domain that begins with a hyphen"),
        pytest.param("kat@[192.0.2.1]", BROKEN, id="a number for a domain"),
        pytest.param("kat@printer.local", BROKEN, id="a domain that no mail reaches"),
        pytest.param("kat.acme.nz", BROKEN, id="no @"),
        pytest.param("mailto:kat@acme.nz", BROKEN, id="a link"),
        pytest.param("@acme.nz", BROKEN, id="nobody"),
        pytest.param("kat@", BROKEN, id="nowhere"),
        pytest.param("n/a", BROKEN, id="a word for none"),
        pytest.param("x" * 65 + "@acme.nz", BROKEN, id="more than 64 characters before the @"),
        pytest.param("kat@" + "acme." * 60 + "nz", BROKEN, id="more than 254 characters"),
    ],
)
def test_email_problem(text: str, problem: str) -> None:
    """What is no single valid address has no key, is never sent, and says what is wrong and what to do."""
    assert email_key(text) == ""
    assert email_problem(text) == f"“{text}” {problem}"


LOCALS = st.text("abzAZ09.+-_'!#$%&*/=?^`{|}~ü \"@;,<>", min_size=1, max_size=20)
DOMAINS = st.from_regex(r"[a-zA-Z0-9üß-]{1,12}(\.[a-zA-Z0-9-]{1,8})?", fullmatch=True)


@CALM
@given(LOCALS, DOMAINS, st.sampled_from(["com", "NZ", "co.uk", "de"]))
def test_what_has_a_key_may_be_sent(local: str, domain: str, top: str) -> None:
    """HubSpot takes every key, Xero takes it too, and it is its own key."""
    key = email_key(f"{local}@{domain}.{top}")

    if key:
        assert acceptable(key)
        assert key.isascii()
        assert key == key.lower() == email_key(key)


@CALM
@given(st.text(max_size=30) | st.emails())
def test_either_a_key_or_a_problem(text: str) -> None:
    """No text is silently dropped: it is compared, or somebody is told what is wrong with it."""
    assert bool(text.strip()) == (bool(email_key(text)) != bool(email_problem(text)))


class TestDomain:
    @pytest.mark.parametrize(
        ("text", "domain"),
        [
            pytest.param("acme.co.nz", "acme.co.nz", id="what somebody registered"),
            pytest.param("mail.acme.co.nz", "acme.co.nz", id="a part of it"),
            pytest.param("https://www.acme.co.nz:8443/shop?x=1", "acme.co.nz", id="a web address"),
            pytest.param(" ACME.co.nz. ", "acme.co.nz", id="case, space and the dot at the end"),
            pytest.param("co.nz", "", id="a suffix that all share"),
            pytest.param("gmail.com", "", id="free mail says nothing"),
            pytest.param("hotmail.gr", "", id="nor under another country's ending"),
            pytest.param("yahoo.co.jp", "", id="nor under one of two parts"),
            pytest.param("yahoo-removals.co.nz", "yahoo-removals.co.nz", id="a name that only begins so is a firm's"),
            pytest.param("docomo.ne.jp", "", id="nor a telephone company's mailboxes"),
            pytest.param("privaterelay.appleid.com", "", id="nor an address that hides another"),
            pytest.param("mail.xtra.co.nz", "", id="nor does a part of it"),
            pytest.param("bäckerei-grün.de", "xn--bckerei-grn-l8a53a.de", id="umlauts have an ASCII form"),
            pytest.param("xn--bckerei-grn-l8a53a.de", "xn--bckerei-grn-l8a53a.de", id="and are the same in it"),
            pytest.param("acme.github.io", "acme.github.io", id="a page at a provider is its own"),
            pytest.param("citydental.onmicrosoft.com", "citydental.onmicrosoft.com", id="and so is a tenant's name"),
            pytest.param("www.cafe-uno.wordpress.com/menu", "cafe-uno.wordpress.com", id="and a site at a host"),
            pytest.param("wordpress.com", "", id="the host itself is everybody's"),
            pytest.param("www.wordpress.com", "", id="and in its web address"),
            pytest.param("https://m.facebook.com/cafe.uno", "", id="a page on a site of all has no name of its own"),
            pytest.param("sites.google.com/view/cafe-uno", "", id="nor has one below such a name"),
            pytest.param("google.com", "google.com", id="the firm behind it does"),
            pytest.param("huia.example.com", "huia.example.com", id="names for documentation are apart"),
            pytest.param("acme", "", id="no domain"),
            pytest.param("n/a", "", id="a word for none"),
            pytest.param("a firm", "", id="words"),
            pytest.param(None, "", id="null"),
        ],
    )
    def test_domain_key(self, text: str | None, domain: str) -> None:
        """Domains are compared as somebody registered them."""
        assert domain_key(text) == domain == domain_key(domain)

    def test_free_mail_is_written_as_it_is_compared(self) -> None:
        """A domain with a capital letter would never be found."""
        assert all(email_key(f"a@{domain}") == f"a@{domain}" for domain in FREE_MAIL)
        assert not any(email_domain(f"a@{domain}") for domain in FREE_MAIL)

    @CALM
    @given(st.text(max_size=40))
    def test_any_text_may_stand_for_a_domain(self, text: str) -> None:
        """People write anything into the field; it is a domain or nothing, and never an error."""
        assert domain_key(text) == domain_key(domain_key(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann@acme.nz; bob@acme.nz", ("ann@acme.nz", "bob@acme.nz")),
        ("Ann <ann@acme.nz>, ANN@acme.nz", ("ann@acme.nz",)),
        ("ann@acme.nz/bob", ()),
        ("nobody", ()),
        (None, ()),
    ],
)
def test_emails_in(text: str | None, found: tuple[str, ...]) -> None:
    """Two addresses in one field are two addresses, though neither may be sent."""
    assert emails_in(text) == found


@pytest.mark.parametrize(
    ("key", "box"),
    [
        ("ivo+ventas@acme.nz", "ivo@acme.nz"),
        ("k.a.t@gmail.com", "kat@gmail.com"),
        ("k.a.t@acme.nz", "k.a.t@acme.nz"),
        ("+@acme.nz", "+@acme.nz"),
    ],
)
def test_mailbox(key: str, box: str) -> None:
    """What stands behind a plus sign reaches the same mailbox, and one provider reads no dots."""
    assert mailbox(key) == box
