"""What is left out before a stored event is translated: echoes of our own tours, and what a newer event says better."""

import json
from typing import ClassVar

import pytest
from delivery.cases import SOURCE, event

from bridge.delivery.rules.interpret import interpret

ACCESS = {"token": "a-token"}


class TestEchoes:
    def test_a_tour_that_comes_back_with_our_reference_is_not_a_new_one(self, world):
        booked = world.book()
        world.run()
        (tour,) = world.tours
        code = world.event(booked).booking_id and tour.notes.split()[1].strip(".")
        assert code in tour.notes
        echo = world.send(
            "booked",
            "CRM-77",
            source="other",
            prospect={"email": "maya@example.com"},
            tour={"start": "2026-12-03T10:30:00-06:00", "notes": tour.notes},
        )
        world.run()
        assert world.status(echo) == ("ignored", "echo")
        assert code in world.event(echo).detail
        assert len(world.tours) == 1

    def test_so_is_one_with_the_reference_of_a_cancelled_tour(self, world):
        world.book()
        world.run()
        (tour,) = world.tours
        world.cancel()
        world.run()
        echo = world.send(
            "booked",
            "CRM-77",
            source="other",
            prospect={"email": "maya@example.com"},
            tour={"start": "2026-12-03T10:30:00-06:00", "notes": tour.notes},
        )
        world.run()
        assert world.status(echo) == ("ignored", "echo")
        assert world.tours == []

    def test_a_sender_that_repeats_our_reference_in_its_own_booking_is_heard(self, world):
        world.book()
        world.run()
        (tour,) = world.tours
        moved = world.send("rescheduled", tour={"start": "2026-12-04T13:00:00-06:00", "notes": tour.notes})
        world.run()
        assert world.status(moved) == ("written", None)

    def test_so_is_one_that_names_the_booking_by_its_previous_id(self, world):
        world.book()
        world.run()
        (tour,) = world.tours
        moved = world.send(
            "rescheduled",
            "B-2",
            previous_booking_id="B-1",
            tour={"start": "2026-12-04T13:00:00-06:00", "notes": tour.notes},
        )
        world.run()
        assert world.status(moved) == ("written", None)

    @pytest.mark.parametrize("before", ["\n", "\u00a0", "\u2013", "<br>"])
    def test_the_reference_may_begin_a_line_or_follow_any_sign(self, before):
        body = {"type": "tour.booked", "data": {"booking_id": "CRM-77", "title": f"Ref{before}TB-23456789."}}
        read = interpret(event(), json.dumps(body).encode(), "application/json", {}, {}, SOURCE)
        assert read.codes == {"TB-23456789"}

    def test_the_title_of_a_tour_is_read_too(self, world):
        world.book()
        world.run()
        (tour,) = world.tours
        code = tour.notes.split()[1].strip(".")
        echo = world.book("CRM-77", source="other", title=f"Ref<br>{code}.")
        world.run()
        assert world.status(echo) == ("ignored", "echo")

    def test_a_text_that_only_looks_like_a_reference_means_nothing(self, world):
        booked = world.send(
            "booked",
            prospect={"name": "Maya Okafor", "email": "maya@example.com"},
            tour={"start": "2026-12-03T10:30:00-06:00", "notes": "Ref TB-23456789"},
        )
        world.run()
        assert world.status(booked) == ("written", None)


class TestChangesByOurselves:
    ACTIVITY: ClassVar = {
        "meta": {
            "action": "create", "entity": "activity", "id": "m-1", "entity_id": "9", "company_id": "5",
            "change_source": "api", "timestamp": "2026-11-22T12:00:00Z",
        },
        "data": {"id": 9, "type": "tour", "due_date": "2026-12-03", "due_time": {"value": "16:30:00"},
                 "person_id": 4},
        "previous": None,
    }  # fmt: skip

    @pytest.fixture(autouse=True)
    def person(self, sender_api):
        sender_api.answers["/api/v2/persons/4"] = {
            "data": {"first_name": "Maya", "last_name": "Okafor", "emails": [{"value": "maya@example.com"}]}
        }

    @pytest.mark.parametrize(("ignored", "status"), [(["api"], ("ignored", "echo")), ([], ("written", None))])
    def test_only_what_the_source_lists_is_left_out(self, world, sender_api, ignored, status):
        api = {"base_url": sender_api.url, "api_token": "x"}
        world.connect("pipedrive", "pipedrive", api=api, ignore_changes_by=ignored)
        (event,) = world.deliver("pipedrive", self.ACTIVITY)
        world.run()
        assert world.status(event) == status, world.event(event).detail


class TestChangesThatCoalesce:
    MEETING: ClassVar = {
        "id": "701",
        "properties": {
            "hs_meeting_title": "Tour", "hs_meeting_start_time": "2026-12-03T16:30:00Z",
            "hs_meeting_end_time": "2026-12-03T17:00:00Z", "hs_meeting_outcome": "SCHEDULED",
            "propexo_property_id": "oakwood",
        },
        "associations": {"contacts": {"results": [{"id": "33", "type": "meeting_event_to_contact"}]}},
    }  # fmt: skip

    @pytest.fixture(autouse=True)
    def hubspot(self, world, sender_api):
        sender_api.answers["/crm/v3/objects/0-47/701"] = self.MEETING
        sender_api.answers["/crm/v3/objects/contacts/33"] = {
            "properties": {"firstname": "Maya", "lastname": "Okafor", "email": "maya@example.com"}
        }
        world.document["server"] = {"public_url": "https://bridge.example.com"}
        world.connect("hubspot", "hubspot_app", api={"base_url": sender_api.url, **ACCESS})

    def change(self, number, name="hs_meeting_start_time", kind="object.propertyChange", object_id=701):
        return {
            "eventId": number, "subscriptionId": 1, "portalId": 2, "objectId": object_id, "objectTypeId": "0-47",
            "subscriptionType": kind, "occurredAt": 1795363200000 + number, "propertyName": name,
            "propertyValue": "x",
        }  # fmt: skip

    def test_of_the_changes_of_one_object_the_newest_asks_and_writes(self, world, sender_api):
        batch = [
            self.change(1, kind="object.creation"),
            self.change(2),
            self.change(3, "hs_meeting_end_time"),
        ]
        events = world.deliver("hubspot", batch)
        world.run()
        assert [world.status(event) for event in events] == [
            ("ignored", "superseded"), ("ignored", "superseded"), ("written", None),
        ], [world.event(event).detail for event in events]  # fmt: skip
        assert len(sender_api.asked) == 2  # the meeting and its contact
        assert len(world.tours) == 1

    def test_a_newer_change_that_says_nothing_of_the_tour_speaks_for_nobody(self, world):
        events = world.deliver("hubspot", [self.change(1), self.change(2, "hs_lastmodifieddate")])
        world.run()
        assert [world.status(event)[0] for event in events] == ["written", "ignored"]
        assert len(world.tours) == 1

    def test_a_deletion_among_changes_has_the_last_word(self, world):
        world.deliver("hubspot", [self.change(1, kind="object.creation")])
        world.run()
        world.deliver("hubspot", [self.change(2), self.change(3, kind="object.deletion")])
        world.run()
        assert world.tours == []

    def test_each_item_of_a_batch_has_an_outcome_of_its_own(self, world):
        events = world.deliver(
            "hubspot", [self.change(1), self.change(2, object_id="../x"), self.change(3, "x")]
        )
        world.run()
        assert [world.status(event)[0] for event in events] == ["written", "parked", "ignored"]
