"""Certificates of every sort: one that is its own authority, and what an authority of the tests issues, good or bad."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YESTERDAY_TO_TOMORROW = (-1, 1)


def certificate(folder):
    """The files of a fresh certificate for 127.0.0.1, its own authority, and of its key."""
    key, name = new_key(), named("127.0.0.1")
    made = issued(name, key, "127.0.0.1", by=(name, key), is_authority=True)
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(pem_of(made))
    key_path.write_bytes(private_pem_of(key))
    return cert_path, key_path


class Authority:
    """Issues certificates; `trusted` is what believes it."""

    def __init__(self, folder):
        self._folder = folder
        self._name, self._key = named("Tests"), new_key()
        own = issued(self._name, self._key, "tests", by=(self._name, self._key), is_authority=True)
        self.trusted = ssl.create_default_context(cadata=pem_of(own).decode())

    def serves(self, host, *, days=YESTERDAY_TO_TOMORROW, self_signed=False):
        """What a server needs to speak TLS under a name, with a certificate of these days from now."""
        key, name = new_key(), named("server")
        made = issued(name, key, host, by=(name, key) if self_signed else (self._name, self._key), days=days)
        file = self._folder / "server.pem"
        file.write_bytes(private_pem_of(key) + pem_of(made))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def issued(name, key, host, *, by, days=YESTERDAY_TO_TOMORROW, is_authority=False):
    """A certificate for a host, by who has this name and this key."""
    issuer, signing_key = by
    now = datetime.now(UTC)
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(signing_key, hashes.SHA256())


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
