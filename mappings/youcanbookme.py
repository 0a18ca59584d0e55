from bridge.inbound.signatures import SharedSecret
from bridge.mapping.canonical import CanonicalPayload


class YouCanBookMe(CanonicalPayload):
    """YouCanBookMe

    Bookings of YouCanBookMe (Professional and Teams plans), in a body that you write into its notifications.
    https://support.youcanbook.me/article/347-passing-data-from-ycbm

        {"event": "booked", "startDateTime": "2026-12-03T10:30:00-06:00", "firstName": "Grace",
         "lastName": "Lindqvist", "email": "grace.lindqvist@example.com", "phone": "+15125550107",
         "bookingRef": "ABCD-EFGH-IJKL", "propertyId": "prop_cedarpark"}

    Set-up: in Notifications give the triggers booked, rescheduled, cancelled and no-show a webhook each (POST, the
    secret in the request header `X-Bridge-Key`), with the trigger's own word after `event`: `{"event": "booked",
    "bookingRef": "{REF}", "startDateTime": "{START-ISO}", "endDateTime": "{END-ISO}", "firstName": "{FNAME}",
    "lastName": "{LNAME}", "email": "{EMAIL}", "phone": "{PHONE}", "property": "<alias>"}`. {REF}, {LNAME} and {PHONE}
    are inferred: take the codes of your booking form, and no free text, whose quotes would break the JSON. A time
    without an offset is the property's. A move to a time where the tour was moved before counts as sent again.
    """

    category = "scheduler"
    maturity = "inferred"

    # not signed; the customer may add headers
    signature = SharedSecret()
