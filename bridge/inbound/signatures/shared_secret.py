"""`SharedSecret`: for senders whose customer chooses where the secret goes."""

from bridge.inbound.signatures.combined import AnyOf
from bridge.inbound.signatures.scheme import Scheme
from bridge.inbound.signatures.tokens import Basic, Token

WAYS: dict[str, tuple[Scheme, ...]] = {
    "bearer": (Token(scheme="Bearer"),),
    "header": (Token(header="X-Bridge-Key"), Token(header="X-Api-Key")),
    "basic": (Basic(),),
    "query": (Token(query="token"),),
    "path": (Token(path=True),),
}


class SharedSecret(AnyOf):
    """One secret, in any place in which the sender can put it.

    `bearer` (`Authorization: Bearer`), `header` (`X-Bridge-Key` or `X-Api-Key`), `basic` (the secret is
    `user:password`), `query` (`?token=`), `path` (/hooks/<source>/<secret>): all of them, or those that are
    named. A secret in an address ends in access logs, so the headers come first where there is a choice.
    """

    def __init__(self, *ways: str) -> None:
        if unknown := [way for way in ways if way not in WAYS]:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(WAYS)}.")
        super().__init__(*(part for way in ways or WAYS for part in WAYS[way]))
