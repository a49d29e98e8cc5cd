"""An authority and a certificate for the loopback address, made by openssl."""

from dataclasses import dataclass
from pathlib import Path

from tests.parts.cache import run
from tests.parts.process import HOST


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority, and the server's key with its certificate."""

    authority: Path
    server: Path


def make_certificates(folder: Path) -> Certificates:
    """A new authority, and what it signed for a server here."""
    folder.mkdir(exist_ok=True)
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    key, request, signed = folder / "server.key", folder / "server.csr", folder / "server.pem"
    days = ["-days", "2", "-nodes", "-newkey", "rsa:2048"]
    run(["openssl", "req", "-x509", *days, "-keyout", ca_key, "-out", ca, "-subj", "/CN=Test authority"])
    run(
        [
            "openssl",
            "req",
            "-nodes",
            "-newkey",
            "rsa:2048",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            f"/CN={HOST}",
        ]
    )
    names = folder / "names.cnf"
    names.write_text(f"subjectAltName=IP:{HOST}\n", encoding="utf-8")
    by: list[str | Path] = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2", "-extfile", names]
    run(["openssl", "x509", "-req", "-in", request, *by, "-out", signed])
    store = folder / "store.pem"
    store.write_text(key.read_text() + signed.read_text() + ca.read_text(), encoding="utf-8")
    return Certificates(ca, store)
