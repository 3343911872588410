"""What Xero answers, in Xero's own names, read tolerantly. Does no I/O.

Unknown keys and enum values never lose an answer: keys are ignored and enums are plain text.
Nulls become the empty value of their kind. Both of Xero's date forms are read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from ledgerloop.xero.timezones import iana_from_timezone
from ledgerloop.xero.values import Day, Flag, Listed, Moment, Money, Present, Rate, Text


class Model(BaseModel):
    """Be read from Xero's JSON and never changed."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Pagination(Model):
    """Say which page of how many a list is."""

    page: int = 1
    pageSize: int = 100  # noqa: N815
    pageCount: int = 1  # noqa: N815
    itemCount: int = 0  # noqa: N815


class Message(Model):
    """Hold one sentence of a warning or of a validation error."""

    Message: Text = ""


class Address(Model):
    """Hold one address of a contact; Xero lists empty ones too."""

    AddressType: Text = ""
    AddressLine1: Text = ""
    AddressLine2: Text = ""
    AddressLine3: Text = ""
    AddressLine4: Text = ""
    City: Text = ""
    Region: Text = ""
    PostalCode: Text = ""
    Country: Text = ""
    AttentionTo: Text = ""


class Phone(Model):
    """Hold one telephone number of a contact; Xero lists empty ones too."""

    PhoneType: Text = ""
    PhoneNumber: Text = ""
    PhoneAreaCode: Text = ""
    PhoneCountryCode: Text = ""


class ContactPerson(Model):
    """Hold one further person of a contact."""

    FirstName: Text = ""
    LastName: Text = ""
    EmailAddress: Text = ""
    IncludeInEmails: Flag = False


class Balance(Model):
    """Hold what is outstanding and overdue on one side of the books."""

    Outstanding: Money = Decimal(0)
    Overdue: Money = Decimal(0)


class ContactBalances(Model):
    """Hold a contact's balances, in the organisation's base currency."""

    AccountsReceivable: Annotated[Balance, Present] = Balance()
    AccountsPayable: Annotated[Balance, Present] = Balance()


class Term(Model):
    """Hold when documents are due: a day, and what it is counted from."""

    Day: int | None = None
    Type: Text = ""


class TermsOfPayment(Model):
    """Hold when sales are due; when bills are is not our business."""

    Sales: Annotated[Term, Present] = Term()


class Contact(Model):
    """Hold a contact. Balances, PaymentTerms and MergedToContactID come only with paging or a single fetch."""

    ContactID: Text = ""
    MergedToContactID: Text = ""
    ContactNumber: Text = ""
    AccountNumber: Text = ""
    ContactStatus: Text = "ACTIVE"
    Name: Text = ""
    FirstName: Text = ""
    LastName: Text = ""
    CompanyNumber: Text = ""
    EmailAddress: Text = ""
    TaxNumber: Text = ""
    DefaultCurrency: Text = ""
    IsSupplier: Flag = False
    IsCustomer: Flag = False
    Addresses: Annotated[list[Address], Listed] = []
    Phones: Annotated[list[Phone], Listed] = []
    ContactPersons: Annotated[list[ContactPerson], Listed] = []
    PaymentTerms: Annotated[TermsOfPayment, Present] = TermsOfPayment()
    Balances: ContactBalances | None = None
    UpdatedDateUTC: Moment = None


class DocumentContact(Model):
    """Hold what a document says about its contact: in lists the id and name, in a single fetch more."""

    ContactID: Text = ""
    ContactNumber: Text = ""
    Name: Text = ""
    EmailAddress: Text = ""


class LineTracking(Model):
    """Hold the option that a line has in a tracking category."""

    Name: Text = ""
    Option: Text = ""


class LineItem(Model):
    """Hold one line of a document; a line may be a description alone."""

    LineItemID: Text = ""
    Description: Text = ""
    Quantity: Money = Decimal(0)
    UnitAmount: Money = Decimal(0)
    ItemCode: Text = ""
    AccountCode: Text = ""
    TaxType: Text = ""
    TaxAmount: Money = Decimal(0)
    LineAmount: Money = Decimal(0)
    DiscountRate: Money = Decimal(0)
    DiscountAmount: Money = Decimal(0)
    Tracking: Annotated[list[LineTracking], Listed] = []


class DocumentPayment(Model):
    """Hold a payment as it comes inside its document."""

    PaymentID: Text = ""
    Date: Day = None
    Amount: Money = Decimal(0)
    CurrencyRate: Rate = Decimal(1)
    Reference: Text = ""
    Status: Text = ""


class AppliedCredit(Model):
    """Hold a credit note, prepayment or overpayment as it comes inside the invoice that it was applied to."""

    CreditNoteID: Text = ""
    PrepaymentID: Text = ""
    OverpaymentID: Text = ""
    AppliedAmount: Money = Decimal(0)
    Total: Money = Decimal(0)


