"""Which of several candidates a firm is."""

from __future__ import annotations

from ledgerloop.rules.identity.choice import Chosen, Doubt, choose, settle
from ledgerloop.rules.identity.evidence import Ask, Evidence, Same
from ledgerloop.rules.identity.names import Likeness
from ledgerloop.rules.identity.profiles import Profile

AT = frozenset({"acme.co.nz"})
ACME = Profile("Acme Ltd", domains=AT)


def chosen(**candidates: Profile) -> str | tuple[str, ...] | None:
    """Return who is chosen, or who is in question."""
    match choose(ACME, candidates):
        case Chosen(id=one):
            return one
        case Doubt(candidates=some):
            return tuple(some)
        case None:
            return None


def test_the_one_that_fits() -> None:
    """Beside one that fits, those that are only called alike do not count."""
    assert "a" == chosen(a=Profile("Acme", domains=AT), b=Profile("Acme Holdings", domains=AT), c=Profile("Zebra"))


def test_exact_comes_before_alike() -> None:
    """Of several that fit, the one with exactly the name is it."""
    assert "b" == chosen(a=Profile("Acme", domains=AT), b=Profile("ACME Limited", domains=AT))


def test_letter_for_letter_comes_before_exact() -> None:
    """Of two that differ in an accent only, the one that is spelt so is it, whether or not it says more."""
    assert "b" == chosen(a=Profile("Acmé Ltd", domains=AT), b=Profile("ACME Limited", domains=AT))
    assert ("a", "b") == chosen(a=Profile("Acmé Ltd", domains=AT), b=Profile("Acme Ltd"))


def test_several_alike_are_a_question() -> None:
    """Two that fit as well as one another are in question, whatever their order."""
    two = {"a": Profile("Acme Ltd", domains=AT), "b": Profile("Acme Ltd", domains=AT)}

    assert ("a", "b") == chosen(**two)
    assert {"a", "b"} == set(chosen(**dict(reversed(two.items()))) or ())


def test_the_exact_name_elsewhere_is_a_question() -> None:
    """One fits, and another bears exactly the name: a person looks."""
    assert ("a", "b") == chosen(a=Profile("Acme", domains=AT), b=Profile("Acme Ltd"))


def test_a_stale_number_is_a_question() -> None:
    """A number that names a record which does not fit is not outvoted by name and domain elsewhere."""
    fits = Same(Evidence(Likeness.EXACT, ("name", "domain")))
    named = Ask(Evidence(Likeness.OTHER, ("contact number",), ("name",)))

    assert settle({"a": fits, "b": named}) == Doubt({"a": fits.evidence, "b": named.evidence}, "rivals")


def test_a_tax_number_elsewhere_is_a_question() -> None:
    """Name and domain fit one, and the tax number is another's: a person looks."""
    fits = Same(Evidence(Likeness.EXACT, ("name", "domain")))
    numbered = Ask(Evidence(Likeness.OTHER, ("tax number",), ("name",)))

    assert settle({"a": fits, "b": numbered}) == Doubt({"a": fits.evidence, "b": numbered.evidence}, "rivals")


def test_a_tax_number_of_several_does_not_outweigh_the_name() -> None:
    """Of a group of firms with one number, the one with the name is it."""
    fits = Same(Evidence(Likeness.EXACT, ("tax number", "name")))
    sister = Ask(Evidence(Likeness.OTHER, ("tax number",), ("name",)))

    assert settle({"a": fits, "b": sister}) == Chosen("a", fits.evidence)


def test_the_likeliest_stands_first() -> None:
    """A person reads first what fits best."""
    elsewhere = Profile("Acme Ltd", domains=frozenset({"acme.com"}))

    assert ("b", "a") == chosen(a=Profile("Acme Holdings", domains=AT), b=elsewhere, c=Profile("Zebra"))


def test_nobody() -> None:
    """What fits nobody is new."""
    assert chosen(a=Profile("Zebra")) is None
