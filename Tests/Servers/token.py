#!/usr/bin/env python3
"""token.py KEY CERTIFICATE ISSUER SERVICE REPOSITORY...: a token that the registry of the tests takes, for pulling.

Source: distribution, docs/spec/auth/jwt.md; RFC 7515 and 7518 for the signature.
"""
import base64
import json
import subprocess
import sys
import time

key, certificate, issuer, service, *repositories = sys.argv[1:]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integers(der):
    """The two numbers of an ECDSA signature, 32 bytes each."""
    found, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        found += int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big")
        at += 2 + size
    return found


text = open(certificate).read().split("-----")[2]
now = int(time.time())
header = {"typ": "JWT", "alg": "ES256", "x5c": ["".join(text.split())]}
claims = {
    "iss": issuer, "sub": "alice", "aud": service, "exp": now + 86400, "nbf": now - 60, "iat": now, "jti": "tests",
    "access": [{"type": "repository", "name": name, "actions": ["pull"]} for name in repositories],
}
signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
signature = subprocess.run(
    ["openssl", "dgst", "-sha256", "-sign", key], input=signed.encode(), capture_output=True, check=True).stdout
print(signed + "." + base64url(integers(signature)))
