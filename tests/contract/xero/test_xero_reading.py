"""Section "Reading" of the Xero checklist: paging, filters, shapes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from xero_app import App, first, line, payment, sale

DATE = re.compile(r"^/Date\(-?\d+\+0000\)/$")


def ids(answer: Any, key: str = "Invoices") -> list[str]:
    """Return the ids of a list answer."""
    return [one[f"{key[:-1]}ID"] for one in answer.json()[key]]


def stamp(app: App, seconds: float = 0) -> str:
    """Return the sandbox's time as If-Modified-Since takes it."""
    return f"{app.clock.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


def test_envelope_of_every_list(app: App) -> None:
    """Every 200 list has Id, Status, ProviderName and a DateTimeUTC without zone part."""
    body = app.get("TaxRates").json()

    assert {"Id", "Status", "ProviderName", "DateTimeUTC", "TaxRates"} == set(body)
    assert re.match(r"^/Date\(\d+\)/$", body["DateTimeUTC"])


def test_paging_is_1_based_default_100_maximum_1000(app: App) -> None:
    """page begins at 1, pageSize is 100 unless given and at most 1000, and pagination tells the whole."""
    app.put("Contacts", {"Contacts": [{"Name": f"Paged {n:03d}"} for n in range(120)]})
    one, two = app.get("Contacts", page=1).json(), app.get("Contacts", page=2).json()
    largest = app.get("Contacts", page=1, pageSize=5000).json()

    assert one["pagination"] == {"page": 1, "pageSize": 100, "pageCount": 2, "itemCount": 124}
    assert (len(one["Contacts"]), len(two["Contacts"])) == (100, 24)
    assert largest["pagination"]["pageSize"] == 1000
    assert app.get("Contacts", page=0).status_code == 400
    assert app.get("Contacts", page="abc").status_code == 400


def test_without_page_invoices_have_no_line_items(app: App) -> None:
    """A list without paging leaves the lines out; paging and a single fetch have them."""
    plain, paged = app.get("Invoices").json(), app.get("Invoices", page=1).json()
    one = app.one(f"Invoices/{plain['Invoices'][0]['InvoiceID']}")

    assert "pagination" not in plain
    assert all(invoice["LineItems"] == [] for invoice in plain["Invoices"])
    assert all(invoice["LineItems"] for invoice in paged["Invoices"])
    assert one["LineItems"]


def test_list_contact_of_an_invoice_has_no_email_and_single_has(app: App) -> None:
    """In a list the invoice's Contact is an id and a name; a single fetch has the whole one with EmailAddress."""
    listed = app.get("Invoices", page=1).json()["Invoices"][0]
    single = app.one(f"Invoices/{listed['InvoiceID']}")

    assert "EmailAddress" not in listed["Contact"]
    assert single["Contact"]["EmailAddress"]


def test_if_modified_since_is_precise_to_the_second(app: App) -> None:
    """Only what changed in a later second comes back."""
    app.clock.shift(5)
    contact = app.contact()
    same_second = app.get("Contacts", headers={"If-Modified-Since": stamp(app)})
    earlier = app.get("Contacts", headers={"If-Modified-Since": stamp(app, -2)})

    assert contact["ContactID"] not in ids(same_second, "Contacts")
    assert [contact["ContactID"]] == ids(earlier, "Contacts")
    assert app.get("Contacts", headers={"If-Modified-Since": "yesterday"}).status_code == 400


