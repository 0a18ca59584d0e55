from bridge.inbound.signatures import SharedSecret
from bridge.mapping import IGNORE, Mapping, When, constant


class Recorder(Mapping):
    """Recorder (any sender)

    Keeps what is sent and forwards nothing, to see what a sender sends before there is a mapping for it. It is what a
    source uses that says `record = true` and names no `mapping`.

    Set-up: give the sender the secret of the source as a header, as Basic, or in the address. Look at the requests
    with `bridge events show`; `bridge mappings new <name> --event <id>` begins a mapping with them, whose paths are
    JMESPath (https://jmespath.org).
    """

    signature = SharedSecret()
    event = constant("request")
    actions = [When(event="request", then=IGNORE("recorded: write a mapping from it"))]
