"""A certificate authority of one run, so that TLS is verified as it is in earnest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """Files of an authority that is trusted by whoever is told.

    Attributes:
        server: PEM file with the key and the certificates of 127.0.0.1.
        trust: PEM file with the authority's own certificate.
    """

    server: Path
    trust: Path

    @property
    def environ(self) -> dict[str, str]:
        """What tells OpenSSL, and requests, which looks elsewhere, whom to trust."""
        return {"SSL_CERT_FILE": str(self.trust), "REQUESTS_CA_BUNDLE": str(self.trust)}


@contextmanager
def authority() -> Iterator[Authority]:
    """Make one; its files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="quintet-bench-") as folder:
        made = Authority(Path(folder) / "server.pem", Path(folder) / "trust.pem")
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(made.trust))
        ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(made.server))
        yield made
