"""How the tests read the value of a field, and the moments they read most."""

from datetime import UTC, datetime
from typing import Any

import marshmallow
import pytest

from bridge.mapping.fields import Field
from bridge.mapping.paths import DecodedRequest

MOMENT = datetime(2026, 12, 3, 16, 0, tzinfo=UTC)
WALL = datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time has no zone


def read(field: Field, *values: Any) -> Any:
    """The value of a field whose paths `a`, `b` ... find these values."""
    return field.deserialize(field.find(DecodedRequest(dict(zip("abcd", values, strict=False)), {})))


def refused(field: Field, *values: Any) -> Any:
    """The words in which a field refuses them."""
    with pytest.raises(marshmallow.ValidationError) as raised:
        read(field, *values)
    return raised.value.messages
