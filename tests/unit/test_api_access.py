"""Who is let in: tokens checked against the keys of a real server on this machine, API keys of a file, and nobody else."""

from __future__ import annotations

import base64
import hmac
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from graph_service.api.security import keys as keys_module
from graph_service.api.security.access import Insecure, Secured, bearer
from graph_service.api.security.jwks import KeySet
from graph_service.api.security.keys import ApiKeys, new_key
from graph_service.api.security.roles import Audience, Principal, Role
from graph_service.api.security.tokens import TokenRules, Tokens
from graph_service.core.errors import BadInput, BadSettings, Forbidden, Unauthenticated, Unavailable

ISSUER, AUDIENCE = "https://issuer.example.org/", "graph-service"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The public half, as a JSON Web Key."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


@dataclass
class Issuer:
    """What the server answers, and how often it was asked."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    location: str | None = None
    asked: int = 0
    address: str = ""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A server of keys on loopback, over real HTTP."""
    found = Issuer(keys=[public(RSA_KEY, "one"), public(EC_KEY, "two")])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked += 1
            body = json.dumps({"keys": found.keys}).encode() if found.body is None else found.body
            self.send_response(found.status)
            if found.location is not None:
                self.send_header("location", found.location)
            self.send_header("content-type", "application/jwk-set+json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_address[1]}/keys"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def tokens(
    issuer: Issuer, *, fresh_s: float = 300, stale_s: float = 3600, gap_s: float = 0, **rules: Any
) -> Tokens:
    """The checks of a service that trusts that issuer."""
    keys = KeySet(issuer.address, fresh_s=fresh_s, stale_s=stale_s, gap_s=gap_s)
    given = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": ("RS256", "ES256"),
        "leeway_s": 5.0,
        **rules,
    }
    return Tokens(keys, TokenRules(**given))


def claims(**changed: Any) -> dict[str, Any]:
    """Claims that hold, for longer than any test run may take; None leaves one out."""
    now = int(time.time())
    plain = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "exp": now + 3 * 3600,
        "nbf": now,
        "iat": now,
        "role": "reader",
        **changed,
    }
    return {name: value for name, value in plain.items() if value is not None}


