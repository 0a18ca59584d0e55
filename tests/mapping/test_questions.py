"""Whose phone, e-mail and date a form asks for."""

from typing import Any

import pytest

from bridge.mapping.questions import asked, cleaned, pairs, topic

TOPICS = {
    "first_name": ["What's your first name?", "First Name *", "fname", "Vorname", "Pr\u00e9nom", "First"],
    "last_name": ["And your last name?", "Surname", "Apellidos", "Sobrenome", "Nom de famille", "Last"],
    "name": [
        "\U0001f44b *What's your name?*",
        "Full name",
        "fullName3",
        "Your Name",
        "First and last name",
        "Nom complet",
        "Nome completo",
        "Nombre completo",
        "Who is touring?",
        "Who will be touring?",
        "What should we call you?",
        "Who should we expect?",
        "Who is the tour for?",
        "Who is coming to the tour?",
        "Primary applicant",
        "Applicant's name",
        "Name",
    ],
    "email": [
        "\U0001f4e7 Email",
        "Your e-mail",
        "Your best email",
        "E-mail address (required)",
        "Correo electr\u00f3nico",
    ],
    "phone": [
        "Phone",
        "Your cell",
        "Mobile Number",
        "WhatsApp number",
        "What number can we reach you at?",
        "Tel\u00e9fono",
        "phoneNumber5",
        "What's your number?",
        "Celular",
        "Handynummer",
        "Telefonnummer",
        "Portable",
        "T\u00e9l\u00e9phone",
    ],
    "tour_date": [
        "Tour date",
        "\U0001f4c5 Day",
        "Thanks {{hidden:name}}! Which day?",
        "Preferred date",
        "2. Tour date:",
        "No Label tour_date",
        "<b>Tour</b> date",
        "What day are you available for a tour?",
        "Best day to visit",
    ],
    "tour_time": [
        "\u23f0 Tour time",
        "And what time, {{hidden:name}}?",
        "Pick a time slot",
        "What time works best?",
        "Time of day",
        "Arrival time",
        "Available times",
    ],
    "tour_start": ["When would you like to visit?", "Appointment date and time", "tour_at"],
    "tour_type": ["Tour type", "How would you like to tour?", "Type of visit"],
    "property": [
        "\U0001f3e2 Which property are you interested in?",
        "property_name",
        "What is the property you want to see?",
        "Community of interest",
        "No Label property",
        "Choose your location",
        "Location",
        "Site",
        "Which site are you interested in?",
        "Property address",
        "Site / Property",
        "Location of interest",
        "Location preference",
        "Interested in which property?",
        "Apartment building",
        "Where would you like to tour?",
        "Interested property",
        "Propiedad",
    ],
    "unit": ["\U0001f511 Unit", "Which unit would you like to see?", "Unit number", "Unit(s)", "Apartment"],
    "other_person": [
        "Landlord phone",
        "Current landlord's name and phone number",
        "Who referred you? (their e-mail)",
        "Roommate email",
        "Emergency contact phone",
        "Partner's email",
        "Spouse name",
        "Agent's phone",
        "Company name",
        "Mom's cell",
        "Nearest relative's phone",
        "Caregiver phone",
        "Who will be joining you? (phone)",
        "Emergency contact",
        "ICE number",
        "Who else will be touring with you? (name)",
        "Apartment locator's name",
        "Caseworker phone",
        "Email of the person touring with you",
        "Tel\u00e9fono de emergencia",
        "T\u00e9l\u00e9phone du contact d'urgence",
        "Notfallkontakt Telefon",
        "Correo electr\u00f3nico de su pareja",
    ],
    "other_date": [
        "Desired occupancy date",
        "Best time to call you",
        "Move-in Date",
        "When are you planning to move?",
        "Date of birth",
        "Lease start date",
        "When do you need the apartment?",
        "Callback time",
        "Start date",
        "Date of your last visit",
        "Follow-up date",
        "Fecha de mudanza",
        "Date d'emm\u00e9nagement",
        "Geburtsdatum",
        "Preferred date to move in",
        "Application date",
        "Possession date",
    ],
}


@pytest.mark.parametrize(
    ("label", "expected"), [(label, name) for name, labels in TOPICS.items() for label in labels]
)
def test_the_topic_of_a_question(label: str, expected: str) -> None:
    assert topic(label) == expected


@pytest.mark.parametrize(
    "label",
    [
        "",
        "How many bedrooms?",
        "Property type",
        "Your location",
        "Unit type",
        "Amenities",
        "No Label field_7cd5e5f",
        "What are you looking for?",
    ],
)
def test_a_question_about_none_of_them(label: str) -> None:
    assert topic(label) is None


def test_labels_are_cleaned() -> None:
    assert cleaned("1) \U0001f4c5 **Tour&nbsp;date** (required)") == "tour date"
    assert cleaned("Hi {{hidden:name}}, which day?") == "hi which day"


def answers(*listed: tuple[str, Any] | tuple[str, Any, str]) -> dict[str, Any]:
    names = ("label", "value", "type")
    return asked([dict(zip(names, each, strict=False)) for each in listed])


