"""Documents as TOML."""

import json
from typing import Any


def toml_of(document: dict[str, Any], prefix: str = "") -> str:
    """The document as TOML; JSON's texts, numbers and lists are TOML's as well."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in document.items() if not isinstance(value, dict)]
    tables = [
        f"[{prefix}{key}]\n{toml_of(value, f'{prefix}{key}.')}"
        for key, value in document.items()
        if isinstance(value, dict)
    ]
    return "\n".join([*plain, *tables])
