"""Provenance: every picture that is drawn says in its own file that a machine drew it, and which.

In XMP, the words of IPTC's vocabulary of digital source types; and where the extra `c2pa` is
installed and the site has a credential, a C2PA manifest over the very bytes. The credential is the
site's own: it shows that a file is as this site made it, and stands on nobody's list of trusted
ones. What was asked is not written into the file: it could name somebody.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image
from PIL.PngImagePlugin import PngInfo

c2pa: Any = importlib.import_module("c2pa") if importlib.util.find_spec("c2pa") else None

_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
BY_MODEL = _VOCABULARY + "trainedAlgorithmicMedia"
BY_RULES = _VOCABULARY + "algorithmicMedia"
"""IPTC, 2024-09-17. Pure algorithmic media: made by an algorithm that is not based on sampled
training data. Not compositeSynthetic, which says that an element came from generative AI; see
docs/decisions/0098."""

YEARS = 10
_A_DAY = timedelta(days=1)  # clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """key: a private key for ES256, PEM. chain: its certificate and the one above it, PEM."""

    key: bytes = field(repr=False)
    chain: bytes


def new_credential(site: str, now: datetime) -> Credential:
    """A key, and a chain of two certificates in the site's name that nobody else vouches for.

    C2PA 2.x wants an end-entity certificate that does not sign itself; the key above it is
    forgotten as soon as it has signed.
    """
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, "Pictures made by Demur"),
        ]
    )
    top = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, "Signs itself, on no trust list"),
        ]
    )
    until = now + timedelta(days=365 * YEARS)
    root = (
        _certificate(top, top, above.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_may(sign_certificates=True), critical=True)
        .sign(above, hashes.SHA256())
    )
    leaf = (
        _certificate(name, top, own.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_may(sign_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
        )
        .sign(above, hashes.SHA256())
    )
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Credential(
        key=key, chain=leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)
    )


def is_good(credential: Credential, now: datetime) -> bool:
    """Can it sign at this moment: is it whole, and not past its day?"""
    try:
        load_pem_private_key(credential.key, password=None)
        return x509.load_pem_x509_certificates(credential.chain)[0].not_valid_after_utc > now
    except (ValueError, IndexError):
        return False


def sealed(
    image: Image.Image, *, drew: str, by_model: bool, credential: Credential | None
) -> bytes:
    """The picture as PNG, with what made it written into it.

    drew: the composer, or the name of a model.
    """
    source = BY_MODEL if by_model else BY_RULES
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _xmp(source, drew, by_model))
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=info, optimize=False)
    if c2pa is None or credential is None:
        return out.getvalue()
    return _signed(out.getvalue(), source, drew, credential)


def _xmp(source: str, drew: str, by_model: bool) -> str:
    said = {"Iptc4xmpExt:DigitalSourceType": source, "xmp:CreatorTool": f"Demur: {drew}"}
    if by_model:
        said["Iptc4xmpExt:AISystemUsed"] = drew
    else:
        said["photoshop:Credit"] = "Pictograms: Fluent Emoji by Microsoft (MIT), and Demur"
    lines = "\n".join(f"  {name}={quoteattr(value)}" for name, value in said.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about=""\n'
        '  xmlns:xmp="http://ns.adobe.com/xap/1.0/"\n'
        '  xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"\n'
        '  xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"\n'
        f'{lines}/></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    )


def _signed(png: bytes, source: str, drew: str, credential: Credential) -> bytes:
    said = {
        "claim_generator_info": [{"name": "Demur", "version": "0.1"}],
        "format": "image/png",
        "title": "A picture that a machine drew",
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": source,
                            "softwareAgent": {"name": f"Demur: {drew}"},
                        }
                    ]
                },
            }
        ],
    }
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", credential.chain, credential.key, None)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(json.dumps(said)) as builder:
        builder.sign(signer, "image/png", io.BytesIO(png), out)
    return out.getvalue()


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _A_DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _may(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