def signed(
    key: Any = RSA_KEY,
    algorithm: str = "RS256",
    kid: str | None = "one",
    headers: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A token."""
    given = {**({} if kid is None else {"kid": kid}), **(headers or {})}
    return jwt.encode(claims(**changed), key, algorithm, headers=given)


def by_hand(header: dict[str, Any], signature: bytes | None = None, secret: bytes = b"") -> str:
    """A token that no library would make."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    text = b".".join(parts)
    mac = hmac.new(secret, text, sha256).digest() if signature is None else signature
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
SECRET_IN_SET = {
    "kty": "oct",
    "kid": "secret",
    "alg": "HS256",
    "k": base64.urlsafe_b64encode(b"x" * 32).decode(),
}


async def test_a_token_that_holds_says_who_asks(issuer: Issuer) -> None:
    """Name, role, and when it ends in microseconds; of either pinned kind of signature."""
    end = int(time.time()) + 60
    for token in (signed(exp=end), signed(EC_KEY, "ES256", "two", exp=end)):
        found = await tokens(issuer).principal(token)
        assert found == Principal(name="alice", realm="token", role=Role.READER, expires_at=end * 1_000_000)


BAD_TOKENS = {
    "no token": ("nonsense", "cannot be read"),
    "empty parts": ("..", "cannot be read"),
    "another issuer": (signed(iss="https://other.example.org/"), "another issuer"),
    "issuer without its end": (signed(iss=ISSUER.rstrip("/")), "another issuer"),
    "no issuer": (signed(iss=None), "lacks the claim iss"),
    "another audience": (signed(aud="other-service"), "another service"),
    "audience that begins alike": (signed(aud=["graph-service-2", "graph"]), "another service"),
    "no audience": (signed(aud=None), "lacks the claim aud"),
    "no subject": (signed(sub=None), "lacks the claim sub"),
    "empty subject": (signed(sub=""), "subject"),
    "subject with a line break": (signed(sub="alice\nrole=eraser"), "subject"),
    "no end": (signed(exp=None), "lacks the claim exp"),
    "over": (signed(exp=int(time.time()) - 6), "expired"),
    "not yet": (signed(nbf=int(time.time()) + 2 * 3600), "not valid yet"),
    "made in the future": (signed(iat=int(time.time()) + 2 * 3600), "not valid yet"),
    "no signature": (by_hand({"alg": "none", "kid": "one"}, b""), "not accepted"),
    "none, in other letters": (by_hand({"alg": "nOnE", "kid": "one"}, b""), "not accepted"),
    "public key as secret": (by_hand({"alg": "HS256", "kid": "one", "typ": "JWT"}, secret=PEM), "not accepted"),
    "secret of the set": (by_hand({"alg": "HS256", "kid": "secret"}, secret=b"x" * 32), "not accepted"),
    "not pinned": (signed(algorithm="PS256"), "not accepted"),
    "unknown key": (signed(kid="three"), "does not have"),
    "no key named": (signed(kid=None), "does not say which key"),
    "key of another kind": (signed(kid="two"), "does not have"),
    "signed by somebody else": (signed(OTHER_RSA_KEY), "does not hold"),
    "key in the token": (signed(OTHER_RSA_KEY, kid="mine", headers={"jwk": public(OTHER_RSA_KEY, "mine")}), "does not have"),
    "critical extension": (signed(headers={"crit": ["exp"], "exp": 1}), "cannot be read|does not hold"),
    "too long": (signed(more="x" * 9000), "longer than"),
}  # fmt: skip


@pytest.mark.parametrize(("token", "why"), BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_a_token_that_does_not_hold_is_refused(issuer: Issuer, token: str, why: str) -> None:
    """In words about the token, not about what is expected."""
    issuer.keys.append(SECRET_IN_SET)
    with pytest.raises(Unauthenticated, match=why) as refused:
        await tokens(issuer).principal(token)
    assert ISSUER not in str(refused.value) and "alice" not in str(refused.value)


async def test_a_changed_token_does_not_hold(issuer: Issuer) -> None:
    """Also not when only the role was changed."""
    head, _, tail = signed().split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims(role="eraser")).encode()).rstrip(b"=").decode()
    with pytest.raises(Unauthenticated, match="does not hold"):
        await tokens(issuer).principal(f"{head}.{forged}.{tail}")


async def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    """And by no more; the end stays that of the token."""
    now = int(time.time())
    found = await tokens(issuer, leeway_s=30.0).principal(signed(exp=now - 10, nbf=now + 10, iat=now + 10))
    assert found.expires_at == (now - 10) * 1_000_000
    with pytest.raises(Unauthenticated):
        await tokens(issuer, leeway_s=5.0).principal(signed(exp=now - 10))


@pytest.mark.parametrize(
    ("claim", "said", "wanted"),
    [
        ("role", "operator", Role.OPERATOR),
        ("role", ["reader", "eraser", "cook"], Role.ERASER),
        ("role", "profile reader", Role.READER),
        ("role", "cook", None),
        ("role", "Operator", None),
        ("role", {"operator": True}, None),
        ("role", None, None),
        ("realm_access.roles", ["operator"], Role.OPERATOR),
        ("https://example.org/roles", ["operator"], Role.OPERATOR),
    ],
)
async def test_the_role_comes_from_the_claim(
    issuer: Issuer, claim: str, said: Any, wanted: Role | None
) -> None:
    """The highest that it names; none where it names none."""
    given = (
        {"realm_access": {"roles": said}, "role": None}
        if claim.startswith("realm")
        else {"role": None, claim: said}
    )
    assert (await tokens(issuer, role_claim=claim).principal(signed(**given))).role is wanted


