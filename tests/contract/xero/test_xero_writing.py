"""Section "Writing" of the Xero checklist: verbs, errors, replays, uniqueness, rules of documents and money."""

from decimal import Decimal
from typing import Any

import pytest
from xero_app import App, first, line, messages, payment, sale

DUE = "The document DueDate field must be specified."


def element(answer: Any, number: int = 0) -> dict[str, Any]:
    """Return one element of a 200 answer."""
    assert answer.status_code == 200, answer.text
    return next(value[number] for value in answer.json().values() if isinstance(value, list))


def again(app: App, invoice: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice as it is now."""
    return app.one(f"Invoices/{invoice['InvoiceID']}")


def update(app: App, invoice: dict[str, Any], **changes: Any) -> Any:
    """POST changes of one invoice."""
    return app.post(f"Invoices/{invoice['InvoiceID']}", {"Invoices": [changes]})


# Verbs


def test_put_creates_and_never_updates(app: App) -> None:
    """PUT with a number that exists is an error, not an update."""
    contact = app.contact()
    invoice = app.invoice(contact, InvoiceNumber="N-1")
    answer = app.put("Invoices", {"Invoices": [sale(contact, InvoiceNumber="N-1")]})

    assert messages(answer) == ["Invoice # must be unique."]
    assert again(app, invoice)["UpdatedDateUTC"] == invoice["UpdatedDateUTC"]


def test_post_updates_an_invoice_by_id_and_by_accrec_number(app: App) -> None:
    """POST with an InvoiceID, or with an existing sales number, changes that invoice."""
    contact = app.contact()
    invoice = app.invoice(contact, "DRAFT", InvoiceNumber="N-2")
    by_id = element(app.post("Invoices", {"Invoices": [{"InvoiceID": invoice["InvoiceID"], "Reference": "one"}]}))
    by_number = element(
        app.post("Invoices", {"Invoices": [sale(contact, "DRAFT", InvoiceNumber="N-2", Reference="two")]})
    )

    assert (invoice["InvoiceID"], "one") == (by_id["InvoiceID"], by_id["Reference"])
    assert (invoice["InvoiceID"], "two") == (by_number["InvoiceID"], by_number["Reference"])


def test_post_creates_what_does_not_exist(app: App) -> None:
    """POST without id and with a new number creates."""
    contact = app.contact()
    made = element(app.post("Invoices", {"Invoices": [sale(contact, InvoiceNumber="N-3")]}))

    assert made["InvoiceNumber"] == "N-3"
    assert element(app.post("Contacts", {"Contacts": [{"Name": "Brand New"}]}))["Name"] == "Brand New"


def test_post_updates_a_contact_by_id_and_a_taken_name_is_400(app: App) -> None:
    """POST /Contacts updates by ContactID; without one a taken Name is refused."""
    contact = app.contact("Taken")
    changed = element(app.post("Contacts", {"Contacts": [{"ContactID": contact["ContactID"], "FirstName": "Ann"}]}))
    refused = app.post("Contacts", {"Contacts": [{"Name": "Taken"}]})

    assert (contact["ContactID"], "Ann", "Taken") == (changed["ContactID"], changed["FirstName"], changed["Name"])
    assert "The contact name Taken is already assigned to another contact." in messages(refused)[0]


def test_post_to_one_id_updates_it(app: App) -> None:
    """POST to an id changes that record; to an unknown one it is 404."""
    contact = app.contact()
    changed = element(app.post(f"Contacts/{contact['ContactID']}", {"Contacts": [{"EmailAddress": "n@b.example"}]}))

    assert changed["EmailAddress"] == "n@b.example"
    assert app.post("Contacts/none", {"Contacts": [{"Name": "x"}]}).status_code == 404


# Several elements


def test_summarize_errors_false_answers_200_with_errors_by_element_and_saves_the_rest(app: App) -> None:
    """The bad element carries StatusAttributeString ERROR and its messages, the others OK."""
    contact = app.contact()
    bodies = [sale(contact), sale(contact, DueDate=None), sale(contact)]
    answer = app.put("Invoices", {"Invoices": bodies}, summarizeErrors="false")
    statuses = [one["StatusAttributeString"] for one in answer.json()["Invoices"]]
    wrong = element(answer, 1)

    assert statuses == ["OK", "ERROR", "OK"]
    assert wrong["HasErrors"] is True
    assert wrong["ValidationErrors"] == [{"Message": DUE}]
    assert wrong["InvoiceID"] == "00000000-0000-0000-0000-000000000000"
    assert len(app.get("Invoices", ContactIDs=contact["ContactID"]).json()["Invoices"]) == 2


@pytest.mark.parametrize("params", [{}, {"summarizeErrors": "true"}])
def test_summarize_errors_absent_or_true_answers_400_and_saves_nothing(app: App, params: dict[str, str]) -> None:
    """One bad element refuses the whole call: nothing is saved and no number is used."""
    contact = app.contact()
    body = {"Invoices": [sale(contact, Contact={"Name": "Never Made"}), sale(contact, DueDate=None)]}
    answer = app.put("Invoices", body, **params)

    assert messages(answer) == [DUE]
    assert (answer.json()["ErrorNumber"], answer.json()["Type"]) == (10, "ValidationException")
    assert app.get("Invoices", ContactIDs=contact["ContactID"]).json()["Invoices"] == []
    assert app.get("Contacts", where='Name=="Never Made"').json()["Contacts"] == []
    assert app.one(f"Contacts/{contact['ContactID']}")["IsCustomer"] is False


def test_refused_update_leaves_the_record_as_it_was(app: App) -> None:
    """What a refused update had already changed is taken back."""
    invoice = app.invoice(app.contact())
    answer = update(app, invoice, Reference="changed", LineItems=[line(AccountCode="999")])

    assert answer.status_code == 400
    now = again(app, invoice)
    assert (invoice["Reference"], invoice["LineItems"], invoice["UpdatedDateUTC"]) == (
        now["Reference"],
        now["LineItems"],
        now["UpdatedDateUTC"],
    )


def test_two_elements_of_one_call_see_each_other(app: App) -> None:
    """Two payments of one call cannot together pay more than is due; two invoices cannot share a number."""
    contact = app.contact()
    invoice = app.invoice(contact)
    twice = app.put("Payments", {"Payments": [payment(invoice, 100), payment(invoice, 100)]})
    same = app.put("Invoices", {"Invoices": [sale(contact, InvoiceNumber="Z-1"), sale(contact, InvoiceNumber="Z-1")]})

    assert messages(twice) == ["Payment amount exceeds the amount outstanding on this document"]
    assert again(app, invoice)["AmountDue"] == 115
    assert messages(same) == ["Invoice # must be unique."]


# Replays


def test_idempotency_key_replays_the_first_answer_for_about_6_minutes(app: App) -> None:
    """The same request with the same key gives the same answer and makes nothing; after 6 minutes it makes another."""
    contact = app.contact()
    body, key = {"Invoices": [sale(contact)]}, {"Idempotency-Key": "k-1"}
    one, two = app.put("Invoices", body, headers=key), app.put("Invoices", body, headers=key)
    app.clock.shift(361)
    three = app.put("Invoices", body, headers=key)

    assert one.content == two.content
    assert element(one)["InvoiceID"] != element(three)["InvoiceID"]


def test_idempotency_key_replays_errors_too(app: App) -> None:
    """An error is kept as well: what would work by now is still refused under the same key."""
    body, key = {"Contacts": [{"Name": "Soon Free"}]}, {"Idempotency-Key": "k-2"}
    holder = app.contact("Soon Free")
    refused = app.put("Contacts", body, headers=key)
    app.post(f"Contacts/{holder['ContactID']}", {"Contacts": [{"ContactStatus": "ARCHIVED"}]})

    assert (400, refused.content) == (refused.status_code, app.put("Contacts", body, headers=key).content)
    assert app.put("Contacts", body, headers={"Idempotency-Key": "k-3"}).status_code == 200


def test_idempotency_key_with_another_request_is_400(app: App) -> None:
    """A key belongs to one request."""
    app.put("Contacts", {"Contacts": [{"Name": "One"}]}, headers={"Idempotency-Key": "k-4"})

    answer = app.put("Contacts", {"Contacts": [{"Name": "Two"}]}, headers={"Idempotency-Key": "k-4"})

    assert answer.status_code == 400
    assert answer.json()["Message"] == "Idempotency Key: k-4 is used with a different request."


def test_idempotency_key_over_128_characters_is_400(app: App) -> None:
    """128 characters are the most."""
    body = {"Contacts": [{"Name": "One"}]}

    assert app.put("Contacts", body, headers={"Idempotency-Key": "k" * 129}).status_code == 400
    assert app.put("Contacts", body, headers={"Idempotency-Key": "k" * 128}).status_code == 200


# Uniqueness


def test_name_is_unique_among_active_contacts_only(app: App) -> None:
    """A name is taken by an active contact, in any case of letters; an archived one frees it."""
    holder = app.contact("Same Name")
    refused = app.put("Contacts", {"Contacts": [{"Name": "SAME name"}]})
    app.post(f"Contacts/{holder['ContactID']}", {"Contacts": [{"ContactStatus": "ARCHIVED"}]})

    assert messages(refused)[0].endswith("The contact name must be unique across all active contacts.")
    assert app.put("Contacts", {"Contacts": [{"Name": "Same Name"}]}).status_code == 200
    back = app.post(f"Contacts/{holder['ContactID']}", {"Contacts": [{"ContactStatus": "ACTIVE"}]})
    assert back.status_code == 400


def test_contact_number_is_unique_and_email_is_not(app: App) -> None:
    """ContactNumber belongs to one contact; many may have the same EmailAddress."""
    app.contact("First", ContactNumber="7", EmailAddress="a@b.example")
    refused = app.put("Contacts", {"Contacts": [{"Name": "Second", "ContactNumber": "7"}]})

    assert messages(refused)[0].startswith("The contact number 7 is already assigned")
    assert app.contact("Third", EmailAddress="a@b.example")["EmailAddress"] == "a@b.example"


def test_a_payee_is_neither_customer_nor_supplier(app: App) -> None:
    """What a caller says of it is ignored; the first sales invoice makes a customer, the first bill a supplier."""

    def roles(contact: dict[str, Any]) -> tuple[bool, bool]:
        shown = app.one(f"Contacts/{contact['ContactID']}")
        return shown["IsCustomer"], shown["IsSupplier"]

    payee = app.contact("Shell Petrol Station", IsCustomer=True, IsSupplier=True)
    begun = roles(payee)
    app.invoice(payee, Type="ACCPAY", LineItems=[line(AccountCode="429", TaxType="INPUT2")])
    billed = roles(payee)
    app.invoice(payee, "DRAFT")

    assert (begun, billed, roles(payee)) == ((False, False), (False, True), (True, True))


def test_a_contact_restored_while_its_name_is_taken(app: App) -> None:
    """An archived contact comes back only under a name that no active one has, whatever the case of letters."""
    old = app.contact("Tui Tools")
    change = lambda **more: app.post(f"Contacts/{old['ContactID']}", {"Contacts": [more]})  # noqa: E731
    change(ContactStatus="ARCHIVED")
    new = app.contact("TUI tools")
    refused = change(ContactStatus="ACTIVE")
    renamed = element(change(ContactStatus="ACTIVE", Name="Tui Tools (old)"))

    assert "The contact name Tui Tools is already assigned to another contact." in messages(refused)[0]
    assert (renamed["ContactStatus"], renamed["Name"]) == ("ACTIVE", "Tui Tools (old)")
    assert messages(app.put("Contacts", {"Contacts": [{"Name": "tui TOOLS (old)"}]}))
    change(ContactStatus="ARCHIVED")
    assert element(app.post(f"Contacts/{new['ContactID']}", {"Contacts": [{"Name": "Tui Tools (old)"}]}))


def test_the_number_of_an_archived_or_merged_contact_stays_taken(app: App) -> None:
    """ContactNumber is unique among all contacts; after a merge the refusal has another text."""
    archived = app.contact("Archived", ContactNumber="HS-1")
    loser, winner = app.contact("Loser", ContactNumber="HS-2"), app.contact("Winner")
    app.post(f"Contacts/{archived['ContactID']}", {"Contacts": [{"ContactStatus": "ARCHIVED"}]})
    app.steer("merge", {"organisation": app.tenant, "from": loser["ContactID"], "into": winner["ContactID"]})
    winner_path = f"Contacts/{winner['ContactID']}"

    taken = messages(app.post(winner_path, {"Contacts": [{"ContactNumber": "hs-1"}]}))
    merged = messages(app.post(winner_path, {"Contacts": [{"ContactNumber": "HS-2"}]}))

    assert taken[0].startswith("The contact number hs-1 is already assigned")
    assert merged == ["Another contact has this contact number. Please enter a different contact number."]


def test_tax_and_company_numbers_are_kept(app: App) -> None:
    """TaxNumber and CompanyNumber come back as they were sent, in lists too; 51 characters are refused."""
    numbers = {"TaxNumber": "49-091-850", "CompanyNumber": "9429041234567"}
    contact = app.contact("Numbered", **numbers)
    listed = app.get("Contacts", IDs=contact["ContactID"]).json()["Contacts"][0]
    long = [messages(app.put("Contacts", {"Contacts": [{"Name": "Long", name: "9" * 51}]})) for name in numbers]

    assert [{name: shown[name] for name in numbers} for shown in (contact, listed)] == [numbers] * 2
    assert all("50 characters" in said[0] for said in long)
    assert app.contact("Long enough", TaxNumber="9" * 50)["TaxNumber"] == "9" * 50


def test_contact_names_are_tidied(app: App) -> None:
    """Spaces around and doubled ones go; < and > are refused, and so are more than 5 further persons."""
    made = app.contact("  Two   Spaces\tLtd ")
    persons = [{"FirstName": str(number)} for number in range(6)]

    assert made["Name"] == "Two Spaces Ltd"
    assert messages(app.put("Contacts", {"Contacts": [{"Name": "Two  Spaces Ltd"}]}))
    assert messages(app.put("Contacts", {"Contacts": [{"Name": "A <b>"}]}))
    assert messages(app.put("Contacts", {"Contacts": [{"Name": "Six", "ContactPersons": persons}]}))
    assert len(app.contact("Five", ContactPersons=persons[:5])["ContactPersons"]) == 5


def test_an_archived_contact_takes_no_documents(app: App) -> None:
    """A document for an archived contact is refused, by its id as by its number."""
    contact = app.contact("Gone", ContactNumber="HS-3")
    app.post(f"Contacts/{contact['ContactID']}", {"Contacts": [{"ContactStatus": "ARCHIVED"}]})
    said = [
        messages(app.put("Invoices", {"Invoices": [sale(contact) | {"Contact": named}]}))
        for named in ({"ContactID": contact["ContactID"]}, {"ContactNumber": "HS-3"})
    ]

    assert said == [["The contact is archived and cannot be used."]] * 2


def test_accrec_number_is_unique_and_accpay_number_is_not(app: App) -> None:
    """Sales invoice numbers are unique, those of bills are not."""
    contact = app.contact()
    bill = sale(contact, Type="ACCPAY", InvoiceNumber="B-1", LineItems=[line(AccountCode="429", TaxType="INPUT2")])
    app.invoice(contact, InvoiceNumber="S-1")

    assert app.put("Invoices", {"Invoices": [sale(contact, InvoiceNumber="s-1")]}).status_code == 400
    assert app.put("Invoices", {"Invoices": [bill, bill]}).status_code == 200


def test_automatic_numbering(app: App) -> None:
    """A sales invoice without a number gets the next one, leaving out what is taken."""
    contact = app.contact()
    one = app.invoice(contact)
    following = int(one["InvoiceNumber"].removeprefix("INV-")) + 1
    app.invoice(contact, InvoiceNumber=f"INV-{following:04d}")

    assert app.invoice(contact)["InvoiceNumber"] == f"INV-{following + 1:04d}"


# The life of an invoice


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "AUTHORISED"])
def test_invoice_is_created_in_three_statuses(app: App, status: str) -> None:
    """DRAFT, SUBMITTED and AUTHORISED are the statuses to begin with; none means DRAFT."""
    assert app.invoice(app.contact(), status)["Status"] == status


@pytest.mark.parametrize("status", ["PAID", "VOIDED", "DELETED"])
def test_other_statuses_are_not_valid_for_creation(app: App, status: str) -> None:
    """PAID is never set, it results; VOIDED and DELETED come later."""
    answer = app.put("Invoices", {"Invoices": [sale(app.contact(), status)]})

    assert messages(answer) == ["Invoice not of valid status for creation"]


@pytest.mark.parametrize(
    ("begin", "end", "allowed"),
    [
        ("DRAFT", "SUBMITTED", True),
        ("DRAFT", "AUTHORISED", True),
        ("DRAFT", "DELETED", True),
        ("DRAFT", "VOIDED", False),
        ("SUBMITTED", "AUTHORISED", True),
        ("SUBMITTED", "DELETED", True),
        ("AUTHORISED", "VOIDED", True),
        ("AUTHORISED", "DELETED", False),
        ("AUTHORISED", "DRAFT", False),
        ("AUTHORISED", "PAID", False),
    ],
)
def test_status_moves(app: App, begin: str, end: str, allowed: bool) -> None:
    """Drafts are approved or deleted, approved invoices voided."""
    answer = update(app, app.invoice(app.contact(), begin), Status=end)

    assert (200 if allowed else 400) == answer.status_code


@pytest.mark.parametrize(("begin", "end"), [("DRAFT", "DELETED"), ("AUTHORISED", "VOIDED")])
def test_deleted_and_voided_invoices_cannot_be_edited(app: App, begin: str, end: str) -> None:
    """What is gone stays as it is."""
    invoice = app.invoice(app.contact(), begin)
    update(app, invoice, Status=end)

    assert update(app, invoice, Reference="x").status_code == 400


def test_voiding_is_refused_with_payments(app: App) -> None:
    """An invoice with a payment cannot be voided; after the payment is deleted it can."""
    invoice = app.invoice(app.contact())
    made = app.pay(invoice, 15)
    refused = update(app, invoice, Status="VOIDED")
    app.post(f"Payments/{made['PaymentID']}", {"Payments": [{"Status": "DELETED"}]})

    assert "payment" in messages(refused)[0]
    assert update(app, invoice, Status="VOIDED").status_code == 200


def test_paid_results_from_payments_and_allocations(app: App) -> None:
    """When nothing is due any more the invoice is PAID, with the day as FullyPaidOnDate."""
    contact = app.contact()
    invoice = app.invoice(contact)
    app.pay(invoice, 100)
    note = first(app.put("CreditNotes", {"CreditNotes": [credit(contact)]}))
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 15, "Date": "2026-11-22"}]}
    app.put(f"CreditNotes/{note['CreditNoteID']}/Allocations", body)
    now = again(app, invoice)

    assert (now["Status"], now["AmountDue"], now["AmountPaid"], now["AmountCredited"]) == ("PAID", 0, 100, 15)
    assert "FullyPaidOnDate" in now
    assert [one["AppliedAmount"] for one in now["CreditNotes"]] == [15]


def test_overpaying_is_refused(app: App) -> None:
    """A payment of more than is due has its own message."""
    answer = app.put("Payments", {"Payments": [payment(app.invoice(app.contact()), 115.01)]})

    assert messages(answer) == ["Payment amount exceeds the amount outstanding on this document"]


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED"])
def test_only_approved_invoices_can_be_paid(app: App, status: str) -> None:
    """Drafts take no payments."""
    assert app.put("Payments", {"Payments": [payment(app.invoice(app.contact(), status), 1)]}).status_code == 400


# Required fields


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DueDate": None}, DUE),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"LineItems": None}, "One or more line items must be specified"),
        ({"Contact": None}, "A Contact must be specified for this type of transaction"),
        ({"LineItems": [line(Description="")]}, "Description must be specified"),
        ({"LineItems": [line(AccountCode=None)]}, "Account code must be specified"),
        ({"LineItems": [line(AccountCode="999")]}, "Account code '999' is not a valid code for this document."),
        (
            {"LineItems": [line(TaxType="NOPE")]},
            "The TaxType code 'NOPE' does not exist or cannot be used for this type of transaction.",
        ),
        ({"CurrencyCode": "EUR"}, "Organisation is not subscribed to currency EUR"),
        ({"Type": "NOPE"}, "NOPE is not a valid invoice type"),
        ({"LineItems": [line(ItemCode="NOPE")]}, "Item code 'NOPE' is not valid"),
        ({"LineItems": [line(LineAmount=99)]}, "The line total 99 does not match the expected line total 100.00"),
        ({"Url": "nonsense"}, "Url must be an absolute URL"),
    ],
)
def test_required_and_known_fields_of_an_approved_invoice(app: App, change: dict[str, Any], message: str) -> None:
    """Lines, descriptions, account codes, due date; known tax types, accounts and currencies."""
    assert message in messages(app.put("Invoices", {"Invoices": [sale(app.contact(), **change)]}))


@pytest.mark.parametrize("change", [{"DueDate": None}, {"LineItems": [line(AccountCode=None)]}])
def test_drafts_need_neither_due_date_nor_account_code(app: App, change: dict[str, Any]) -> None:
    """A draft may lack what approval will ask for."""
    contact = app.contact()
    draft = app.invoice(contact, "DRAFT", **change)

    assert update(app, draft, Status="AUTHORISED").status_code == 400


def test_unknown_account_code_of_a_draft_is_a_warning(app: App) -> None:
    """On a draft the unknown code is removed, with a warning."""
    body = {"Invoices": [sale(app.contact(), "DRAFT", LineItems=[line(AccountCode="999")])]}
    made = element(app.put("Invoices", body, summarizeErrors="false"))

    assert made["StatusAttributeString"] == "WARNING"
    assert made["Warnings"][0]["Message"].startswith("Account code '999' has been removed")
    assert "AccountCode" not in made["LineItems"][0]


def test_line_may_be_a_description_alone_and_item_code_fills_in(app: App) -> None:
    """A description needs no amount; an ItemCode brings description, price, account and tax."""
    made = app.invoice(app.contact(), LineItems=[{"Description": "Thank you"}, {"ItemCode": "SUPPORT", "Quantity": 2}])
    words, item = made["LineItems"]

    assert "UnitAmount" not in words
    assert (
        item["Description"],
        item["UnitAmount"],
        item["AccountCode"],
        item["TaxType"],
    ) == ("Support hour", 120, "200", "OUTPUT2")
    assert made["Total"] == 276


def test_date_left_out_is_today_in_the_organisations_zone(app: App) -> None:
    """An invoice without Date is of the organisation's today, which may be tomorrow in UTC."""
    org = app.sandbox.xero.books.organisations[app.tenant]
    made = app.invoice(app.contact(), "DRAFT")

    assert made["DateString"] == f"{org.today(app.clock.now()).isoformat()}T00:00:00"


# Money


def test_tax_is_worked_out_per_line_to_2_decimals_and_then_summed(app: App) -> None:
    """Three lines of 0.10 at 15 % make 0.06 of tax, where the sum's tax would be 0.05."""
    made = app.invoice(app.contact(), LineItems=[line(UnitAmount=0.10) for _ in range(3)])

    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == (0.3, 0.06, 0.36)


@pytest.mark.parametrize(
    ("types", "sub_total", "tax", "total"),
    [("Exclusive", 100, 15, 115), ("Inclusive", 86.96, 13.04, 100), ("NoTax", 100, 0, 100)],
)
def test_line_amount_types(app: App, types: str, sub_total: float, tax: float, total: float) -> None:
    """Amounts contain the tax, or it comes on top, or there is none."""
    made = app.invoice(app.contact(), LineAmountTypes=types)

    assert (sub_total, tax, total) == (made["SubTotal"], made["TotalTax"], made["Total"])


def test_unitdp_4_keeps_four_decimals(app: App) -> None:
    """UnitAmount has 2 decimals unless unitdp is 4, in writing and in reading."""
    contact = app.contact()
    body = {"Invoices": [sale(contact, LineItems=[line(Quantity=1000, UnitAmount=0.1234)])]}
    two, four = element(app.put("Invoices", body)), element(app.put("Invoices", body, unitdp=4))

    assert (two["LineItems"][0]["UnitAmount"], two["Total"]) == (0.12, 138)
    assert (four["LineItems"][0]["UnitAmount"], four["Total"]) == (0.1234, 141.91)
    read = again(app, four)["LineItems"][0]["UnitAmount"]
    assert read == 0.12
    assert app.one(f"Invoices/{four['InvoiceID']}", unitdp=4)["LineItems"][0]["UnitAmount"] == 0.1234


@pytest.mark.parametrize(
    ("discount", "amount"), [({"DiscountRate": 33.33}, "66.67"), ({"DiscountAmount": 12.5}, "87.50")]
)
def test_discounts_on_sales_by_rate_and_by_amount(app: App, discount: dict[str, Any], amount: str) -> None:
    """LineAmount is less the discount, and the invoice says what the discount is in all."""
    made = app.invoice(app.contact(), LineItems=[line(**discount)])

    assert Decimal(str(made["LineItems"][0]["LineAmount"])) == Decimal(amount)
    assert Decimal(str(made["TotalDiscount"])) == Decimal(100) - Decimal(amount)
    assert made["IsDiscounted"] is True


def test_discounts_on_bills_are_refused(app: App) -> None:
    """Only sales invoices have discounts."""
    lines = [line(AccountCode="429", TaxType="INPUT2", DiscountRate=10)]

    assert app.put("Invoices", {"Invoices": [sale(app.contact(), Type="ACCPAY", LineItems=lines)]}).status_code == 400


def test_a_sent_total_is_ignored(app: App) -> None:
    """Totals are what the lines say."""
    assert app.invoice(app.contact(), Total=9999, SubTotal=1)["Total"] == 115


def test_amount_due_is_total_less_paid_less_credited(app: App) -> None:
    """AmountDue = Total - AmountPaid - AmountCredited, after each payment."""
    contact = app.contact()
    invoice = app.invoice(contact)
    app.pay(invoice, 40)
    note = first(app.put("CreditNotes", {"CreditNotes": [credit(contact)]}))
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 25}]}
    app.put(f"CreditNotes/{note['CreditNoteID']}/Allocations", body)
    now = again(app, invoice)

    assert (now["Total"], now["AmountPaid"], now["AmountCredited"], now["AmountDue"]) == (115, 40, 25, 50)


