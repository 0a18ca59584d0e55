"""Replaces the text between two markers of a document."""


def between(document: str, begin: str, end: str, content: str) -> str:
    """The document with this content between its markers.

    Raises:
        ValueError: it has no markers.
    """
    before, _, rest = document.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"There is no {begin} ... {end} to put the table between.")
    return f"{before}{begin}\n{content}\n{end}{after}"