class Document(Model):
    """Hold what all documents have in common."""

    Type: Text = ""
    Contact: Annotated[DocumentContact, Present] = DocumentContact()
    Status: Text = ""
    Date: Day = None
    LineAmountTypes: Text = ""
    LineItems: Annotated[list[LineItem], Listed] = []
    SubTotal: Money = Decimal(0)
    TotalTax: Money = Decimal(0)
    Total: Money = Decimal(0)
    CurrencyCode: Text = ""
    CurrencyRate: Rate = Decimal(1)
    Reference: Text = ""
    Payments: Annotated[list[DocumentPayment], Listed] = []
    UpdatedDateUTC: Moment = None


class Invoice(Document):
    """Hold a sales invoice (ACCREC) or a bill (ACCPAY). Payments arrive inside it."""

    InvoiceID: Text = ""
    InvoiceNumber: Text = ""
    DueDate: Day = None
    SentToContact: Flag = False
    AmountDue: Money = Decimal(0)
    AmountPaid: Money = Decimal(0)
    AmountCredited: Money = Decimal(0)
    FullyPaidOnDate: Day = None
    CreditNotes: Annotated[list[AppliedCredit], Listed] = []
    Prepayments: Annotated[list[AppliedCredit], Listed] = []
    Overpayments: Annotated[list[AppliedCredit], Listed] = []
    Url: Text = ""

    @property
    def identifier(self) -> str:
        """Return the document's own id, whatever Xero calls it."""
        return self.InvoiceID


class AllocatedInvoice(Model):
    """Hold what an allocation says about its invoice."""

    InvoiceID: Text = ""
    InvoiceNumber: Text = ""


class Allocation(Model):
    """Hold one use of a credit."""

    AllocationID: Text = ""
    Amount: Money = Decimal(0)
    Date: Day = None
    Invoice: Annotated[AllocatedInvoice, Present] = AllocatedInvoice()


class Credit(Document):
    """Hold what credit notes, prepayments and overpayments have in common."""

    ID: Text = ""
    RemainingCredit: Money = Decimal(0)
    Allocations: Annotated[list[Allocation], Listed] = []


class CreditNote(Credit):
    """Hold a credit note."""

    CreditNoteID: Text = ""
    CreditNoteNumber: Text = ""

    @property
    def identifier(self) -> str:
        """Return the document's own id, whatever Xero calls it."""
        return self.CreditNoteID or self.ID


class Prepayment(Credit):
    """Hold money paid before there was an invoice."""

    PrepaymentID: Text = ""

    @property
    def identifier(self) -> str:
        """Return the document's own id, whatever Xero calls it."""
        return self.PrepaymentID or self.ID


class Overpayment(Credit):
    """Hold money paid beyond what was due."""

    OverpaymentID: Text = ""

    @property
    def identifier(self) -> str:
        """Return the document's own id, whatever Xero calls it."""
        return self.OverpaymentID or self.ID


class PaidDocument(Model):
    """Hold what a payment was made on. With Type ACCRECCREDIT and the like the InvoiceID is really that document's."""

    Type: Text = ""
    InvoiceID: Text = ""
    InvoiceNumber: Text = ""
    CurrencyCode: Text = ""
    Contact: Annotated[DocumentContact, Present] = DocumentContact()


class Payment(Model):
    """Hold a payment. It names no email: neither of Xero's examples does."""

    PaymentID: Text = ""
    Date: Day = None
    Amount: Money = Decimal(0)
    CurrencyRate: Rate = Decimal(1)
    Reference: Text = ""
    PaymentType: Text = ""
    Status: Text = ""
    Invoice: Annotated[PaidDocument, Present] = PaidDocument()
    UpdatedDateUTC: Moment = None


class Organisation(Model):
    """Hold the organisation itself."""

    OrganisationID: Text = ""
    Name: Text = ""
    LegalName: Text = ""
    BaseCurrency: Text = ""
    CountryCode: Text = ""
    Timezone: Text = ""
    ShortCode: Text = ""
    Class: Text = ""
    """The plan."""
    IsDemoCompany: Flag = False
    PaymentTerms: Annotated[TermsOfPayment, Present] = TermsOfPayment()
    PeriodLockDate: Day = None
    EndOfYearLockDate: Day = None

    @property
    def zone(self) -> str:
        """Return the IANA name of the organisation's time zone; UTC where Xero's word is not known."""
        return iana_from_timezone(self.Timezone)


class Account(Model):
    """Hold an account of the chart of accounts."""

    AccountID: Text = ""
    Code: Text = ""
    Name: Text = ""
    Type: Text = ""
    Status: Text = ""
    TaxType: Text = ""
    Class: Text = ""
    SystemAccount: Text = ""
    EnablePaymentsToAccount: Flag = False


class TaxRate(Model):
    """Hold a tax rate; documents name it by its TaxType."""

    Name: Text = ""
    TaxType: Text = ""
    Status: Text = ""
    DisplayTaxRate: Money = Decimal(0)
    EffectiveRate: Money = Decimal(0)
    CanApplyToRevenue: Flag = False


class Connection(Model):
    """Hold that the app may act in a tenant. ``id`` is the connection's own, not the tenant's."""

    id: Text = ""
    authEventId: Text = ""  # noqa: N815
    tenantId: Text = ""  # noqa: N815
    tenantType: Text = ""  # noqa: N815
    tenantName: Text = ""  # noqa: N815
    createdDateUtc: Moment = None  # noqa: N815
    updatedDateUtc: Moment = None  # noqa: N815