@pytest.mark.parametrize(
    ("sent", "kept", "amount"),
    [
        ({"UnitAmount": 100000, "DiscountRate": 12.3456}, {"DiscountRate": 12.35}, 87650),
        ({"UnitAmount": 10000, "DiscountRate": 33.333}, {"DiscountRate": 33.33}, 6667),
        ({"Quantity": 2.33333, "UnitAmount": 90}, {"Quantity": 2.3333}, 210),
        ({"Quantity": 3, "UnitAmount": 0.125}, {"UnitAmount": 0.13}, 0.39),
    ],
)
def test_decimals_are_tidied(app: App, sent: dict[str, Any], kept: dict[str, Any], amount: float) -> None:
    """Two decimals of a rate and of a price, four of a quantity are kept, and the line is worked out from those."""
    shown = app.invoice(app.contact(), "DRAFT", LineItems=[line(**sent)])["LineItems"][0]

    assert {name: shown[name] for name in kept} == kept
    assert shown["LineAmount"] == amount


def test_a_line_amount_must_fit_the_tidied_rate(app: App) -> None:
    """The amount that the sent rate would make is refused where the kept rate makes another."""
    given = sale(app.contact(), LineItems=[line(UnitAmount=100000, DiscountRate=12.3456, LineAmount=87654.4)])

    assert messages(app.put("Invoices", {"Invoices": [given]})) == [
        "The line total 87654.4 does not match the expected line total 87650.00"
    ]