def test_if_modified_since_is_blind_to_balances_and_is_customer(app: App) -> None:
    """An invoice changes its contact's Balances and IsCustomer, and the contact does not count as modified."""
    contact = app.contact()
    app.clock.shift(10)
    since = stamp(app, -5)
    app.invoice(contact)
    now = app.one(f"Contacts/{contact['ContactID']}")

    assert ids(app.get("Contacts", headers={"If-Modified-Since": since}), "Contacts") == []
    assert now["IsCustomer"] is True
    assert now["Balances"]["AccountsReceivable"]["Outstanding"] == 115
    assert now["UpdatedDateUTC"] == contact["UpdatedDateUTC"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [({"DueDate": "2031-01-01"}, False), ({"SentToContact": True}, False), ({"Reference": "R"}, True)],
)
def test_if_modified_since_is_blind_to_due_date_and_sent_of_partly_paid_invoices(
    app: App, change: dict[str, Any], seen: bool
) -> None:
    """On a partly paid invoice a new DueDate or SentToContact is saved and not seen."""
    invoice = app.invoice(app.contact())
    app.pay(invoice, 15)
    app.clock.shift(10)
    since = stamp(app, -5)
    changed = first(app.post(f"Invoices/{invoice['InvoiceID']}", {"Invoices": [change]}))

    assert seen == bool(ids(app.get("Invoices", headers={"If-Modified-Since": since})))
    if "DueDate" in change:
        assert changed["DueDateString"] == "2031-01-01T00:00:00"


def test_due_date_of_an_unpaid_invoice_is_seen(app: App) -> None:
    """Without a payment a new DueDate counts as a change."""
    invoice = app.invoice(app.contact())
    app.clock.shift(10)
    since = stamp(app, -5)
    app.post(f"Invoices/{invoice['InvoiceID']}", {"Invoices": [{"DueDate": "2031-01-01"}]})

    assert [invoice["InvoiceID"]] == ids(app.get("Invoices", headers={"If-Modified-Since": since}))


@pytest.mark.parametrize("separator", [",", "%2C"])
@pytest.mark.parametrize("key", ["Contacts", "Invoices"])
def test_ids_with_comma_and_percent_2c_on_contacts_and_invoices(app: App, key: str, separator: str) -> None:
    """IDs is a comma list, written either way; unknown ids are left out."""
    wanted = ids(app.get(key, page=1), key)[:2]
    answer = app.call("GET", f"{key}?IDs=" + separator.join([*wanted, "00000000-0000-0000-0000-000000000009"]))

    assert wanted == ids(answer, key)


@pytest.mark.parametrize("key", ["Payments", "CreditNotes"])
def test_ids_on_payments_and_credit_notes_does_nothing(app: App, key: str) -> None:
    """Payments and credit notes know no IDs: everything comes back."""
    assert ids(app.get(key), key) == ids(app.get(key, IDs="00000000-0000-0000-0000-000000000009"), key)


def test_invoice_numbers_contact_ids_and_statuses(app: App) -> None:
    """The three comma lists of invoices."""
    contact = app.contact()
    draft, approved = app.invoice(contact, "DRAFT"), app.invoice(contact)
    numbers = f"{draft['InvoiceNumber']},{approved['InvoiceNumber']}"

    assert [draft["InvoiceID"], approved["InvoiceID"]] == ids(app.get("Invoices", InvoiceNumbers=numbers))
    assert [draft["InvoiceID"], approved["InvoiceID"]] == ids(app.get("Invoices", ContactIDs=contact["ContactID"]))
    assert [draft["InvoiceID"]] == ids(app.get("Invoices", ContactIDs=contact["ContactID"], Statuses="DRAFT,PAID"))


def test_created_by_my_app_leaves_out_what_people_made(app: App) -> None:
    """createdByMyApp shows the invoices that this app created and no others."""
    contact = app.contact()
    ours = app.invoice(contact)
    act = {"method": "PUT", "path": "/api.xro/2.0/Invoices", "body": sale(contact), "organisation": app.tenant}
    theirs = app.steer("act", act)

    assert theirs["status"] == 200
    assert [ours["InvoiceID"]] == ids(app.get("Invoices", createdByMyApp="true"))


def test_search_term_ignores_case(app: App) -> None:
    """searchTerm looks into names, numbers and email of contacts, number and reference of invoices."""
    contact = app.contact("Zebra Ltd", ContactNumber="hs-77", EmailAddress="Zoe@zebra.example")
    invoice = app.invoice(contact, Reference="HS-4711 renewal")

    for term in ("zeBRA", "HS-77", "zoe@"):
        assert [contact["ContactID"]] == ids(app.get("Contacts", searchTerm=term), "Contacts")
    assert [invoice["InvoiceID"]] == ids(app.get("Invoices", searchTerm="hs-4711"))


