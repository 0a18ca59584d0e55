"""What an event says of the PMS that changes nothing: only what was compared."""

from dataclasses import asdict, replace

from delivery.cases import SETTINGS, in_pms

from bridge.delivery.rules.confirmed import confirmed_as_known, confirmed_tour
from bridge.delivery.rules.endings import confirmed_sentence
from bridge.propexo.tours import Tour


def sentence(tour: Tour | None, **changes: object) -> str:
    return confirmed_sentence(in_pms(**changes), SETTINGS, tour)


def whole() -> dict[str, object]:
    """A confirmed tour with all that is kept of one."""
    tour = confirmed_tour(in_pms())
    return {**asdict(tour), "starts_at": tour.starts_at.isoformat()}


def test_all_fields_were_compared() -> None:
    tour = confirmed_tour(in_pms(confirmed_tour=whole()))
    assert sentence(tour, confirmed_tour=whole()) == "The PMS has confirmed exactly this tour."


def test_fields_that_are_no_longer_kept_are_named() -> None:
    kept = {name: value for name, value in whole().items() if name not in ("title", "notes")}
    tour = replace(confirmed_as_known(in_pms(), confirmed_tour(in_pms())), title="Tour", notes="With a dog")
    assert sentence(tour, confirmed_tour=kept) == (
        "The PMS has confirmed this tour. Not kept, so not compared: title, notes."
    )


def test_nothing_was_compared() -> None:
    tour = confirmed_tour(in_pms())
    unknown = "The event changes nothing. What the PMS has could not be compared with it."
    assert sentence(None) == unknown
    assert sentence(tour, confirmed_tour=None) == unknown
    assert sentence(tour, property_key="nowhere") == unknown


def test_what_the_pms_does_not_store_is_named() -> None:
    kept = {**whole(), "unit_id": "cunit", "unit_name": None}
    tour = confirmed_tour(in_pms(confirmed_tour=kept))
    stated = sentence(tour, confirmed_tour=kept)
    assert stated.startswith("The PMS has confirmed this tour, and has no place for ")
    assert "unit_id" in stated


def test_what_is_in_the_notes_is_stored() -> None:
    kept = {**whole(), "priority": "HIGH", "status": "OPEN"}
    stated = sentence(confirmed_tour(in_pms(confirmed_tour=kept)), confirmed_tour=kept)
    assert stated == "The PMS has confirmed exactly this tour."