async def test_roles_may_have_other_names(issuer: Issuer) -> None:
    """Then the usual ones mean nothing."""
    checks = tokens(issuer, roles={"graph-admins": Role.OPERATOR})
    assert (await checks.principal(signed(role=["graph-admins"]))).role is Role.OPERATOR
    assert (await checks.principal(signed(role=["operator"]))).role is None


async def test_keys_are_asked_for_once_and_renewed_when_one_is_new(issuer: Issuer) -> None:
    """A key that is taken back is not believed any longer once the set was renewed."""
    checks = tokens(issuer)
    for _ in range(5):
        await checks.principal(signed())
    assert issuer.asked == 1
    issuer.keys = [public(OTHER_RSA_KEY, "new")]
    assert (await checks.principal(signed(OTHER_RSA_KEY, kid="new"))).name == "alice"
    assert issuer.asked == 2
    with pytest.raises(Unauthenticated):
        await checks.principal(signed())


async def test_unknown_keys_do_not_make_us_ask_without_end(issuer: Issuer) -> None:
    """At most once in a while, whatever tokens come."""
    checks = tokens(issuer, gap_s=60)
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await checks.principal(signed(kid=f"made up {number}"))
    assert issuer.asked == 1
    assert (await checks.principal(signed())).name == "alice"


async def test_an_issuer_that_is_away_is_waited_out_for_a_while(issuer: Issuer) -> None:
    """Known keys go on, up to an age; then nobody can be told, which is an outage and not a refusal."""
    checks = tokens(issuer, fresh_s=0, stale_s=0.3)
    await checks.principal(signed())
    issuer.status, issuer.body = 500, b"{}"
    assert (await checks.principal(signed())).name == "alice"
    time.sleep(0.35)
    with pytest.raises(Unavailable):
        await checks.principal(signed())
    issuer.status, issuer.body = 200, None
    assert (await checks.principal(signed())).name == "alice"


BAD_SETS = {
    "no JSON": b"<html>",
    "deep": b"[" * 50_000,
    "no set": b'["keys"]',
    "nothing usable": json.dumps({"keys": [SECRET_IN_SET, {"kty": "RSA"}, 7]}).encode(),
    "private": json.dumps({"keys": [{**RSAAlgorithm.to_jwk(RSA_KEY, as_dict=True), "kid": "one"}]}).encode(),
    "for encryption": json.dumps({"keys": [public(RSA_KEY, "one", use="enc")]}).encode(),
    "too many": json.dumps({"keys": [public(EC_KEY, str(n)) for n in range(101)]}).encode(),
    "too large": b'{"keys": [' + b" " * 300_000 + b"]}",
}


@pytest.mark.parametrize("body", BAD_SETS.values(), ids=BAD_SETS)
async def test_a_set_of_keys_that_cannot_be_used_lets_nobody_in(issuer: Issuer, body: bytes) -> None:
    """And does not break anything."""
    issuer.body = body
    with pytest.raises(Unavailable):
        await tokens(issuer).principal(signed())


async def test_keys_come_from_no_other_address(issuer: Issuer) -> None:
    """A redirect is not followed."""
    issuer.status, issuer.location = 302, issuer.address + "/elsewhere"
    with pytest.raises(Unavailable):
        await tokens(issuer).principal(signed())
    assert issuer.asked == 1


async def test_a_key_says_for_which_signatures_it_is(issuer: Issuer) -> None:
    """`alg` of the key binds, even among pinned ones."""
    issuer.keys = [public(RSA_KEY, "one", alg="RS512")]
    with pytest.raises(Unauthenticated):
        await tokens(issuer, algorithms=("RS256", "RS512")).principal(signed())
    assert (
        await tokens(issuer, algorithms=("RS256", "RS512")).principal(signed(algorithm="RS512"))
    ).name == "alice"