def test_summary_only_leaves_heavy_fields_out(app: App) -> None:
    """summaryOnly contacts have no Balances and no Addresses; summaryOnly invoices neither lines nor payments."""
    contacts = app.get("Contacts", page=1, summaryOnly="true").json()["Contacts"]
    invoices = app.get("Invoices", page=1, summaryOnly="true").json()["Invoices"]

    assert any("Balances" in one for one in app.get("Contacts", page=1).json()["Contacts"])
    assert not any({"Balances", "Addresses", "Phones"} & set(one) for one in contacts)
    assert all("EmailAddress" in one for one in contacts)
    assert not any({"LineItems", "Payments"} & set(one) for one in invoices)
    assert all({"AmountDue", "Status", "UpdatedDateUTC", "Contact"} <= set(one) for one in invoices)


def test_discount_amount_comes_in_a_single_fetch_only(app: App) -> None:
    """A list shows DiscountRate and leaves DiscountAmount out."""
    invoice = app.invoice(app.contact(), LineItems=[line(DiscountAmount=10), line(DiscountRate=5)])
    listed = app.get("Invoices", IDs=invoice["InvoiceID"], page=1).json()["Invoices"][0]["LineItems"]

    assert "DiscountAmount" in invoice["LineItems"][0]
    assert "DiscountAmount" not in listed[0]
    assert listed[1]["DiscountRate"] == 5


def test_balances_terms_and_merger_come_with_paging_or_a_single_fetch_only(app: App) -> None:
    """A contact list without paging has no Balances and no PaymentTerms."""
    plain = {one["Name"]: one for one in app.get("Contacts").json()["Contacts"]}["Kauri Cafe"]
    paged = {one["Name"]: one for one in app.get("Contacts", page=1).json()["Contacts"]}["Kauri Cafe"]

    assert not {"Balances", "PaymentTerms"} & set(plain)
    assert {"Balances", "PaymentTerms"} <= set(paged)
    assert {"Balances", "PaymentTerms"} <= set(app.one(f"Contacts/{plain['ContactID']}"))


@pytest.mark.parametrize(
    "where",
    [
        'Status=="AUTHORISED" AND Type=="ACCREC"',
        'Contact.Name=="Miro Fencing" && AmountDue > 100',
        'Contact.ContactNumber=="77" AND Reference != null',
        'Reference=="say \\"hi\\""',
        'AmountPaid==0 AND (Type=="ACCREC" OR Type=="ACCPAY") AND AmountDue==115.00',
        "DueDate >= DateTime(2030, 12, 22) AND Date < DateTime(2100, 01, 01)",
        'Contact.ContactID==Guid("{contact}")',
        'Reference.Contains("hi") AND InvoiceNumber.StartsWith("INV")',
    ],
)
def test_where_on_the_fast_filters_of_invoices(app: App, where: str) -> None:
    """The documented filters, with quotes escaped by a backslash."""
    contact = app.contact(ContactNumber="77")
    invoice = app.invoice(contact, Reference='say "hi"')

    assert invoice["InvoiceID"] in ids(app.get("Invoices", where=where.replace("{contact}", contact["ContactID"])))


def test_where_on_contacts_sees_the_primary_email_only(app: App) -> None:
    """EmailAddress in where is the contact's own, not that of its ContactPersons; case does not matter."""
    person = {"FirstName": "Pat", "EmailAddress": "pat@miro.example"}
    contact = app.contact(EmailAddress="Office@miro.example", AccountNumber="A1", ContactPersons=[person])

    for where in ('EmailAddress=="office@MIRO.example"', 'Name=="miro fencing"', 'AccountNumber=="A1"'):
        assert [contact["ContactID"]] == ids(app.get("Contacts", where=where), "Contacts")
    assert ids(app.get("Contacts", where='EmailAddress=="pat@miro.example"'), "Contacts") == []


@pytest.mark.parametrize("where", ['Nonsense=="x"', "Status==", 'Status=="A" AND', "(Type", 'Status ~ "x"'])
def test_where_that_cannot_be_read_is_400(app: App, where: str) -> None:
    """An unknown property or a broken expression is a QueryParseException."""
    answer = app.get("Invoices", where=where)

    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