def test_lines_of_nothing_lose_account_and_tax(app: App) -> None:
    """A line of 0.00 comes back without account and tax, also after it was sent again; other lines keep theirs."""
    invoice = app.invoice(app.contact(), "DRAFT", LineItems=[line(UnitAmount=0), line()])
    sent = [{**one, "AccountCode": "200", "TaxType": "OUTPUT2"} for one in invoice["LineItems"]]
    later = element(update(app, invoice, LineItems=[{k: v for k, v in one.items() if k != "Tracking"} for one in sent]))

    for shown in (invoice, later, again(app, invoice)):
        free, paid = shown["LineItems"]
        assert not {"AccountCode", "AccountID", "TaxType"} & set(free)
        assert (free["LineAmount"], free["TaxAmount"], free["Quantity"]) == (0, 0, 1)
        assert (paid["AccountCode"], paid["TaxType"]) == ("200", "OUTPUT2")


def test_texts_are_tidied(app: App) -> None:
    """Letters beyond U+FFFF go, and a description is cut at 4,000 characters."""
    lines = [line(Description="Party \U0001f389 hats"), line(Description="x" * 4001)]
    invoice = app.invoice(app.contact(), "DRAFT", Reference="A\U0001f600B", LineItems=lines)

    assert [one["Description"] for one in invoice["LineItems"]] == ["Party  hats", "x" * 4000]
    assert invoice["Reference"] == "AB"


