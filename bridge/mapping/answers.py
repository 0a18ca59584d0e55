"""Read answers out of a list of questions, as forms and schedulers send them."""

from typing import Protocol, overload


class Answers(Protocol):
    """The answers of one list, by the labels of their questions."""

    def __call__(self, matching: str, *, every: bool = False) -> str: ...


@overload
def answers(
    items: str, *, label: str = ..., value: str = ..., matching: str, whole: bool = ..., every: bool = ...
) -> str: ...


@overload
def answers(items: str, *, label: str = ..., value: str = ..., whole: bool = ...) -> Answers: ...


def answers(
    items: str,
    *,
    label: str = "label",
    value: str = "value",
    matching: str | None = None,
    whole: bool = False,
    every: bool = False,
) -> str | Answers:
    """The path of the first answer whose label matches; empty answers do not count.

        {"answers": [{"question": "Phone", "answer": "512-555-0142"}]}
        answers("answers", label="question", value="answer", matching="^phone")

    `items` is the path of the list. `label` and `value` are paths inside an item, such as `field.title` or
    `answer.label || answer`. `matching` is a regular expression; upper and lower case are one. With `whole` it has
    to fit the whole label, but for signs at its end. With `every` the path finds the list of all these answers, for
    a field that picks one of several. Without `matching` it returns a function of it, for a list of which a mapping
    reads several answers.
    """

    def answer(matching: str, *, every: bool = False) -> str:
        pattern = (rf"^({matching})\W*$" if whole else matching).replace("'", "\\'")
        found = f"({items}) | [?match({label}, '{pattern}')].[{value}] | [] | [?@]"
        return f"({found})" if every else f"({found} | [0])"

    return answer if matching is None else answer(matching, every=every)