def test_slow_filter_on_a_large_organisation_is_a_high_volume_exception(app: App) -> None:
    """Beyond a number of documents only the fast filters work."""
    app.steer("settings", {"high_volume": 5})
    slow = app.get("Invoices", where="Total > 1")

    assert (slow.status_code, slow.json()["Type"]) == (400, "HighVolumeException")
    assert app.get("Invoices", where='Status=="PAID"').status_code == 200


@pytest.mark.parametrize("by", ["UpdatedDateUTC DESC", "InvoiceID", "Date ASC, InvoiceID DESC"])
def test_order(app: App, by: str) -> None:
    """order sorts by a property, ascending unless DESC."""
    invoices = app.get("Invoices", order=by, page=1).json()["Invoices"]
    key = by.split()[0].rstrip(",")
    values = [one["InvoiceID"] if key == "InvoiceID" else int(one[key][6:19]) for one in invoices]

    assert sorted(values, reverse=by.endswith("UTC DESC")) == values


def test_json_only_with_the_accept_header_otherwise_xml(app: App) -> None:
    """Without Accept: application/json the answer is XML, errors too."""
    answer = app.get("Organisation", headers={"Accept": "*/*"})
    missing = app.put("Contacts", {"Contacts": [{}]}, headers={"Accept": "text/html"})

    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Organisation><Name>Kiwi Demo Ltd</Name>" in answer.text
    assert (missing.status_code, "<ValidationError><Message>" in missing.text) == (400, True)


def test_both_date_forms(app: App) -> None:
    """A date is /Date(ms+0000)/ of midnight UTC, and beside it text without a zone."""
    invoice = app.invoice(app.contact(), Date="2026-11-22", DueDate="2026-12-22")

    assert invoice["Date"] == "/Date(1795305600000+0000)/"
    assert invoice["DateString"] == "2026-11-22T00:00:00"
    assert invoice["DueDateString"] == "2026-12-22T00:00:00"
    assert DATE.match(invoice["UpdatedDateUTC"])
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", invoice["UpdatedDateUTCString"])


def test_money_is_numbers_with_their_digits(app: App) -> None:
    """Amounts are JSON numbers with two decimals, and never what a float makes of them."""
    text = app.put("Invoices", {"Invoices": [sale(app.contact(), LineItems=[line(UnitAmount=0.07)])]}).text

    assert '"UnitAmount":0.07,' in text
    assert '"TaxAmount":0.01,"LineAmount":0.07' in text
    assert '"Total":0.08' in text


def test_keys_that_no_schema_names(app: App) -> None:
    """Answers carry keys beyond the schema: ID, DateString, BankAccountDetails, the misspelt TaxNumbeType."""
    assert "TaxNumbeType" in app.one("Organisation")
    assert "BankAccountDetails" in app.one("Contacts")
    assert {"ID", "DateString"} <= set(app.one("CreditNotes", page=1))


def test_empty_addresses_and_phones_come_as_entries(app: App) -> None:
    """A contact without address and phone has an entry of every type with empty texts."""
    contact = app.contact(Addresses=[{"AddressType": "STREET", "City": "Otaki"}])
    addresses = {one["AddressType"]: one for one in contact["Addresses"]}
    phones = {one["PhoneType"]: one for one in contact["Phones"]}

    assert {"STREET", "POBOX"} == set(addresses)
    assert addresses["STREET"]["City"] == "Otaki"
    assert addresses["POBOX"] == {"AddressType": "POBOX", "City": "", "Region": "", "PostalCode": "", "Country": ""}
    assert {"DDI", "DEFAULT", "FAX", "MOBILE"} == set(phones)
    assert phones["DEFAULT"]["PhoneNumber"] == ""