def test_lines_that_are_not_sent_are_removed_and_those_without_id_made_anew(app: App) -> None:
    """An update keeps a line whose LineItemID it sends, and drops the rest."""
    invoice = app.invoice(app.contact(), "DRAFT", LineItems=[line(), line(Description="Second")])
    kept, gone = (one["LineItemID"] for one in invoice["LineItems"])
    changed = element(update(app, invoice, LineItems=[line(LineItemID=kept), line(Description="Third")]))
    now = [one["LineItemID"] for one in changed["LineItems"]]

    assert kept == now[0]
    assert gone not in now
    assert len(now) == 2


def test_lines_stay_when_none_are_sent(app: App) -> None:
    """An update without LineItems leaves the lines as they are."""
    invoice = app.invoice(app.contact(), "DRAFT")

    assert invoice["LineItems"] == element(update(app, invoice, Reference="R"))["LineItems"]


@pytest.mark.parametrize("name", ["PeriodLockDate", "EndOfYearLockDate"])
def test_lock_dates_refuse_documents_dated_on_or_before_them(app: App, name: str) -> None:
    """The organisation shows its lock dates; what is dated in the locked time is refused, payments too."""
    contact = app.contact()
    invoice = app.invoice(contact, Date="2026-10-31")
    app.steer(f"organisations/{app.tenant}", {name: "2026-10-31"})
    refused = app.put("Invoices", {"Invoices": [sale(contact, Date="2026-10-31")]})
    paid = app.put("Payments", {"Payments": [{**payment(invoice, 5), "Date": "2026-10-30"}]})

    assert name in app.one("Organisation")
    assert "lock date, currently set at 31-Oct-2026" in messages(refused)[0]
    assert paid.status_code == 400
    assert app.put("Invoices", {"Invoices": [sale(contact, Date="2026-11-01")]}).status_code == 200


