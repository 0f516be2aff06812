"""parseXML: a document as objects, without anything that reaches beyond the document."""

from __future__ import annotations

from typing import Any

from quintet_server.services.flowmaestro.nodes.errors import NodeError

_DEPTH_MAX = 100
_ATTRIBUTE = "@"


def parse_xml(text: str) -> Any:
    """The document as `{root: ...}`: attributes merged into their element, text under `#text`.

    An element that occurs once is no list. Entity declarations and document types are refused: with
    them a few bytes can stand for gigabytes, or for a file of this machine.

    Raises:
        NodeError: no well-formed XML, a document type, or nested deeper than 100.
    """
    from xml.parsers.expat import ExpatError

    import xmltodict

    _check(text)
    try:
        document = xmltodict.parse(text, disable_entities=True)
    except (ExpatError, ValueError) as error:
        raise NodeError(f"The text is not well-formed XML: {error}", "bad_data") from None
    return _merged(document)


def _check(text: str) -> None:
    """Refuse document types and deep nesting before anything recursive sees them."""
    from xml.parsers.expat import ExpatError, ParserCreate

    depth = 0

    def started(_name: str, _attributes: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_MAX:
            raise NodeError(f"The XML is nested deeper than {_DEPTH_MAX}", "bad_data")

    def ended(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def typed(*_declaration: Any) -> None:
        raise NodeError("XML with a document type or entities is refused", "bad_data")

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = typed
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    try:
        parser.Parse(text, True)
    except ExpatError as error:
        raise NodeError(f"The text is not well-formed XML: {error}", "bad_data") from None


def _merged(value: Any) -> Any:
    """Attributes beside the children, under their own names; a child of the same name wins."""
    if isinstance(value, list):
        return [_merged(item) for item in value]
    if not isinstance(value, dict):
        return value
    attributes = {
        key.removeprefix(_ATTRIBUTE): item
        for key, item in value.items()
        if key.startswith(_ATTRIBUTE)
    }
    children = {key: _merged(item) for key, item in value.items() if not key.startswith(_ATTRIBUTE)}
    return {**attributes, **children}
