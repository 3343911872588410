"""The properties that every portal has from the start, as compact lines. Data only.

A line is `name type[:fieldType][!flag...] Label`: flags are `c` calculated, `r` read only, `u` unique.
"""

from __future__ import annotations

from ledgerloop_sandbox.hubspot.billing import MONTHLY, START_DATE, WEEKLY
from ledgerloop_sandbox.hubspot.definitions import BOOLEAN, Definition, Option
from ledgerloop_sandbox.hubspot.kinds import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    LINE_ITEM,
    NOTE,
    PAYMENT,
    PRODUCT,
    SUBSCRIPTION,
    TASK,
    Kind,
)

_FIELD = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
    "phone_number": "phonenumber",
}

STAGES_OF_LIFE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)

_EVERY = """
hs_object_id number!ru Record ID
hs_object_source string!r Record source
hs_object_source_id string!r Record source ID
hs_object_source_label string!r Record source detail
hubspot_owner_id string Owner
hs_merged_object_ids string!r Merged record IDs
"""

_OWN: dict[Kind, str] = {
    CONTACT: """
createdate datetime!r Create date
lastmodifieddate datetime!r Last modified date
email string!u Email
hs_additional_emails enumeration:checkbox Additional email addresses
firstname string First name
lastname string Last name
phone string:phonenumber Phone number
mobilephone string:phonenumber Mobile phone number
company string Company name
jobtitle string Job title
website string Website URL
address string Street address
city string City
state string State/Region
zip string Postal code
country string Country/Region
lifecyclestage enumeration:radio Lifecycle stage
hs_lead_status enumeration:radio Lead status
hs_language enumeration Preferred language
associatedcompanyid number!r Primary associated company ID
hs_email_domain string!r Email domain
hs_marketable_status enumeration!r Marketing contact status
""",
    COMPANY: """
createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
name string Company name
domain string Company domain name
hs_additional_domains enumeration:checkbox Additional domains
website string Website URL
phone string:phonenumber Phone number
address string Street address
address2 string Street address 2
city string City
state string State/Region
zip string Postal code
country string Country/Region
industry string Industry
description string:textarea Description
annualrevenue number Annual revenue
numberofemployees number Number of employees
lifecyclestage enumeration:radio Lifecycle stage
num_associated_contacts number!c Number of associated contacts
""",
    DEAL: """
createdate datetime Create date
hs_lastmodifieddate datetime!r Last modified date
dealname string Deal name
amount number Amount
closedate datetime Close date
pipeline enumeration Pipeline
dealstage enumeration:radio Deal stage
deal_currency_code enumeration Currency
dealtype enumeration:radio Deal type
description string:textarea Deal description
closed_won_reason string:textarea Closed won reason
closed_lost_reason string:textarea Closed lost reason
hs_is_closed_won bool:calculation_equation!c Is closed won
hs_is_closed bool:calculation_equation!c Is deal closed
hs_is_closed_lost bool:calculation_equation!c Is closed lost
hs_deal_stage_probability number!c Deal probability
hs_deal_amount_in_home_currency number!c Amount in company currency
hs_exchange_rate number!r Exchange rate
hs_priority enumeration Priority
""",
    LINE_ITEM: """
createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
name string Name
description string:textarea Description
quantity number Quantity
price number Unit price
amount number!c Net price
hs_sku string SKU
hs_product_id number Product ID
discount number Unit discount
hs_discount_percentage number Discount percentage
hs_total_discount number!c Total discount
hs_pre_discount_amount number!c Pre-discount amount
tax number Tax
hs_tax_amount number!c Tax amount
hs_tax_rate number!c Tax rate
hs_tax_rate_group_id enumeration Tax rate group ID
hs_tax_label string!c Tax label
hs_tax_category string Tax category
hs_post_tax_amount number!c Post-tax amount
hs_auto_tax_amount number!r Automatic tax amount
hs_line_item_currency_code enumeration Currency
recurringbillingfrequency enumeration Billing frequency
hs_recurring_billing_period string Term
hs_recurring_billing_terms enumeration Billing terms
hs_recurring_billing_number_of_payments number!c Number of payments
hs_billing_start_delay_type enumeration Billing start
hs_recurring_billing_start_date date Billing start date
hs_billing_start_delay_days number Billing start delay (days)
hs_billing_start_delay_months number Billing start delay (months)
hs_recurring_billing_end_date date!c Billing end date
hs_billing_period_start_date date Service period start date
hs_billing_period_end_date date Service period end date
hs_pricing_model enumeration Pricing model
hs_tier_ranges string Tier ranges
hs_tier_prices string Tier prices
hs_term_in_months number!c Term in months
hs_position_on_quote number Position on quote
hs_cost_of_goods_sold number Unit cost
""",
    PRODUCT: """
createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
name string Name
description string:textarea Description
price number Unit price
hs_sku string SKU
hs_cost_of_goods_sold number Unit cost
recurringbillingfrequency enumeration Billing frequency
hs_recurring_billing_period string Term
""",
    NOTE: """
hs_createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
hs_timestamp datetime Activity date
hs_note_body string:html Note body
hs_attachment_ids string Attached files
""",
    TASK: """
hs_createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
hs_timestamp datetime Due date
hs_task_subject string Task title
hs_task_body string:html Notes
hs_task_status enumeration Status
hs_task_priority enumeration Priority
hs_task_type enumeration Type
""",
    INVOICE: """
createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
hs_currency enumeration Currency
hs_invoice_status enumeration Status
hs_invoice_date datetime Invoice date
hs_due_date datetime Due date
hs_number string Invoice number
hs_purchase_order_number string Purchase order number
hs_comments string:textarea Comments
hs_invoice_billable bool Billable
hs_title string Title
hs_invoice_source enumeration Invoice source
hs_amount_billed number!c Amount billed
hs_amount_paid number!r Amount paid
hs_balance_due number!c Balance due
""",
    PAYMENT: """
createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
hs_initial_amount number Gross amount
hs_currency_code enumeration Currency
hs_initiated_date datetime Payment date
hs_latest_status enumeration Status
hs_processor_type enumeration Processor
""",
    SUBSCRIPTION: """
hs_createdate datetime!r Create date
hs_lastmodifieddate datetime!r Last modified date
hs_name string Name
hs_status enumeration!r Status
hs_currency_code enumeration Currency
hs_collection_process enumeration Collection process
hs_invoice_creation enumeration Invoice creation
hs_net_payment_terms number Net payment terms
hs_recurring_billing_frequency enumeration Billing frequency
hs_recurring_billing_start_date date Start date
hs_next_payment_due_date date!r Next payment due date
hs_next_payment_amount number!r Next payment amount
hs_last_payment_amount number!r Last payment amount
hs_last_payment_status string!r Last payment status
hs_mrr number!r Monthly recurring revenue
hs_number_of_completed_payments number!r Number of completed payments
hs_total_collected_amount number!r Total collected amount
hs_payment_method string!r Payment method
""",
}

