"""What Xero answers about an organisation's books beyond accounts and tax rates, in Xero's own names. Does no I/O."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledgerloop.xero.models import Model
from ledgerloop.xero.values import Listed, Text


class Currency(Model):
    """Hold a currency that the organisation may invoice in."""

    Code: Text = ""
    Description: Text = ""


class Item(Model):
    """Hold an item; a line names it by its code."""

    ItemID: Text = ""
    Code: Text = ""
    Name: Text = ""


class Action(Model):
    """Hold whether something may be done in the organisation: its plan and the app's user decide."""

    Name: Text = ""
    Status: Text = ""


class BrandingTheme(Model):
    """Hold a branding theme: how an invoice looks."""

    BrandingThemeID: Text = ""
    Name: Text = ""


class TrackingOption(Model):
    """Hold one option of a tracking category."""

    TrackingOptionID: Text = ""
    Name: Text = ""
    Status: Text = ""


class TrackingCategory(Model):
    """Hold a tracking category with its options."""

    TrackingCategoryID: Text = ""
    Name: Text = ""
    Status: Text = ""
    Options: Annotated[list[TrackingOption], Listed] = Field(default_factory=list)