@pytest.mark.parametrize("change", [{"Reference": "new"}, {"Date": "2026-11-01"}, {"Status": "VOIDED"}])
def test_lock_dates_refuse_edits_and_voids(app: App, change: dict[str, Any]) -> None:
    """What stands in the locked time is neither edited, nor voided, nor moved out of it."""
    invoice = app.invoice(app.contact(), Date="2026-10-31")
    app.steer(f"organisations/{app.tenant}", {"EndOfYearLockDate": "2026-10-31"})
    refused = messages(update(app, invoice, **change))
    app.steer(f"organisations/{app.tenant}", {"EndOfYearLockDate": None})

    assert refused == ["The document date cannot be before the end of year lock date, currently set at 31-Oct-2026"]
    assert again(app, invoice)["UpdatedDateUTC"] == invoice["UpdatedDateUTC"]
    assert update(app, invoice, **change).status_code == 200


def test_archived_accounts_take_no_lines(app: App) -> None:
    """An account that was archived in Xero is shown so, and refused on drafts and approved documents alike."""
    draft = app.invoice(app.contact(), "DRAFT")
    app.steer(f"organisations/{app.tenant}", {"ArchivedAccounts": ["200"]})
    account = next(one for one in app.get("Accounts").json()["Accounts"] if one["Code"] == "200")
    said = [messages(app.put("Invoices", {"Invoices": [sale(app.contact(n), n)]})) for n in ("DRAFT", "AUTHORISED")]
    approved = messages(update(app, draft, Status="AUTHORISED"))
    app.steer(f"organisations/{app.tenant}", {"ArchivedAccounts": []})
    text = "Account code '200' has been archived, or has been deleted. Each line item must reference a valid account."

    assert account["Status"] == "ARCHIVED"
    assert (*said, approved) == ([text], [text], [text])
    assert update(app, draft, Status="AUTHORISED").status_code == 200