def test_of_two_phones_the_renters_counts() -> None:
    found = answers(("Landlord phone", "512-555-0100"), ("Phone", "512-555-0142"))
    assert found["phone"] == "512-555-0142"
    assert found["others"] == [["Landlord phone", "512-555-0100"]]
    assert answers(("Alternate phone", "512-555-0100"), ("Phone", "512-555-0142"))["phone"] == "512-555-0142"
    assert (
        answers(("Business phone", "512-555-0100"), ("Your phone", "512-555-0142"))["phone"] == "512-555-0142"
    )
    assert answers(("Name of the gym", "Iron"), ("Name", "Maya Okafor"))["name"] == "Maya Okafor"
    assert answers(("Is text or phone better?", "Phone"), ("Cell", "512-555-0142"))["phone"] == "512-555-0142"


def test_beside_a_first_name_the_name_alone_is_the_last() -> None:
    found = asked({"Pr\u00e9nom": "Maya", "Nom": "Okafor"})
    assert (found["first_name"], found["last_name"]) == ("Maya", "Okafor")
    found = asked({"First name": "Maya", "Your name": "Maya Okafor"})
    assert (found["first_name"], found["name"]) == ("Maya", "Maya Okafor")


def test_a_number_of_an_emergency_contact_is_nobodys_by_type() -> None:
    assert "phone" not in answers(("Emergency contact", "512-555-0100", "phone_number"))
    found = answers(("Mom's cell", "512-555-0100"), ("Cell", "512-555-0142"))
    assert found["phone"] == "512-555-0142"


def test_of_two_dates_the_one_that_names_the_tour_counts() -> None:
    found = answers(("Date of contract", "2026-11-20"), ("Day", "2026-11-24"), ("Tour date", "2026-12-03"))
    assert found["tour_date"] == "2026-12-03"


def test_a_question_about_the_tour_alone_has_its_start() -> None:
    assert answers(("Your appointment", "Dec 3, 2026 10:30 AM"))["tour_start"] == "Dec 3, 2026 10:30 AM"
    assert "tour_start" not in answers(("Why do you want to tour?", "I move in December"))
    found = answers(("Appointment", "Dec 3, 2026 10:30 AM"), ("Book your visit", "Dec 4, 2026 9:30 AM"))
    assert "tour_start" not in found


def test_a_type_helps_only_where_one_answer_can_be_meant() -> None:
    assert answers(("Where can we reach you?", "maya@example.com", "email"))["email"] == "maya@example.com"
    assert "email" not in answers(("A", "maya@example.com", "email"), ("B", "tom@example.com", "email"))
    assert answers(("Pick one", "2026-12-03", "INPUT_DATE"))["tour_date"] == "2026-12-03"
    assert "tour_date" not in answers(("Desired occupancy date", "2027-02-01", "INPUT_DATE"))
    assert "tour_time" not in answers(("Best time to call you", "18:00", "INPUT_TIME"))


def test_a_start_without_a_time_is_a_date() -> None:
    found = answers(("When would you like to visit?", "2026-12-03"), ("What time?", "10:30"))
    assert (found["tour_date"], found["tour_time"]) == ("2026-12-03", "10:30")
    assert "tour_start" not in found
    found = answers(("Day", "2026-12-03"), ("When would you like to visit?", "10:30 AM"))
    assert (found["tour_date"], found["tour_time"]) == ("2026-12-03", "10:30 AM")


def test_a_choice_of_one_is_unwrapped() -> None:
    assert answers(("Property", ["Oakwood Flats"]))["property"] == "Oakwood Flats"
    assert answers(("Units", ["204", "205"]))["unit"] == ["204", "205"]


def test_the_names_that_the_author_gave_count_more_than_labels() -> None:
    found = asked(
        [
            {"name": "tour_date", "label": "Pick", "value": "2026-12-03"},
            {"name": "x1", "label": "Email", "value": "a@example.com"},
        ]
    )
    assert (found["tour_date"], found["email"]) == ("2026-12-03", "a@example.com")


def test_keys_are_labels() -> None:
    assert asked({"Your best email": "maya@example.com", "date_created": "2026-11-24"}) == {
        "email": "maya@example.com",
        "others": [["date_created", "2026-11-24"]],
    }


def test_labels_of_a_summary() -> None:
    summary = "Name:Maya Okafor, What is your phone number?:512 555 0142, Do you have pets?:Yes, one cat"
    listed = pairs({"name": {"first": "Maya"}, "whatIs": "512 555 0142", "doYou": "Yes, one cat"}, summary)
    assert [each["label"] for each in listed] == ["Name", "What is your phone number?", "Do you have pets?"]


def test_labels_of_answers_in_several_inputs() -> None:
    summary = "Name:Maya Okafor, Emergency contact phone:(512) 555-0199, Phone:(512) 555-0142"
    values = {
        "q3": {"first": "Maya", "last": "Okafor"},
        "q4": {"full": "(512) 555-0199"},
        "q5": {"full": "(512) 555-0142"},
    }
    listed = pairs(values, summary)
    assert [each["label"] for each in listed] == ["Name", "Emergency contact phone", "Phone"]
    assert asked(listed)["phone"] == {"full": "(512) 555-0142"}
