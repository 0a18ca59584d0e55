"""The tree of exceptions is the one that the docstring draws, and answers keep their names."""

import importlib
import inspect
import pkgutil
import re

import bridge
from bridge import errors
from bridge.errors import BridgeError, RefusedRequestError

ANSWERS = {
    "NotAuthenticError": ("not_authentic", 401),
    "OriginNotAllowedError": ("origin_not_allowed", 403),
    "NotSignedInError": ("not_signed_in", 401),
    "NotAllowedError": ("not_allowed", 403),
    "NotFromThisPageError": ("not_from_this_page", 403),
    "UnknownSourceError": ("unknown_source", 404),
    "MalformedRequestError": ("malformed_request", 400),
    "InsecureConnectionError": ("insecure_connection", 403),
    "RequestTimeoutError": ("request_timeout", 408),
    "HeadersTooLargeError": ("headers_too_large", 431),
    "BodyTooLargeError": ("body_too_large", 413),
    "InvalidFormError": ("invalid_form", 422),
    "SubmissionReusedError": ("submission_reused", 409),
    "ProofOfWorkNeededError": ("proof_of_work_needed", 429),
    "TooManyFormsError": ("too_many_forms", 429),
    "TimeNotFreeError": ("time_not_free", 422),
    "UnknownPropertyNameError": ("unknown_property_name", 404),
    "NoTourTimesError": ("no_tour_times", 404),
    "UnknownTourKindError": ("unknown_tour_kind", 422),
    "InvalidDatesError": ("invalid_dates", 422),
    "NotAcceptingError": ("not_accepting", 503),
    "NotReadyError": ("not_ready", 503),
}
"""Senders' programs rely on these."""


def drawn() -> dict[str, tuple[int, str]]:
    """Each class with its depth and the text beside it."""
    lines = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+) *(.*)$", inspect.getdoc(errors) or "", re.MULTILINE)
    return {name: (len(before) // 4, beside) for before, name, beside in lines}


def classes(root: type[BridgeError], depth: int = 0) -> dict[str, tuple[int, type[BridgeError]]]:
    found = {root.__name__: (depth, root)}
    for subclass in root.__subclasses__():
        found |= classes(subclass, depth + 1)
    return found


def every_class() -> dict[str, tuple[int, type[BridgeError]]]:
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not re.search(r"\.(migrations|__main__)", module.name):
            importlib.import_module(module.name)
    return {
        name: found
        for name, found in classes(BridgeError).items()
        if found[1].__module__.startswith("bridge.")
    }


def test_the_docstring_draws_the_tree() -> None:
    found, tree = every_class(), drawn()
    here = {name for name, (_, defined) in found.items() if defined.__module__ == errors.__name__}
    assert here <= tree.keys()
    for name, (depth, beside) in tree.items():
        module = re.match(r"\((bridge\.[\w.]+)\)", beside)
        where = module[1] if module else errors.__name__
        assert (depth, where) == (found[name][0], found[name][1].__module__), name


def test_the_docstring_says_what_is_answered() -> None:
    statuses = {name: beside for name, (_, beside) in drawn().items() if beside.isdigit()}
    assert statuses == {name: str(status) for name, (_, status) in ANSWERS.items()}


def test_answers_keep_their_names() -> None:
    refusals = RefusedRequestError.__subclasses__()
    assert {found.__name__: (found.code, found.status) for found in refusals} == ANSWERS
    assert all(found.title for found in refusals)


def test_every_class_has_a_sentence_and_a_code_of_its_own() -> None:
    found = [defined for _, defined in every_class().values()]
    assert all((defined.__doc__ or "").strip().endswith(".") for defined in found)
    codes = [defined.code for defined in found if "code" in vars(defined)]
    assert len(codes) == len(set(codes))