@pytest.mark.parametrize(
    ("plan", "kind", "limit"), [("STARTER", "ACCREC", 20), ("IGNITE", "ACCPAY", 5), ("SIMPLE", "ACCREC", 10)]
)
def test_small_plans_limit_what_is_approved_in_a_month(app: App, plan: str, kind: str, limit: int) -> None:
    """So many invoices of one calendar month may be approved; drafts are free, and other months have their own.

    The month is far from those in which the sandbox has any, wherever its clock stands.
    """
    app.steer(f"organisations/{app.tenant}", {"Class": plan})
    contact, more = app.contact(), {"Type": kind, "LineItems": [line(AccountCode="429" if kind == "ACCPAY" else "200")]}
    body = [sale(contact, Date="2029-03-05", **more) for _ in range(limit)]
    assert app.put("Invoices", {"Invoices": body}).status_code == 200
    one_more = messages(app.put("Invoices", {"Invoices": [sale(contact, Date="2029-03-31", **more)]}))
    draft = app.invoice(contact, "DRAFT", Date="2029-03-31", **more)
    approved = messages(update(app, draft, Status="AUTHORISED"))
    elsewhere = update(app, draft, Status="AUTHORISED", Date="2029-04-01")

    assert one_more == approved == ["You have reached the limit of invoices you can approve"]
    assert elsewhere.status_code == 200
    assert update(app, element(elsewhere), Reference="edited").status_code == 200


def test_organisation_actions_tell_the_limit(app: App) -> None:
    """`/Organisation/Actions` names what may be done; approving is not allowed while this month's limit is reached."""

    def allowed() -> dict[str, str]:
        return {one["Name"]: one["Status"] for one in app.get("Organisation/Actions").json()["Actions"]}

    before = allowed()
    app.steer(f"organisations/{app.tenant}", {"Class": "SIMPLE", "Currencies": ["NZD"]})
    today = app.sandbox.xero.books.organisations[app.tenant].today(app.clock.now()).isoformat()
    approved = [sale(app.contact(), Date=today) for _ in range(1)] * 10
    answer = app.put("Invoices", {"Invoices": approved}, summarizeErrors="false")

    assert answer.status_code == 200
    assert (before["CreateApprovedInvoice"], before["UseMulticurrency"]) == ("ALLOWED", "ALLOWED")
    assert (allowed()["CreateApprovedInvoice"], allowed()["UseMulticurrency"]) == ("NOT-ALLOWED", "NOT-ALLOWED")
    assert allowed()["CreateDraftInvoice"] == "ALLOWED"


def test_payment_terms_of_contacts_and_organisation(app: App) -> None:
    """Terms have a day of 0 to 31 and one of four types; the organisation has its own, and none sets a due date."""
    terms = {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}, "Bills": {"Day": 0, "Type": "DAYSAFTERBILLDATE"}}
    contact = app.contact(PaymentTerms=terms)
    wrong = [{"Sales": {"Day": 32, "Type": "OFCURRENTMONTH"}}, {"Sales": {"Day": 7, "Type": "SOON"}}]
    refused = [app.put("Contacts", {"Contacts": [{"Name": "Wrong", "PaymentTerms": one}]}).status_code for one in wrong]
    app.steer(f"organisations/{app.tenant}", {"PaymentTerms": terms})
    undated = {name: value for name, value in sale(contact).items() if name != "DueDate"}

    assert contact["PaymentTerms"] == terms
    assert refused == [400, 400]
    assert app.one("Organisation")["PaymentTerms"] == terms
    assert messages(app.put("Invoices", {"Invoices": [undated]})) == [DUE]