def test_payments_have_no_email_address_in_list_or_single(app: App) -> None:
    """A payment names its customer by id and name; there is no EmailAddress in either form."""
    invoice = app.invoice(app.contact(EmailAddress="a@b.example", ContactNumber="C9"))
    made = app.pay(invoice, 15)
    listed = {one["PaymentID"]: one for one in app.get("Payments").json()["Payments"]}[made["PaymentID"]]
    single = app.one(f"Payments/{made['PaymentID']}")

    assert "EmailAddress" not in listed["Invoice"]["Contact"]
    assert "EmailAddress" not in single["Invoice"]["Contact"]
    assert listed["Invoice"]["Contact"]["ContactNumber"] == "C9"
    assert {"ContactID", "Name", "ContactPersons"} == set(single["Invoice"]["Contact"])
    assert (single["Invoice"]["AmountDue"], single["Invoice"]["AmountPaid"]) == (100, 15)
    assert "AmountDue" not in listed["Invoice"]


def test_payments_arrive_inside_their_invoice(app: App) -> None:
    """A paid invoice carries its payments in the list, so one pull brings both."""
    invoice = app.invoice(app.contact())
    made = app.pay(invoice, 115)
    listed = app.get("Invoices", IDs=invoice["InvoiceID"], page=1).json()["Invoices"][0]

    assert [made["PaymentID"]] == [one["PaymentID"] for one in listed["Payments"]]
    assert (listed["Status"], listed["AmountDue"], listed["AmountPaid"]) == ("PAID", 0, 115)
    assert DATE.match(listed["FullyPaidOnDate"])


def test_payment_of_a_credit_note_stands_under_invoice_with_type_accreccredit(app: App) -> None:
    """A refund names the credit note as its Invoice, with the CreditNoteID as InvoiceID."""
    note = first(app.put("CreditNotes", {"CreditNotes": [credit(app.contact())]}))
    made = first(
        app.put(
            "Payments", {"CreditNote": {"CreditNoteID": note["CreditNoteID"]}, "Account": {"Code": "090"}, "Amount": 5}
        )
    )

    assert made["PaymentType"] == "ARCREDITPAYMENT"
    assert ("ACCRECCREDIT", note["CreditNoteID"]) == (made["Invoice"]["Type"], made["Invoice"]["InvoiceID"])
    assert app.one(f"CreditNotes/{note['CreditNoteID']}")["RemainingCredit"] == 110


@pytest.mark.parametrize("texts", [False, True])
def test_batch_payment_has_numbers_or_text_for_total_and_reconciled(app: App, texts: bool) -> None:
    """TotalAmount is a number and IsReconciled a boolean; switched so, both are texts as in the official example."""
    app.steer("settings", {"batch_payment_texts": texts})
    contact = app.contact()
    parts = [payment(app.invoice(contact), amount) for amount in (20, 30)]
    batch = {"Account": {"Code": "090"}, "Date": "2026-11-22", "Payments": parts}
    made = app.put("BatchPayments", {"BatchPayments": [batch]}).json()["BatchPayments"][0]
    inside = app.one(f"Payments/{made['Payments'][0]['PaymentID']}")["BatchPayment"]
    expected = ("50.00", "false") if texts else (50.0, False)

    assert (made["TotalAmount"], made["IsReconciled"]) == expected
    assert (inside["TotalAmount"], inside["IsReconciled"]) == expected


