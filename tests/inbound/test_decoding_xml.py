"""XML as CRMs and listing services send it, and as an attacker would."""

import tracemalloc

import pytest

from bridge.errors import DecodingError
from bridge.inbound.decoding import decode

SOAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <SessionId xsi:nil="true"/>
   <Notification>
    <sObject xsi:type="sf:Tour__c" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     <sf:Id>a0X5f</sf:Id><sf:Notes__c>October &amp; a cat</sf:Notes__c>
    </sObject>
   </Notification>
   <Notification><sObject xsi:type="sf:Tour__c"><sf:Id>a0X6f</sf:Id></sObject></Notification>
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""


def refused(body: bytes, content_type: str | None = "text/xml") -> str:
    with pytest.raises(DecodingError) as caught:
        decode(body, content_type)
    return caught.value.message


class TestShape:
    @pytest.mark.parametrize(
        ("element", "value"),
        [
            ("<a/>", ""),
            ("<a></a>", ""),
            ("<a> \n </a>", ""),
            ("<a>\n Maya O&apos;Neil\n</a>", "Maya O'Neil"),
            ("<a>x<!-- y -->z</a>", "xz"),
            ("<a><![CDATA[<b>&amp;]]>&#33;</a>", "<b>&amp;!"),
            ('<a b="1"/>', {"@b": "1"}),
            ('<a b="">text</a>', {"@b": "", "#text": "text"}),
            ("<a><b>1</b><c>2</c></a>", {"b": "1", "c": "2"}),
            ("<a><b>1</b><c>2</c><b>3</b><b/></a>", {"b": ["1", "3", ""], "c": "2"}),
            ("<a><b>1</b><b><c>2</c></b></a>", {"b": ["1", {"c": "2"}]}),
            ("<a>one<b>2</b>three</a>", {"#text": "one three", "b": "2"}),
            ('<a b="1"><b>2</b></a>', {"@b": "1", "b": "2"}),
        ],
    )
    def test_of_an_element(self, element: str, value: object) -> None:
        assert decode(element.encode(), "text/xml") == {"a": value}

    def test_of_a_soap_envelope(self) -> None:
        assert decode(SOAP, "text/xml; charset=utf-8") == {
            "Envelope": {
                "Body": {
                    "notifications": {
                        "SessionId": None,
                        "Notification": [
                            {
                                "sObject": {
                                    "@type": "sf:Tour__c",
                                    "Id": "a0X5f",
                                    "Notes__c": "October & a cat",
                                }
                            },
                            {"sObject": {"@type": "sf:Tour__c", "Id": "a0X6f"}},
                        ],
                    }
                }
            }
        }

    @pytest.mark.parametrize(
        ("element", "value"),
        [
            ('<a xsi:nil="true"/>', None),
            ('<a xsi:nil="1" b="2"> </a>', None),
            ('<a xsi:nil="false"/>', {"@nil": "false"}),
            ('<a xsi:nil="true">x</a>', {"@nil": "true", "#text": "x"}),
            ('<a nil="true"/>', {"@nil": "true"}),
        ],
    )
    def test_of_nil(self, element: str, value: object) -> None:
        assert decode(element.encode(), "text/xml") == {"a": value}

    def test_of_attributes_that_differ_by_prefix_only(self) -> None:
        assert decode(b'<a type="1" xsi:type="2"/>', "text/xml") == {"a": {"@type": "1", "@xsi:type": "2"}}

    def test_of_prefixes_that_nobody_declared(self) -> None:
        assert decode(b"<x:a><y:b>1</y:b></x:a>", "text/xml") == {"a": {"b": "1"}}

    @pytest.mark.parametrize(
        "preamble",
        [
            "",
            "\n\n ",
            '<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n',
            '<?adf version="1.0"?>\n<?xml version="1.0"?>',
            '  <?ADF VERSION "1.0"?>\r\n<?XML version="1.1"?>',
            '<!-- lead --><?xml version="1.0"?>',
        ],
    )
    def test_does_not_depend_on_what_stands_before(self, preamble: str) -> None:
        body = f"{preamble}<adf><id>1</id></adf><!-- end -->\n"
        assert decode(body.encode(), "application/xml") == {"adf": {"id": "1"}}


class TestContentType:
    @pytest.mark.parametrize(
        "content_type",
        [
            "text/xml",
            "application/xml",
            "application/soap+xml; action=x",
            "text/plain",
            "text/html",
            "",
            None,
        ],
    )
    def test_is_not_needed(self, content_type: str | None) -> None:
        assert decode(b" <a>1</a>", content_type) == {"a": "1"}

    @pytest.mark.parametrize("content_type", ["application/json", "application/cloudevents+json"])
    def test_of_json_is_believed(self, content_type: str) -> None:
        assert "is not JSON" in refused(b"<a>1</a>", content_type)

    def test_of_xml_may_hold_json(self) -> None:
        assert decode(b' {"a": 1}', "text/xml") == {"a": 1}