CURRENCIES = ("NZD", "USD", "AUD")

_OPTIONS: dict[str, tuple[str, ...]] = {
    "lifecyclestage": STAGES_OF_LIFE,
    "hs_lead_status": ("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "CONNECTED", "BAD_TIMING"),
    "hs_language": ("en", "de", "fr", "mi"),
    "dealtype": ("newbusiness", "existingbusiness"),
    "hs_priority": ("low", "medium", "high"),
    "recurringbillingfrequency": (*WEEKLY, *MONTHLY),
    "hs_recurring_billing_frequency": (*WEEKLY, *MONTHLY),
    "hs_status": ("active", "past_due", "canceled", "expired", "scheduled", "paused"),
    "hs_collection_process": ("automatic_payments", "manual_payments"),
    "hs_invoice_creation": ("on", "off"),
    "hs_recurring_billing_terms": ("AUTOMATICALLY_RENEW", "FIXED"),
    "hs_billing_start_delay_type": (START_DATE, "hs_billing_start_delay_days", "hs_billing_start_delay_months"),
    "hs_pricing_model": ("flat", "graduated", "stairstep", "volume"),
    "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
    "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
    "hs_task_type": ("TODO", "CALL", "EMAIL"),
    "hs_invoice_status": ("draft", "open", "paid", "voided"),
    "hs_latest_status": ("succeeded", "failed", "refunded", "processing"),
    "hs_processor_type": ("hs_payments", "stripe", "xero", "none"),
    "deal_currency_code": CURRENCIES,
    "hs_line_item_currency_code": CURRENCIES,
    "hs_currency": CURRENCIES,
    "hs_currency_code": CURRENCIES,
}


def definitions_of(kind: Kind, now: int) -> dict[str, Definition]:
    """Build the properties that HubSpot defines for an object type."""
    found: dict[str, Definition] = {}
    for line in (_EVERY + _OWN[kind]).strip().splitlines():
        if not line:
            continue
        name, form, label = line.split(" ", 2)
        form, _, flags = form.partition("!")
        type_, _, field_type = form.partition(":")
        options = tuple(Option(value, value, order) for order, value in enumerate(_OPTIONS.get(name, ())))
        found[name] = Definition(
            name,
            label,
            type_,
            field_type or _FIELD[type_],
            kind.group,
            options=BOOLEAN if type_ == "bool" else options,
            unique="u" in flags,
            hubspot_defined=True,
            calculated="c" in flags,
            read_only="r" in flags,
            created=now,
            updated=now,
            readable=now,
        )
    return found
