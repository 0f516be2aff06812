"""Node types of the vendor's editor that this server does not execute, and what to use instead."""

from __future__ import annotations

_CALL_IT = "is not executed by this server: call the service's API with a node of type http"
_NO_MEDIA = (
    "is not executed by this server: it works on text; call a service for media with a node of "
    "type http"
)
_NO_FILES = (
    "is not executed by this server: put documents into a knowledge base and ask it with a node of "
    "type knowledgeBaseQuery, or pass their text as an input"
)

INSTEAD = {
    "integration": _CALL_IT,
    "action": _CALL_IT,
    "database": _CALL_IT,
    "email": _CALL_IT,
    "web-search": _CALL_IT,
    "webSearch": _CALL_IT,
    "web-browse": _CALL_IT,
    "webBrowse": _CALL_IT,
    "url": "is not executed by this server: fetch the page with a node of type http",
    "audio": _NO_MEDIA,
    "audioInput": _NO_MEDIA,
    "audioOutput": _NO_MEDIA,
    "audioTranscription": _NO_MEDIA,
    "textToSpeech": _NO_MEDIA,
    "speechToText": _NO_MEDIA,
    "image": _NO_MEDIA,
    "imageGeneration": _NO_MEDIA,
    "screenshotCapture": _NO_MEDIA,
    "video": _NO_MEDIA,
    "videoGeneration": _NO_MEDIA,
    "vision": _NO_MEDIA,
    "ocr": _NO_MEDIA,
    "ocrExtraction": _NO_MEDIA,
    "file": _NO_FILES,
    "files": _NO_FILES,
    "fileDownload": _NO_FILES,
    "file-download": _NO_FILES,
    "fileUpload": _NO_FILES,
    "fileToPdf": _NO_FILES,
    "file-read": _NO_FILES,
    "fileRead": _NO_FILES,
    "file-write": _NO_FILES,
    "fileWrite": _NO_FILES,
    "pdf": _NO_FILES,
    "pdfExtraction": _NO_FILES,
    "pdf-extract": _NO_FILES,
    "spreadsheetGeneration": _NO_FILES,
    "chartGeneration": _NO_FILES,
    "embeddings": (
        "is not executed by this server: store texts in a knowledge base, or in shared-memory and "
        "search there"
    ),
    "parallel": (
        "is not executed by this server: branches run at the same time when several edges leave "
        "one node"
    ),
    "agent": (
        "is not executed by this server: use a node of type llm, or an agent with its own thread"
    ),
}


def instead_of(name: str) -> str | None:
    """The sentence about a type that is known but not executed; None for any other name."""
    return _FOLDED.get(_folded(name))


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


_FOLDED = {_folded(name): sentence for name, sentence in INSTEAD.items()}