async def test_keys_of_tokens_may_stand_in_a_file(tmp_path: Path) -> None:
    """It is read at once, and again when it is old."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public(RSA_KEY, "one")]}))
    rules = TokenRules(issuer=ISSUER, audience=AUDIENCE, algorithms=("RS256",))
    checks = Tokens(KeySet(str(path), gap_s=0), rules)
    assert (await checks.principal(signed())).name == "alice"
    path.write_text(json.dumps({"keys": [public(OTHER_RSA_KEY, "new")]}))
    assert (await checks.principal(signed(OTHER_RSA_KEY, kid="new"))).name == "alice"
    path.write_text("{")
    with pytest.raises(BadSettings, match="jwt_jwks"):
        KeySet(str(path))


@pytest.mark.parametrize(
    "place",
    [
        "http://issuer.example.org/keys",
        "ftp://127.0.0.1/keys",
        "https://",
        "nowhere.json",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_anybody_could_answer_is_refused(place: str) -> None:
    """https, or this machine, or a file."""
    with pytest.raises(BadSettings, match="jwt_jwks"):
        KeySet(place)


@pytest.mark.parametrize("algorithms", [(), ("HS256",), ("RS256", "none"), ("RS256", "HS512"), ("rs256",)])
def test_only_asymmetric_signatures_can_be_pinned(algorithms: tuple[str, ...]) -> None:
    """So that a public key is never a secret."""
    with pytest.raises(BadSettings, match="jwt_algorithms"):
        TokenRules(issuer=ISSUER, audience=AUDIENCE, algorithms=algorithms)


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of keys is looked at every time."""
    monkeypatch.setattr(keys_module, "LOOK_AGAIN_S", 0.0)


def written(path: Path, *lines: str) -> None:
    """The file, with another time than before."""
    path.write_text("# who may ask\n\n" + "\n".join(lines) + "\n")
    later = time.time() + written.calls
    os.utime(path, (later, later))
    written.calls += 1


written.calls = 1


@pytest.mark.usefixtures("quick_look")
async def test_keys_of_a_file_let_in_and_go_with_it(tmp_path: Path) -> None:
    """A new line lets in, a line that is gone does not, without a restart; connections can ask whether theirs still holds."""
    (alice, alice_line), (bob, bob_line) = new_key("alice", Role.OPERATOR), new_key("bob", Role.READER)
    path = tmp_path / "keys"
    written(path, alice_line)
    access = Secured(ApiKeys(path), None)
    found = await access.authenticate(alice)
    assert (found.name, found.role, found.expires_at) == ("alice", Role.OPERATOR, None)
    with pytest.raises(Unauthenticated):
        await access.authenticate(bob)
    written(path, bob_line)
    assert (await access.authenticate(bob)).role is Role.READER
    with pytest.raises(Unauthenticated):
        await access.authenticate(alice)
    assert not access.holds(found)
    written(path, "alice reader " + alice_line.split()[2])
    assert not access.holds(found), "the role has changed"


@pytest.mark.usefixtures("quick_look")
async def test_a_file_that_becomes_wrong_changes_nothing(tmp_path: Path) -> None:
    """It is logged; nobody is locked out by half a line."""
    key, line = new_key("alice", Role.READER)
    path = tmp_path / "keys"
    written(path, line)
    access = Secured(ApiKeys(path), None)
    written(path, line[:-3])
    assert (await access.authenticate(key)).name == "alice"
    path.unlink()
    assert (await access.authenticate(key)).name == "alice"


async def test_a_key_may_end(tmp_path: Path) -> None:
    """At the instant beside it."""
    (old, old_line), (new, new_line) = new_key("old", Role.READER), new_key("new", Role.READER)
    path = tmp_path / "keys"
    written(path, f"{old_line} 2020-01-01T00:00:00Z", f"{new_line} 2999-01-01T00:00:00Z")
    access = Secured(ApiKeys(path), None)
    assert (await access.authenticate(new)).expires_at is not None
    with pytest.raises(Unauthenticated):
        await access.authenticate(old)