def test_a_discount_must_not_exceed_its_line(app: App) -> None:
    """A DiscountAmount above the line, or 0 on a negative line, is refused with the rate that it makes."""
    contact = app.contact()
    said = [
        messages(app.put("Invoices", {"Invoices": [sale(contact, LineItems=[one, line(UnitAmount=500)])]}))
        for one in (line(DiscountAmount=150), line(UnitAmount=-100, DiscountAmount=0))
    ]

    assert [one[0].partition("'")[0] for one in said] == ["The discount rate "] * 2
    assert all("is invalid. Discount must not be greater than the line total." in one[0] for one in said)
    assert "'150.00'" in said[0][0]


def test_foreign_currency_takes_the_days_rate_or_the_one_sent(app: App) -> None:
    """An invoice in an added currency has a rate, ours or theirs; balances are in the base currency."""
    contact = app.contact()
    ours = app.invoice(contact, CurrencyCode="USD", CurrencyRate=0.5)
    theirs = app.invoice(contact, CurrencyCode="USD")

    assert (ours["CurrencyRate"], theirs["CurrencyRate"]) == (0.5, 0.6)
    balances = app.one(f"Contacts/{contact['ContactID']}")["Balances"]
    assert balances["AccountsReceivable"]["Outstanding"] == 421.67


# Contacts inside invoices


def test_contact_fields_inside_an_invoice_change_the_contact_and_drop_its_persons(app: App) -> None:
    """More than the ContactID changes the contact; its ContactPersons are gone."""
    person = {"FirstName": "Pat", "LastName": "Lee", "EmailAddress": "p@b.example"}
    contact = app.contact(ContactPersons=[person])
    app.invoice(contact)
    kept = app.one(f"Contacts/{contact['ContactID']}")
    app.invoice(contact, Contact={"ContactID": contact["ContactID"], "EmailAddress": "new@b.example"})
    wiped = app.one(f"Contacts/{contact['ContactID']}")

    assert len(kept["ContactPersons"]) == 1
    assert (wiped["ContactPersons"], wiped["EmailAddress"]) == ([], "new@b.example")


def test_unknown_name_inside_an_invoice_creates_a_contact(app: App) -> None:
    """A Contact with only a new Name is made; with a known one it is found."""
    made = app.invoice({"ContactID": ""}, Contact={"Name": "Out of nowhere"})
    found = app.invoice({"ContactID": ""}, Contact={"Name": "out of NOWHERE"})

    assert made["Contact"]["Name"] == "Out of nowhere"
    assert made["Contact"]["ContactID"] == found["Contact"]["ContactID"]


def test_contact_must_be_identified(app: App) -> None:
    """A Contact with neither Name nor id has the documented message."""
    answer = app.put("Invoices", {"Invoices": [sale(app.contact(), Contact={"EmailAddress": "a@b.example"})]})

    assert messages(answer)[0].startswith("The Contact must contain at least 1 of the following elements")


# Payments and credits


def test_payments_are_immutable_and_deleted_by_post(app: App) -> None:
    """DELETED is the only change; it opens the invoice again and moves its UpdatedDateUTC."""
    invoice = app.invoice(app.contact())
    made = app.pay(invoice, 115)
    paid = again(app, invoice)
    app.clock.shift(2)
    refused = app.post(f"Payments/{made['PaymentID']}", {"Payments": [{"Amount": 5}]})
    gone = element(app.post(f"Payments/{made['PaymentID']}", {"Payments": [{"Status": "DELETED"}]}))
    now = again(app, invoice)

    assert refused.status_code == 400
    assert gone["Status"] == "DELETED"
    assert (paid["Status"], now["Status"], now["AmountDue"]) == ("PAID", "AUTHORISED", 115)
    assert now["UpdatedDateUTC"] > paid["UpdatedDateUTC"]
    assert now["Payments"] == []
    assert "FullyPaidOnDate" not in now


@pytest.mark.parametrize(
    "change",
    [{"Amount": 0}, {"Amount": -1}, {"Account": {"Code": "200"}}, {"Account": {"Code": "999"}}, {"Invoice": None}],
)
def test_payment_needs_an_amount_an_account_for_payments_and_a_document(app: App, change: dict[str, Any]) -> None:
    """Amounts are positive, accounts are banks or take payments."""
    body = {**payment(app.invoice(app.contact()), 5), **change}

    assert app.put("Payments", {"Payments": [body]}).status_code == 400


def test_account_that_takes_payments_is_no_bank(app: App) -> None:
    """The official example pays into account 970."""
    body = {**payment(app.invoice(app.contact()), 1), "Account": {"Code": "970"}, "Date": "2026-11-20"}

    assert app.put("Payments", {"Payments": [body]}).status_code == 200


@pytest.mark.parametrize("kind", ["Prepayment", "Overpayment"])
def test_prepayments_and_overpayments_are_made_and_allocated(app: App, kind: str) -> None:
    """Money received without an invoice is a credit that can be set off; both sides change."""
    contact = app.contact()
    invoice = app.invoice(contact)
    body = {
        "Type": f"RECEIVE-{kind.upper()}",
        "Contact": {"ContactID": contact["ContactID"]},
        "BankAccount": {"Code": "090"},
        "LineItems": [{"Description": "Received", "Quantity": 1, "UnitAmount": 60, "AccountCode": "610"}],
    }
    made = first(app.put("BankTransactions", {"BankTransactions": [body]}))
    path = f"{kind}s/{made[f'{kind}ID']}"
    allocation = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 50}]}
    app.put(f"{path}/Allocations", allocation)

    assert app.one(path)["RemainingCredit"] == 10
    assert (again(app, invoice)["AmountCredited"], again(app, invoice)["AmountDue"]) == (50, 65)
    assert [one["AppliedAmount"] for one in again(app, invoice)[f"{kind}s"]] == [50]
    too_much = app.put(f"{path}/Allocations", allocation)
    assert too_much.status_code == 400


def test_deleting_an_allocation_opens_the_invoice_again(app: App) -> None:
    """DELETE of an allocation gives the credit back."""
    contact = app.contact()
    invoice = app.invoice(contact)
    note = first(app.put("CreditNotes", {"CreditNotes": [credit(contact)]}))
    path = f"CreditNotes/{note['CreditNoteID']}"
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 115}]}
    made = first(app.put(f"{path}/Allocations", body))
    paid = again(app, invoice)["Status"]
    app.call("DELETE", f"{path}/Allocations/{made['AllocationID']}")

    assert (paid, "AUTHORISED") == ("PAID", again(app, invoice)["Status"])
    assert app.one(path)["RemainingCredit"] == 115


