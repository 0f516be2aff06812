"""What a traffic source does with the postbacks of the tracker, in plain WSGI.

Run it by ``POSTBACK_TEMPLATE='http://127.0.0.1:8000/sale?id={external_id}&order={tx_id}&sum={payout}
&token=…' python -m examples.ghostflow.source_receiver --port 8000``, in one line, with the template
as it stands in the source's ``postbackUrl``. Such a call is not signed: the token in the template
is what tells it from others'.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from wsgiref.simple_server import make_server
from wsgiref.util import request_uri

from ghostflow import PostbackError, PostbackTemplate

sold: dict[tuple[str, str], Decimal | None] = {}
"""What each click brought, by our id of it and the order: the same call may come again.

Without ``{tx_id}`` in the template all orders of a click look the same.
"""


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer 200 to what the tracker sends, and 400 to everything else."""
    template = PostbackTemplate(os.environ["POSTBACK_TEMPLATE"])
    try:
        postback = template.read(request_uri(environ))
        order = postback.external_id, postback.get("tx_id", "")
        sold[order] = postback.payout
    except PostbackError as error:
        return _answer(start_response, "400 Bad Request", {"error": str(error)})
    return _answer(start_response, "200 OK", {"received": True})


def _answer(start_response: Any, status: str, body: dict[str, Any]) -> list[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


def main() -> None:
    """Listen on this machine until interrupted."""
    parser = argparse.ArgumentParser(description="Receive the postbacks of the tracker.")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000; 0: any free one")
    port = parser.parse_args().port
    if "POSTBACK_TEMPLATE" not in os.environ:
        parser.error("set POSTBACK_TEMPLATE to the source's postbackUrl")
    with make_server("127.0.0.1", port, application) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("bye")


if __name__ == "__main__":
    main()
