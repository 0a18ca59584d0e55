"""Read answers out of a list of questions, as forms and schedulers send them."""


def answers(
    items: str, *, matching: str, label: str = "label", value: str = "value", every: bool = False
) -> str:
    """The path of the first answer whose label matches; empty answers do not count.

        {"answers": [{"question": "Phone", "answer": "512-555-0142"}]}
        answers("answers", label="question", value="answer", matching="^phone")

    `items` is the path of the list. `label` and `value` are paths inside an item, such as `field.title` or
    `answer.label || answer`. `matching` is a regular expression; upper and lower case are one. With `every` the path
    finds the list of all these answers, for a field that picks one of several.
    """
    pattern = matching.replace("'", "\\'")
    found = f"({items}) | [?match({label}, '{pattern}')].[{value}] | [] | [?@]"
    return f"({found})" if every else f"({found} | [0])"
