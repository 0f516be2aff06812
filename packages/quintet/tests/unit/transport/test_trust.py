"""TLS configurations: which files count, what is shared, what is wrong with them."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from quintet.errors import ConfigurationError
from quintet.transport import trust
from quintet.transport.trust import Trust, tls_context


class Files:
    def __init__(self, folder: Path) -> None:
        ca = trustme.CA()
        leaf = ca.issue_cert("client.example")
        self.ca = folder / "ca.pem"
        ca.cert_pem.write_to_path(self.ca)
        self.both = folder / "both.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(self.both)
        self.cert = folder / "cert.pem"
        leaf.cert_chain_pems[0].write_to_path(self.cert)
        self.key = folder / "key.pem"
        leaf.private_key_pem.write_to_path(self.key)
        self.other_key = folder / "other_key.pem"
        ca.issue_cert("other.example").private_key_pem.write_to_path(self.other_key)
        self.locked = folder / "locked.pem"
        key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        lock = BestAvailableEncryption(b"open sesame")
        self.locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"))


def test_contexts_are_made_once_even_by_many_threads() -> None:
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.append(tls_context(False))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(context) for context in made}) == 1


def test_context_is_shared_by_configuration_and_not_beyond(files: Files) -> None:
    assert Trust(files.ca).context() is Trust(str(files.ca)).context()
    assert Trust(files.ca).context() is not Trust(False).context()
    assert Trust(files.ca, files.both).context() is not Trust(files.ca).context()


def test_change_of_the_surroundings_makes_another_context(
    monkeypatch: pytest.MonkeyPatch, files: Files
) -> None:
    before = tls_context()
    monkeypatch.setenv("SSL_CERT_FILE", str(files.ca))
    assert tls_context() is not before
    # The system's store and certifi's do not have it.
    subjects = [str(each["subject"]) for each in tls_context().get_ca_certs()]
    assert sum("trustme" in subject for subject in subjects) == 1
    monkeypatch.undo()
    assert tls_context() is before


def test_file_that_is_renewed_in_its_place_makes_another_context(
    files: Files, tmp_path: Path
) -> None:
    place = tmp_path / "ca.pem"
    place.write_bytes(files.ca.read_bytes())
    mine = Trust(place)
    before = mine.context()
    assert mine.context() is before
    trustme.CA().cert_pem.write_to_path(place, append=True)
    assert mine.context().cert_store_stats()["x509_ca"] == 2


def test_contexts_are_not_kept_without_end(files: Files, tmp_path: Path) -> None:
    for number in range(80):
        place = tmp_path / f"{number}.pem"
        place.write_bytes(files.ca.read_bytes())
        Trust(place).context()
    assert len(trust._contexts._made) <= 64


def test_certifi_is_trusted_beside_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such/folder")
    assert tls_context().cert_store_stats()["x509_ca"] > 50


def test_private_authority_is_trusted_alone(files: Files) -> None:
    assert Trust(files.ca).context().cert_store_stats()["x509_ca"] == 1


def test_folder_is_looked_into_when_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="openssl rehash") as caught:
        Trust(tmp_path).context()
    assert repr(str(tmp_path)) in str(caught.value)
    (tmp_path / "0a1b2c3d.0").touch()
    context = Trust(tmp_path).context()
    assert context.cert_store_stats()["x509_ca"] == 0
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_nothing_is_verified_only_if_that_is_said(files: Files) -> None:
    loose = Trust(False).context()
    assert (loose.verify_mode, loose.check_hostname) == (ssl.CERT_NONE, False)
    strict = Trust(files.ca, files.both).context()
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert strict.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_context_that_is_given_is_used_as_it_is() -> None:
    mine = ssl.create_default_context()
    assert Trust(ssl_context=mine).context() is mine


@pytest.mark.parametrize("shape", ["one file", "two files", "no password", "with password"])
def test_client_certificate_may_come_in_several_shapes(files: Files, shape: str) -> None:
    cert: Any = {
        "one file": files.both,
        "two files": (files.cert, str(files.key)),
        "no password": (files.cert, files.key, None),
        "with password": (files.cert, files.locked, "open sesame"),
    }[shape]
    assert Trust(False, cert).context() is Trust(False, cert).context()


def test_encrypted_key_without_its_password_is_an_error_and_asks_nobody(files: Files) -> None:
    with pytest.raises(ConfigurationError, match=r"encrypted.*password"):
        Trust(False, (files.cert, files.locked)).context()


def test_wrong_password_is_an_error_that_does_not_show_it(files: Files) -> None:
    with pytest.raises(ConfigurationError, match="TLS files") as caught:
        Trust(False, (files.cert, files.locked, "hunter2")).context()
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Trust(False, (files.cert, files.locked, "hunter2")))


@pytest.mark.parametrize("cert", [None, __file__])
def test_file_that_is_no_certificate_is_a_configuration_error(cert: str | None) -> None:
    with pytest.raises(ConfigurationError, match="TLS files"):
        Trust(__file__ if cert is None else False, cert).context()
    with pytest.raises(ConfigurationError, match="No such file"):
        Trust("/no/such/file.pem").context()


def test_key_log_is_written_where_python_writes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert tls_context().keylog_filename == str(tmp_path / "keys")
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "keys"))
    with pytest.raises(ConfigurationError, match="SSLKEYLOGFILE"):
        tls_context()


@pytest.mark.parametrize(
    ("verify", "cert", "words"),
    [
        ("nope.pem", None, "verify={nope.pem}: No such file"),
        ("key.pem", None, "verify={key.pem}: no certificate in PEM form"),
        (False, "nope.pem", "cert={nope.pem}: No such file"),
        (False, "cert.pem", "cert={cert.pem}: no private key in it: give cert=(certificate, key)"),
        (False, ("key.pem", "key.pem"), "cert={key.pem}: no certificate in PEM form"),
        (False, ("cert.pem", "nope.pem"), "the key in cert={nope.pem}: No such file"),
        (False, ("cert.pem", "ca.pem"), "the key in cert={ca.pem}: no private key in it"),
        (
            False,
            ("cert.pem", "other_key.pem"),
            "the key in cert={other_key.pem}: the key does not fit the certificate {cert.pem}",
        ),
        (
            False,
            ("cert.pem", "locked.pem", "hunter2"),
            "the key in cert={locked.pem}: the key cannot be read: the password is wrong",
        ),
        (False, ("cert.pem", "locked.pem"), "the key in cert={locked.pem}: it is encrypted"),
        (False, ("cert.pem", "damaged.pem"), "the key in cert={damaged.pem}: the key cannot be"),
    ],
)
def test_file_that_cannot_be_used_is_named(
    files: Files, verify: Any, cert: Any, words: str
) -> None:
    folder = files.ca.parent
    lines = files.key.read_text().splitlines()
    (folder / "damaged.pem").write_text("\n".join([lines[0], "!", *lines[2:]]))

    def placed(name: Any) -> Any:
        return str(folder / name) if isinstance(name, str) else name

    if isinstance(cert, tuple):
        cert = (placed(cert[0]), placed(cert[1]), *cert[2:])
    with pytest.raises(ConfigurationError) as caught:
        Trust(placed(verify), placed(cert)).context()
    for name in ("nope", "key", "cert", "ca", "other_key", "locked", "damaged"):
        words = words.replace(f"{{{name}.pem}}", repr(str(folder / f"{name}.pem")))
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verify": ""}, "verify is empty"),
        ({"cert": ""}, "cert is empty"),
        ({"cert": ("a", "")}, "the key of cert is empty"),
        ({"verify": "a\0b"}, "verify is no path"),
        ({"verify": ssl.create_default_context()}, "ssl_context="),
    ],
)
def test_path_that_cannot_be_one_is_refused_when_it_is_given(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Trust(**options)


def test_trust_without_a_certificate_of_ours_is_anonymous() -> None:
    assert Trust().anonymous
    assert not Trust(cert="mine.pem").anonymous
    assert not Trust(ssl_context=ssl.create_default_context()).anonymous
