"""XML as the objects and texts that a mapping can read."""

import re
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from bridge.errors import DecodingError
from bridge.inbound.decoding.content import unreadable
from bridge.mapping.documents import DEEPEST, too_deep

_MOST_NODES = 50_000  # elements and attributes; a hundred full records of a CRM in one body
_LONGEST_ATTRIBUTE = 65_536  # characters

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PREAMBLE = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


def read_xml(text: str, declared: str) -> dict[str, Any]:
    """The root element under its name.

    An element is its text without the white space around it, an object where it has attributes or children
    (`@name`, `#text` and the children by name, repeated ones as a list), or null for `xsi:nil`. Prefixes are taken
    off all names and the declarations of namespaces left out. Processing instructions may stand anywhere, even
    before the XML declaration, where senders of ADF put theirs. Prefixes are cut off and not resolved: an address
    of half a megabyte would be repeated for each name that uses it.

    Raises:
        DecodingError: a sentence for the operator. It comes as soon as a limit is passed, before the rest is read.
    """
    text = _NOT_IN_XML.sub("\ufffd", text)
    preamble = _PREAMBLE.match(text)
    assert preamble  # it may be empty
    start = preamble.end()
    reader = _Reader()
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(reader)
    try:
        parser.feed(re.sub(r"[^\n]", " ", text[:start]) + text[start:])  # keeps the places that errors name
        parser.close()
    except DefusedXmlException:
        raise DecodingError(
            "The body is XML with a document type (<!DOCTYPE>), which is not accepted. Send it without."
        ) from None
    except SAXParseException as error:
        line, column = error.getLineNumber() or 1, (error.getColumnNumber() or 0) + 1
        raise unreadable(
            text, "XML", f"line {line} column {column}: {error.getMessage()}", declared
        ) from None
    return reader.document.children


class _Element:
    """An element that is not yet complete."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_nil = False
        self.attributes: dict[str, Any] = {}
        self.children: dict[str, Any] = {}
        self.texts: list[str] = []

    def set_attribute(self, name: str, text: str) -> None:
        local = f"@{_local(name)}"
        self.attributes[f"@{name}" if local in self.attributes else local] = text
        self.is_nil |= local == "@nil" and ":" in name and text in {"true", "1"}

    def add(self, child: "_Element") -> None:
        value = child.value()
        if child.name not in self.children:
            self.children[child.name] = value
        elif isinstance(several := self.children[child.name], list):
            several.append(value)
        else:
            self.children[child.name] = [several, value]

    def value(self) -> Any:
        text = "".join(self.texts).strip()
        if self.is_nil and not self.children and not text:
            return None
        if not self.attributes and not self.children:
            return text
        return self.attributes | ({"#text": text} if text else {}) | self.children


class _Reader(ContentHandler):
    """Builds the value while expat reads, without recursion."""

    def __init__(self) -> None:
        super().__init__()
        self.document = _Element("")
        self._open = [self.document]
        self._nodes = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        if len(self._open) > DEEPEST:
            raise too_deep()
        self._nodes += 1 + len(attrs)
        if self._nodes > _MOST_NODES:
            raise DecodingError(
                f"The body is XML of more than {_MOST_NODES} elements and attributes. Send fewer."
            )
        self._open[-1].texts.append(" ")
        self._open.append(element := _Element(_local(name)))
        for key, text in attrs.items():
            if len(text) > _LONGEST_ATTRIBUTE:
                raise DecodingError(
                    f"The body has an XML attribute of {len(text)} characters, over {_LONGEST_ATTRIBUTE}. "
                    "Send it as the text of an element."
                )
            if key != "xmlns" and not key.startswith("xmlns:"):
                element.set_attribute(key, text)

    def characters(self, content: str) -> None:
        self._open[-1].texts.append(content)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - expat has compared the names
        done = self._open.pop()
        self._open[-1].add(done)


def _local(name: str) -> str:
    return name.rpartition(":")[2] or name