@pytest.mark.parametrize(("begin", "end"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED"), ("SUBMITTED", "DELETED")])
def test_nothing_is_due_on_a_voided_or_deleted_invoice(app: App, begin: str, end: str) -> None:
    """Its AmountDue is 0 in single fetches, lists and filters; its Total stays."""
    invoice = app.invoice(app.contact(), begin)
    ended = first(app.post(f"Invoices/{invoice['InvoiceID']}", {"Invoices": [{"Status": end}]}))
    listed = app.get("Invoices", IDs=invoice["InvoiceID"], page=1).json()["Invoices"][0]

    assert [(one["Status"], one["AmountDue"], one["Total"]) for one in (ended, listed)] == [(end, 0, 115)] * 2
    assert invoice["InvoiceID"] in ids(app.get("Invoices", where="AmountDue == 0"))


def test_if_modified_since_takes_an_http_date(app: App) -> None:
    """The header's own form of a date is read as the ISO form is, on lists of records and of reference data."""
    app.clock.shift(5)
    contact = app.contact()
    before, after = (app.clock.now() + timedelta(seconds=seconds) for seconds in (-2, 2))
    listed = [
        ids(app.get("Contacts", headers={"If-Modified-Since": f"{moment:%a, %d %b %Y %H:%M:%S GMT}"}), "Contacts")
        for moment in (before, after)
    ]
    accounts = app.get("Accounts", headers={"If-Modified-Since": f"{after:%a, %d %b %Y %H:%M:%S GMT}"})

    assert listed == [[contact["ContactID"]], []]
    assert ids(accounts, "Accounts") == []
    assert app.get("Accounts", headers={"If-Modified-Since": "yesterday"}).status_code == 400


@pytest.mark.parametrize("key", ["Accounts", "Items"])
def test_accounts_and_items_by_if_modified_since(app: App, key: str) -> None:
    """Accounts and items come back when they changed in a later second than the bookmark, as other records do."""
    every = {one[f"{key[:-1]}ID"]: one["UpdatedDateUTC"] for one in app.get(key).json()[key]}
    last = max(int(re.findall(r"\d+", stamp)[0]) for stamp in every.values())
    moments = [datetime.fromtimestamp(last / 1000 + shift, UTC) for shift in (-1, 1)]
    seen = [
        len(ids(app.get(key, headers={"If-Modified-Since": f"{moment:%Y-%m-%dT%H:%M:%S}"}), key)) for moment in moments
    ]

    assert seen == [len(every), 0]


@pytest.mark.parametrize("path", ["invoices", "INVOICES", "Invoices"])
def test_paths_are_compared_without_case(app: App, path: str) -> None:
    """Endpoints are found in any case, with the scope that they need."""
    invoice = app.invoice(app.contact())
    plain = {"Accept": "application/json", "xero-tenant-id": app.tenant, **app._bearer()}
    answers = [
        app.http.get(f"/api.xro/2.0/{path}/{invoice['InvoiceID']}", headers=plain),
        app.http.get(f"/API.XRO/2.0/{path}", params={"IDs": invoice["InvoiceID"]}, headers=plain),
    ]

    assert [[one["InvoiceID"] for one in answer.json()["Invoices"]] for answer in answers] == [
        [invoice["InvoiceID"]]
    ] * 2


def test_a_scope_is_needed_in_any_case(stranger: App) -> None:
    """Another spelling of the path is no way round the scope."""
    app = stranger.connect(scopes="openid offline_access accounting.settings.read")
    plain = {"Accept": "application/json", "xero-tenant-id": app.tenant, **app._bearer()}

    assert [app.http.get(f"/api.xro/2.0/{path}", headers=plain).status_code for path in ("Invoices", "invoices")] == [
        403,
        403,
    ]


@pytest.mark.parametrize(
    "where",
    [
        'Reference.contains("HI")',
        'Reference.STARTSWITH("say")',
        'Contact.ContactID==guid("{contact}")',
        "DueDate >= datetime(2030, 12, 22)",
        'DueDate >= DATETIME.parse("2030-12-22")',
        'type=="ACCREC" && reference.EndsWith("hi")',
    ],
)
def test_where_methods_and_properties_ignore_case(app: App, where: str) -> None:
    """Methods, constructors and properties are compared without case, as values are."""
    contact = app.contact()
    invoice = app.invoice(contact, Reference="Say hi")

    assert invoice["InvoiceID"] in ids(app.get("Invoices", where=where.replace("{contact}", contact["ContactID"])))


def test_merged_contact_points_to_the_other(app: App) -> None:
    """The loser of a merger is archived and has MergedToContactID, with paging or in a single fetch."""
    loser, winner = app.contact("Twin One"), app.contact("Twin Two")
    invoice = app.invoice(loser)
    app.steer("merge", {"organisation": app.tenant, "from": loser["ContactID"], "into": winner["ContactID"]})
    single = app.one(f"Contacts/{loser['ContactID']}")
    listed = app.get("Contacts", includeArchived="true").json()["Contacts"]

    assert ("ARCHIVED", winner["ContactID"]) == (single["ContactStatus"], single["MergedToContactID"])
    assert not any("MergedToContactID" in one for one in listed)
    assert app.one(f"Invoices/{invoice['InvoiceID']}")["Contact"]["ContactID"] == winner["ContactID"]


def test_archived_contacts_are_hidden_unless_asked(app: App) -> None:
    """includeArchived shows archived contacts; a single fetch always does."""
    assert "Old Mill Bakery" not in app.get("Contacts").text
    assert "Old Mill Bakery" in app.get("Contacts", includeArchived="true").text


def test_contact_by_number(app: App) -> None:
    """GET /Contacts/{ContactNumber} finds a contact by our own id."""
    contact = app.contact(ContactNumber="hs-1")

    assert app.one("Contacts/hs-1")["ContactID"] == contact["ContactID"]


def test_online_invoice_email_and_history(app: App) -> None:
    """The three sub-resources that the product uses."""
    invoice = app.invoice(app.contact(EmailAddress="a@b.example"))
    path = f"Invoices/{invoice['InvoiceID']}"

    assert app.one(f"{path}/OnlineInvoice")["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert app.post(f"{path}/Email", {}).status_code == 204
    assert app.one(path)["SentToContact"] is True
    app.put(f"{path}/History", {"HistoryRecords": [{"Details": "Made from deal 5"}]})
    told = [one["Details"] for one in app.get(f"{path}/History").json()["HistoryRecords"]]
    assert told == ["This invoice has been sent to a@b.example", "Made from deal 5"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("Organisation", {"OrganisationID", "Name", "BaseCurrency", "CountryCode", "Timezone", "ShortCode", "Class"}),
        ("Accounts", {"AccountID", "Code", "Name", "Type", "Status", "TaxType", "Class", "EnablePaymentsToAccount"}),
        (
            "TaxRates",
            {"Name", "TaxType", "Status", "ReportTaxType", "CanApplyToRevenue", "EffectiveRate", "TaxComponents"},
        ),
        ("Currencies", {"Code", "Description"}),
        ("BrandingThemes", {"BrandingThemeID", "Name", "SortOrder"}),
        ("Items", {"ItemID", "Code", "Name", "Description", "SalesDetails"}),
        ("TrackingCategories", {"TrackingCategoryID", "Name", "Status", "Options"}),
    ],
)
def test_reference_data(app: App, path: str, names: set[str]) -> None:
    """Each kind of reference data has its fields."""
    assert names <= set(app.one(path))


@pytest.mark.parametrize("key", ["CreditNotes", "Prepayments", "Overpayments"])
def test_credits_have_their_remaining_credit(app: App, key: str) -> None:
    """The three kinds of credit come with their own id, RemainingCredit and allocations."""
    one = app.one(key, page=1)

    assert one["ID"] == one[f"{key[:-1]}ID"]
    assert {"RemainingCredit", "Allocations", "Type", "Status", "Total"} <= set(one)
    assert app.get(f"{key}/{one['ID']}").status_code == 200
    assert app.get(f"{key}/{one['ID']}/Allocations").status_code == 200


@pytest.mark.parametrize("path", ["Invoices/none", "Contacts/none", "Payments/none", "Nothing", "CreditNotes/none"])
def test_unknown_id_or_path_is_404_in_plain_text(app: App, path: str) -> None:
    """404 is plain text although JSON was asked."""
    answer = app.get(path)

    assert (answer.status_code, answer.text) == (404, "The resource you're looking for cannot be found")
    assert answer.headers["content-type"].startswith("text/plain")


def test_gzip_when_asked(app: App) -> None:
    """A long answer is compressed for who accepts gzip."""
    assert app.get("Accounts", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in app.get("Accounts", headers={"Accept-Encoding": "identity"}).headers


def credit(contact: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of an approved credit note of 115.00."""
    return {
        "Type": "ACCRECCREDIT",
        "Contact": {"ContactID": contact["ContactID"]},
        "Status": "AUTHORISED",
        "LineItems": [line()],
        **more,
    }
