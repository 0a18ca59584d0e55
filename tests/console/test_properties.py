"""What senders call the properties, on a page of its own."""

from typing import Any

from bridge.models import Role


def test_a_name_is_added_removed_and_the_removal_undone(signed_in: Any) -> None:
    operator = signed_in(Role.OPERATOR)
    name = {"alias": "The Oakwood Apts", "property": "oakwood"}
    assert operator.post("/console/properties/aliases", name).status_code == 303
    assert "“the oakwood apts”" in operator.get("/console/properties").text
    again = operator.post("/console/properties/aliases", {**name, "property": "elm"})
    assert (again.status_code, "means oakwood already" in again.text) == (422, True)
    removed = operator.post("/console/properties/aliases/remove", name)
    page = operator.get(removed.headers["Location"]).text
    assert "means nothing any more" in page
    assert "Undo" in page
    assert operator.post("/console/properties/aliases/remove", name).status_code == 422
    assert operator.post("/console/properties/aliases", name).status_code == 303
    unknown = operator.post("/console/properties/aliases", {"alias": "x", "property": "nowhere"})
    assert unknown.status_code == 422
    viewer = signed_in(Role.VIEWER)
    assert viewer.post("/console/properties/aliases", name).status_code == 403
    assert "Remove" not in viewer.get("/console/properties").text