class TestCharset:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<a>Zoë</a>".encode(), "text/xml"),
            ("\ufeff<a>Zoë</a>".encode(), "text/xml"),
            ("<a>Zoë</a>".encode("latin-1"), "text/xml; charset=iso-8859-1"),
            ('<?xml version="1.0" encoding="ISO-8859-1"?><a>Zoë</a>'.encode("latin-1"), "text/xml"),
            ("<?adf?>\n<?xml version='1.0' encoding='windows-1252'?><a>Zoë</a>".encode("cp1252"), None),
            ('<?xml version="1.0" encoding="ISO-8859-1"?><a>Zoë</a>'.encode(), "text/xml; charset=utf-8"),
            ('<?xml version="1.0" encoding="utf-16"?><a>Zoë</a>'.encode(), "text/xml"),
            ('<?xml version="1.0" encoding="utf-16"?><a>Zoë</a>'.encode("utf-16"), "text/xml"),
            ('<?xml version="1.0" encoding="UTF-16"?><a>Zoë</a>'.encode("utf-16-le"), "text/xml"),
            ('<?xml version="1.0" encoding="UTF-16"?><a>Zoë</a>'.encode("utf-16-be"), "text/xml"),
            ('<?xml version="1.0" encoding="klingon"?><a>Zoë</a>'.encode(), "text/xml"),
        ],
    )
    def test_is_that_of_the_content_type_else_of_the_prolog_else_utf_8(
        self, body: bytes, content_type: str | None
    ) -> None:
        assert decode(body, content_type) == {"a": "Zoë"}

    def test_of_a_prolog_inside_json_is_text(self) -> None:
        assert decode('{"a": "<?xml encoding=\'latin-1\'?>Zoë"}'.encode(), None)["a"].endswith("Zoë")

    def test_characters_that_xml_cannot_hold_are_replaced(self) -> None:
        assert decode(b"<a>x\x00\x0by</a>", "text/xml") == {"a": "x\ufffd\ufffdy"}


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("body", "content_type", "reported"),
        [
            (b"", "text/xml", "The body is empty, which is not XML (line 1 column 1: no element found); the"),
            (
                b"hello",
                "text/xml",
                "The body begins with 'hello' and is not XML (line 1 column 1: syntax error); ",
            ),
            (b"<a>\n <b></a>", None, "(line 2 column 7: mismatched tag); there is no content type."),
            (b"<?adf?>\n<?xml?>\n<a>R&D</a>", None, "(line 3 column 7: not well-formed (invalid token))"),
            (b"<a/><b/>", "text/xml", "junk after document element"),
            (b"<a>&nbsp;</a>", "text/xml", "undefined entity"),
            (b"<a b='1' b='2'/>", "text/xml", "duplicate attribute"),
            (b"<?xml version='1.0'?>", "text/xml", "begins with '<?xml vers' and is not XML"),
            (b"<a>&#0;</a>", "text/xml", "reference to invalid character number"),
        ],
    )
    def test_is_reported_with_its_place(self, body: bytes, content_type: str | None, reported: str) -> None:
        assert reported in refused(body, content_type)


class TestAttack:
    """What follows a limit is broken XML: an error that names the limit shows that nobody read on."""

    @pytest.mark.parametrize(
        "document_type",
        [
            b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>',
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/"> %b;]><a/>',
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
            b"<!DOCTYPE html><html></html>",
            b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ATTLIST a b CDATA "c"> <<<',
        ],
    )
    def test_document_types_and_their_entities_are_refused(self, document_type: bytes) -> None:
        assert "XML with a document type (<!DOCTYPE>)" in refused(document_type)

    @pytest.mark.parametrize("element", [b"<a>", b"<a><b/>", b"<x:a y='1'>"])
    def test_deep_nesting_is_refused(self, element: bytes) -> None:
        assert "nested deeper than 100 levels" in refused(element * 101 + b"<<<" + b" " * 500_000)

    def test_a_hundred_levels_are_read(self) -> None:
        assert decode(b"<a>" * 100 + b"</a>" * 100, "text/xml")

    def test_lists_count_as_levels(self) -> None:
        assert "nested deeper" in refused(b"<a><a/>" * 60 + b"</a>" * 60)

    @pytest.mark.parametrize("element", [b"<a/>", b"<a b='' c=''/>", b"<a>x</a>"])
    def test_a_million_siblings_are_refused(self, element: bytes) -> None:
        assert "more than 50000 elements and attributes" in refused(b"<r>" + element * 50_000 + b"<<<")

    def test_a_million_attributes_are_refused(self) -> None:
        attributes = " ".join(f"a{number}=''" for number in range(50_000))
        assert "more than 50000 elements and attributes" in refused(f"<r {attributes}/><<<".encode())

    def test_fifty_thousand_elements_are_read(self) -> None:
        assert len(decode(b"<r>" + b"<a/>" * 49_999 + b"</r>", "text/xml")["r"]["a"]) == 49_999

    def test_huge_attributes_are_refused(self) -> None:
        assert "an XML attribute of 65537 characters" in refused(b'<r a="' + b"x" * 65_537 + b'"/><<<')
        assert decode(b'<r a="' + b"x" * 65_536 + b'"/>', "text/xml")

    def test_a_long_namespace_is_not_repeated_for_every_name(self) -> None:
        names = "".join(f"<n:a{number}/>" for number in range(20_000))
        body = f'<r xmlns:n="{"x" * 65_000}">{names}</r>'.encode()
        tracemalloc.start()
        try:
            decode(body, "text/xml")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 40_000_000  # twenty thousand copies would be 1.3 GB