def test_keys_are_not_in_the_file(tmp_path: Path) -> None:
    """Only what they come to; each is another one, and long."""
    key, line = new_key("a", Role.READER)
    assert key not in line and sha256(key.encode()).hexdigest() in line
    assert len(key) > 40 and key != new_key("a", Role.READER)[0]
    with pytest.raises(BadInput):
        new_key("two words", Role.READER)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alice reader", "2 words"),
        ("alice king sha256:" + "0" * 64, "one of the roles"),
        ("alice reader sha256:123", "hash"),
        ("alice reader md5:" + "0" * 64, "hash"),
        ("al/ice reader sha256:" + "0" * 64, "name"),
        ("alice reader sha256:" + "0" * 64 + " tomorrow", "instant"),
        ("alice reader sha256:" + "0" * 64 + "\nalice reader sha256:" + "1" * 64, "twice"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    """At the start it is a wrong setting."""
    path = tmp_path / "keys"
    path.write_text(f"\n{line}\n")
    with pytest.raises(BadSettings, match=f"line [23].*{why}"):
        ApiKeys(path)
    with pytest.raises(BadSettings, match="api-key"):
        ApiKeys(tmp_path / "nowhere")


async def test_all_keys_are_compared_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after the right one was found."""
    made = [new_key(f"k{n}", Role.READER) for n in range(7)]
    path = tmp_path / "keys"
    path.write_text("\n".join(line for _, line in made))
    keys, calls, compare = ApiKeys(path), [], hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        calls.append(1)
        return compare(one, other)

    monkeypatch.setattr(keys_module.hmac, "compare_digest", counted)
    for key in (made[0][0], made[-1][0], "gsk_none"):
        calls.clear()
        keys.find(key)
        assert len(calls) == 7


async def test_keys_and_tokens_are_not_taken_for_each_other(issuer: Issuer, tmp_path: Path) -> None:
    """Each only where it is configured."""
    key, line = new_key("alice", Role.READER)
    path = tmp_path / "keys"
    path.write_text(line)
    with pytest.raises(Unauthenticated, match="only API keys"):
        await Secured(ApiKeys(path), None).authenticate(signed())
    with pytest.raises(Unauthenticated, match="API key"):
        await Secured(None, tokens(issuer)).authenticate(key)
    both = Secured(ApiKeys(path), tokens(issuer))
    assert {(await both.authenticate(one)).realm for one in (key, signed())} == {"key", "token"}
    with pytest.raises(Unauthenticated, match="who asks"):
        await both.authenticate(None)
    with pytest.raises(BadSettings):
        Secured(None, None)


async def test_a_connection_ends_with_its_token(issuer: Issuer) -> None:
    """`holds` is for those that stay open."""
    access = Secured(None, tokens(issuer))
    found = await access.authenticate(signed(exp=int(time.time()) + 60))
    assert access.holds(found)
    ended = Principal(name="alice", realm="token", role=Role.READER, expires_at=1)
    assert not access.holds(ended)
    assert Insecure().holds(await Insecure().authenticate(None))


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Basic YTpi")],
        [(b"authorization", b"Bearer")],
        [(b"Authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
    ],
)
def test_credentials_come_in_one_header(headers: list[tuple[bytes, bytes]]) -> None:
    """As a Bearer, once."""
    with pytest.raises(Unauthenticated):
        bearer(headers)
    assert bearer([(b"authorization", b"bearer  a ")]) == "a" and bearer([]) is None


def test_a_role_may_all_that_those_before_it_may() -> None:
    """reader < operator < eraser; without a role, nothing."""
    assert [[one.covers(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True] * 3,
    ]
    nobody = Principal(name="x", realm="token", role=None)
    with pytest.raises(Forbidden, match="the role reader is needed") as refused:
        nobody.require(Role.READER, "To ask here")
    assert refused.value.details() == {"role": "reader"}
    assert not Audience.of("nobody").admits(nobody) and Audience.of("everybody").admits(None)
    assert not Audience.of("reader").admits(None) and not Audience.of("reader").admits(nobody)