def test_credit_notes_are_created_updated_and_voided(app: App) -> None:
    """Credit notes have the life and the numbering of invoices."""
    note = first(app.put("CreditNotes", {"CreditNotes": [credit(app.contact(), Status="DRAFT")]}))
    path = f"CreditNotes/{note['CreditNoteID']}"
    approved = first(app.post(path, {"CreditNotes": [{"Status": "AUTHORISED"}]}))
    voided = first(app.post(path, {"CreditNotes": [{"Status": "VOIDED"}]}))
    unknown = app.post("CreditNotes", {"CreditNotes": [{"CreditNoteID": "00000000-0000-0000-0000-000000000009"}]})

    assert note["CreditNoteNumber"].startswith("CN-")
    assert (approved["Status"], voided["Status"]) == ("AUTHORISED", "VOIDED")
    assert messages(unknown) == ["An existing Credit Note with the specified CreditNoteID could not be found"]


@pytest.mark.parametrize("body", ["[]", "{}", '{"Contacts":[]}', '{"Contacts":[5]}', "not json", '"text"'])
def test_body_that_cannot_be_read_is_400(app: App, body: str) -> None:
    """A body that is no JSON, or has no elements, is refused as a whole."""
    answer = app.http.put(
        "/api.xro/2.0/Contacts",
        content=body,
        headers={
            "Authorization": f"Bearer {app.tokens['access_token']}",
            "xero-tenant-id": app.tenant,
            "Accept": "application/json",
        },
    )

    assert answer.status_code == 400


def credit(contact: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of an approved credit note of 115.00."""
    return {
        "Type": "ACCRECCREDIT",
        "Contact": {"ContactID": contact["ContactID"]},
        "Status": "AUTHORISED",
        "LineItems": [line()],
        **more,
    }


# XML


def xml(app: App, method: str, path: str, body: str) -> Any:
    """Send a body as XML and ask for JSON."""
    sent = {"Accept": "application/json", "xero-tenant-id": app.tenant, "Content-Type": "application/xml"}
    return app.http.request(method, f"/api.xro/2.0/{path}", content=body.encode(), headers={**sent, **app._bearer()})


def test_xml_bodies_make_what_json_bodies_make(app: App) -> None:
    """An invoice sent as XML is read like the same in JSON: lists, numbers, booleans, dates and all."""
    contact = element(
        xml(
            app,
            "PUT",
            "Contacts",
            "<Contacts><Contact><Name>Ex &amp; Em Ltd</Name><ContactPersons><ContactPerson><FirstName>Pat</FirstName>"
            "<IncludeInEmails>false</IncludeInEmails></ContactPerson></ContactPersons></Contact></Contacts>",
        )
    )
    invoice = element(
        xml(
            app,
            "PUT",
            "Invoices",
            f"""<?xml version="1.0"?><Invoices><Invoice><Type>ACCREC</Type>
            <Contact><ContactID>{contact["ContactID"]}</ContactID></Contact><Date>2026-11-22T00:00:00</Date>
            <DueDate>2030-12-22</DueDate><Status>AUTHORISED</Status><SentToContact>false</SentToContact><LineItems>
            <LineItem><Description>true</Description><Quantity>2</Quantity><UnitAmount>10.50</UnitAmount>
            <AccountCode>200</AccountCode></LineItem>
            <LineItem><Description>Other</Description><Quantity>1</Quantity><UnitAmount>1</UnitAmount>
            <AccountCode>200</AccountCode><TaxType>NONE</TaxType></LineItem></LineItems></Invoice></Invoices>""",
        )
    )
    paid = element(
        xml(
            app,
            "PUT",
            "Payments",
            f"<Payment><Invoice><InvoiceID>{invoice['InvoiceID']}</InvoiceID></Invoice><Account><Code>090</Code>"
            "</Account><Amount>5</Amount><IsReconciled>true</IsReconciled></Payment>",
        )
    )

    assert (contact["Name"], contact["ContactPersons"][0]["IncludeInEmails"]) == ("Ex & Em Ltd", False)
    assert [one["LineAmount"] for one in invoice["LineItems"]] == [21, 1]
    assert (invoice["DateString"], invoice["SentToContact"]) == ("2026-11-22T00:00:00", False)
    assert invoice["LineItems"][0]["Description"] == "true"
    assert (paid["IsReconciled"], again(app, invoice)["AmountPaid"]) == (True, 5)


def test_xml_errors_are_answered_as_json_ones(app: App) -> None:
    """A rule refuses an XML element as it does a JSON one; a body that is no XML, or has a DOCTYPE, is 400."""
    wrong = xml(app, "PUT", "Contacts", "<Contacts><Contact><FirstName>No name</FirstName></Contact></Contacts>")
    broken = xml(app, "PUT", "Contacts", "<Contacts><Contact>")
    doctype = xml(
        app, "PUT", "Contacts", "<!DOCTYPE x [<!ENTITY a 'b'>]><Contacts><Contact><Name>&a;</Name></Contact></Contacts>"
    )

    assert messages(wrong) == ["The Contact Name must be specified."]
    assert [(one.status_code, one.json()["Type"]) for one in (broken, doctype)] == [
        (400, "PostDataInvalidException")
    ] * 2


@pytest.mark.parametrize(("paid", "status"), [(False, "AUTHORISED"), (True, "PAID")])
def test_an_approved_invoice_of_nothing(app: App, paid: bool, status: str) -> None:
    """A total of 0.00 may be approved; whether it is PAID at once is open, hence a switch."""
    app.steer("settings", {"zero_invoices_paid": paid})
    made = app.invoice(app.contact(), LineItems=[line(), line(UnitAmount=-100)])
    later = app.invoice(app.contact("Later"), "DRAFT", LineItems=[line(UnitAmount=0)])
    approved = element(update(app, later, Status="AUTHORISED"))

    assert [(one["Status"], one["Total"], one["AmountDue"]) for one in (made, approved)] == [(status, 0, 0)] * 2
    assert ("FullyPaidOnDate" in made) is paid
