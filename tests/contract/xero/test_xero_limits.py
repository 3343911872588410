"""Section "Limits" of the Xero checklist: quotas, their headers, sizes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from xero_app import App

REMAINING = ("X-MinLimit-Remaining", "X-DayLimit-Remaining", "X-AppMinLimit-Remaining")
DAY = 86_400


def left(answer) -> list[int]:
    """Return what the three headers say."""
    return [int(answer.headers[name]) for name in REMAINING]


def test_three_remaining_headers_on_every_answer(app: App) -> None:
    """Answers of every status say what is left of minute, day and app minute."""
    assert left(app.get("Organisation")) == [59, 999, 9999]
    assert left(app.get("Invoices/nonsense")) == [58, 998, 9998]
    assert left(app.put("Contacts", {"Contacts": [{}]})) == [57, 997, 9997]
    assert left(app.get("Organisation", headers={"Authorization": "Bearer x"}))[2] == 9997


def test_60_a_minute_then_429_minute_with_retry_after(app: App) -> None:
    """The 61st call of a minute is 429 minute; after Retry-After seconds calls work again."""
    statuses = [app.get("Currencies").status_code for _ in range(60)]
    refused = app.get("Currencies")
    wait = int(refused.headers["Retry-After"])
    app.clock.shift(wait)

    assert {200} == set(statuses)
    assert refused.status_code == 429
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert 0 < wait <= 60
    assert refused.headers["X-MinLimit-Remaining"] == "0"
    assert app.get("Currencies").status_code == 200


def test_minute_limit_is_per_tenant(app: App) -> None:
    """One organisation's minute does not use up another's."""
    app.steer("settings", {"minute_limit": 2})
    for _ in range(3):
        app.get("Currencies")

    assert app.call("GET", "Currencies", tenant=app.tenants[1]).status_code == 200


def test_5_at_once_then_429_concurrent_without_retry_after(app: App) -> None:
    """The sixth call in flight at once is 429 concurrent, which has no Retry-After."""
    app.steer("settings", {"latency_ms": 300})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.get("Currencies"), range(8)))
    refused = [answer for answer in answers if answer.status_code == 429]

    assert len(refused) == 3
    assert {"concurrent"} == {answer.headers["X-Rate-Limit-Problem"] for answer in refused}
    assert all("Retry-After" not in answer.headers for answer in refused)
    assert app.get("Currencies").status_code == 200


@pytest.mark.parametrize(("tier", "calls"), [("starter", 1_000), ("core", 5_000)])
def test_day_limit_by_tier_with_retry_after_of_hours(app: App, tier: str, calls: int) -> None:
    """1,000 calls a day on Starter and 5,000 above; then 429 day, while the minute still has calls left."""
    app.steer("settings", {"tier": tier})
    before = app.get("Currencies")
    app.steer("day", {"organisation": app.tenant, "left": 1})
    last, refused = app.get("Currencies"), app.get("Currencies")

    assert int(before.headers["X-DayLimit-Remaining"]) == calls - 1
    assert last.headers["X-DayLimit-Remaining"] == "0"
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "day")
    assert 0 < int(refused.headers["Retry-After"]) <= DAY
    assert int(refused.headers["X-MinLimit-Remaining"]) > 0


def test_day_is_a_fixed_window_that_begins_at_another_time_for_each_tenant(app: App) -> None:
    """After Retry-After the whole day's quota is there again; the two organisations wait differently long."""
    waits = []
    for tenant in app.tenants:
        app.steer("day", {"organisation": tenant, "left": 0})
        waits.append(int(app.call("GET", "Currencies", tenant=tenant).headers["Retry-After"]))
    app.clock.shift(waits[0])
    app.tokens = app.refresh(app.tokens["refresh_token"]).json()

    assert waits[0] != waits[1]
    assert app.get("Currencies").headers["X-DayLimit-Remaining"] == "999"


def test_app_minute_limit_counts_all_tenants_together(app: App) -> None:
    """The app's own minute is used up by all organisations; then 429 appminute."""
    app.steer("settings", {"app_minute_limit": 2})
    app.get("Currencies")
    app.call("GET", "Currencies", tenant=app.tenants[1])
    refused = app.get("Currencies")

    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "appminute")


def test_quotas_can_be_switched_off(app: App) -> None:
    """With quotas off nothing is refused; the headers stay."""
    app.steer("settings", {"quotas": False, "minute_limit": 1})

    assert [app.get("Currencies").status_code for _ in range(2)] == [200, 200]
    assert app.get("Currencies").headers["X-MinLimit-Remaining"] == "0"


def test_request_above_3_5_mb_is_refused(app: App) -> None:
    """A request body may have at most 3.5 MB."""
    answer = app.put("Contacts", {"Contacts": [{"Name": "x" * 3_500_001}]})

    assert answer.status_code == 413


@pytest.mark.parametrize(("separator", "most"), [("%2C", 52), (",", 55)])
def test_url_above_2090_characters_is_404(app: App, separator: str, most: int) -> None:
    """52 ids separated by %2C fit into the address; more are 404 in plain text, for it is a length and no count."""
    some_id = "046d8a6d-1ae1-4b4d-9340-5601bdf41b87"
    fits = app.call("GET", "Invoices?IDs=" + separator.join([some_id] * most))
    long = app.call("GET", "Invoices?IDs=" + separator.join([some_id] * (most + 1)))

    assert fits.status_code == 200
    assert long.status_code == 404
    assert long.headers["content-type"].startswith("text/plain")
