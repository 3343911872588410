"""Tests that look at the sandbox beside the thread in which it works."""

import socket

import pytest
from xero_app import App


def test_nobody_is_answered_while_another_thread_looks(app: App) -> None:
    """What is held still is as it was until the look is over; who called meanwhile is answered then."""
    url = app.sandbox.xero_url.removeprefix("http://")
    host, port = url.split(":")
    books = app.sandbox.xero.books
    with socket.create_connection((host, int(port)), 10) as caller:
        with app.sandbox.still():
            caller.sendall(f"GET /connections HTTP/1.1\r\nhost: {url}\r\n\r\n".encode())
            caller.settimeout(0.5)
            with pytest.raises(TimeoutError):
                caller.recv(1)
        caller.settimeout(10)
        answer = caller.recv(12)

    assert b"HTTP/1.1 401" == answer
    assert books.organisations


def test_records_may_be_added_while_another_thread_goes_through_them(app: App) -> None:
    """Who goes through a table sees what was there when it began, whatever is added meanwhile."""
    contacts = app.sandbox.xero.books.organisations[app.tenant].contacts
    before = len(contacts)
    seen = 0
    for _ in contacts:
        seen += 1
        if seen == 1:
            app.put("Contacts", {"Contacts": [{"Name": "Met meanwhile"}]})

    assert (before, before + 1) == (seen, len(contacts))
