"""Everything that the console can do, the API can: by a table of both, which a new view has to be added to."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from bridge.console.api.application import BLUEPRINTS
from bridge.console.application import PAGES

IN_THE_API = {
    "action_needed.correct_group": "correct_group",
    "action_needed.listing": "list_action_needed",
    "actions.choose_property": "choose_property",
    "actions.do_choose_property": "choose_property",
    "actions.do_done": "dismiss_events",
    "actions.do_edit": "edit_event",
    "actions.do_replay": "replay_events",
    "actions.done": "dismiss_events",
    "actions.edit": "show_payload",
    "actions.reading": "preview_edit",
    "actions.replay": "dry_run_events",
    "admin.add_user": "add_user",
    "admin.change_user": "change_user",
    "admin.list_tokens": "list_tokens",
    "admin.make_token": "create_token",
    "admin.revoke_token": "revoke_token",
    "admin.show_audit": "list_audit",
    "admin.users": "list_users",
    "appointments.listing": "list_appointments",
    "availability_pages.reasons": "list_availability",
    "bookings.listing": "list_bookings",
    "bookings.make_feed": "create_feed",
    "bookings.revoke_feed": "revoke_feed",
    "bookings.table": "list_bookings",
    "bulk.plan": "select_events",
    "bulk.run": "replay_events",
    "correct.choices": "show_tour_fields",
    "correct.form": "show_tour_fields",
    "correct.save": "correct_tour",
    "event.live": "show_event",
    "event.show": "show_event",
    "events.listing": "list_events",
    "events.live": "list_events",
    "health.check_again": "check_propexo_again",
    "health.pause": "pause_integration",
    "health.propexo": "check_propexo",
    "health.resume": "resume_integration",
    "health.show": "list_integrations",
    "other_time.offer": "list_nearest_times",
    "other_time.take": "choose_time",
    "properties.add_alias": "add_alias",
    "properties.listing": "list_properties",
    "properties.remove_alias": "remove_alias",
    "source_setup.change": "change_source",
    "source_setup.choose": "list_mappings",
    "source_setup.create": "create_source",
    "source_setup.first": "show_source_setup",
    "source_setup.remove": "remove_source",
    "source_setup.shadow": "show_shadow",
    "source_setup.show": "show_source_setup",
    "source_setup.switch": "switch_source",
    "sources.listing": "list_sources",
    "sources.show": "show_source",
    "sources.test": "test_source",
    "sources.widget": "show_widget",
    "today.show": "show_today",
    "workbench.begin": "begin_mapping",
    "workbench.compare": "compare",
    "workbench.page": "show_mapping",
    "workbench.payload": "show_payload",
    "workbench.read": "translate_edited",
    "workbench_saving.save": "save_mapping",
    "alerts.show": "list_alerts",
    "alerts.test": "test_alerts",
}
"""By view of the console: the operation with which a program does the same."""
ONLY_FOR_BROWSERS = {
    "access.show_magic_link": "a session; a program has a token",
    "access.open_session": "a session",
    "access.sign_in": "a session",
    "access.sign_out": "a session",
    "access.redeem_magic_link": "a session",
    "account.change_locale": "how the pages write dates; the API has ISO dates",
    "account.change_password": "the password of whoever is signed in; a token has none",
    "account.show": "the account of whoever is signed in",
    "actions.nothing": "closes a panel",
    "calendar_files.feed": "has its own secret in its address, for calendars; `create_feed` gives it",
    "console.first_page": "leads to the console",
    "console.static": "files of the pages",
    "openid.begin": "a session",
    "openid.finish": "a session",
    "workbench.download": "gives back what is in the form",
}
"""By view: what it does that is of no use to a program."""


def views_of(blueprints: Any) -> dict[str, Rule]:
    app = Flask(__name__)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return {rule.endpoint: rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"}


PAGES_VIEWS = views_of(PAGES)
OPERATIONS = {endpoint.rpartition(".")[2]: rule for endpoint, rule in views_of(BLUEPRINTS).items()}


def test_every_view_of_the_console_is_in_one_of_the_tables():
    assert IN_THE_API.keys() & ONLY_FOR_BROWSERS.keys() == set()
    listed = IN_THE_API.keys() | ONLY_FOR_BROWSERS.keys()
    assert listed == PAGES_VIEWS.keys(), "Add the operation to the API, and the view to IN_THE_API."


def test_every_operation_that_the_table_names_exists():
    assert set(IN_THE_API.values()) <= OPERATIONS.keys()


CHANGES = {
    "actions.reading",
    "bulk.plan",
    "workbench.read",
    "workbench.compare",
    "workbench.download",
    "correct.choices",
}
"""Posts that change nothing."""


@pytest.mark.parametrize(
    "view",
    [
        view
        for view in sorted(IN_THE_API)
        if "POST" in (PAGES_VIEWS[view].methods or ()) and view not in CHANGES
    ],
)
def test_what_changes_something_there_is_no_reading_here(view: str):
    assert (OPERATIONS[IN_THE_API[view]].methods or set()) - {"GET", "HEAD", "OPTIONS"}
