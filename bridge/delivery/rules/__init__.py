"""The rules of delivery, pure functions of a snapshot: `bridge.delivery.decide` puts them in their order."""
