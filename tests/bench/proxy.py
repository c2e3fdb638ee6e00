"""A TLS proxy before a domain controller that counts LDAP requests and times their answers."""

import collections
import dataclasses
import select
import socket
import ssl
import threading
import time

from measure import Failed

NAMES = {0x60: "bind", 0x63: "search", 0x66: "modify", 0x68: "add", 0x4A: "delete", 0x6C: "rename", 0x77: "extended"}
ENDS = {0x61, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x78}
SCOPES = ("base", "one", "sub")


@dataclasses.dataclass
class Request:
    """One request and how long its last answer took to come."""

    kind: str
    about: str
    began: float
    seconds: float = 0.0
    octets: int = 0


@dataclasses.dataclass
class Seen:
    """What one run of a program asked for."""

    requests: list
    connections: int
    cost: object

    def summary(self):
        """All of it in one line."""
        kinds = collections.Counter(r.kind for r in self.requests)
        counts = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        octets = sum(r.octets for r in self.requests) / 2**20
        waited = waiting(self.requests)
        return (f"{counts} on {self.connections} connection(s), {octets:.1f} MB; waited {waited:.2f} s of "
                f"{self.cost.wall:.2f} s for answers (through a proxy that takes its own time)")

    def restore(self, number):
        """The requests before, between and after the writes, for each of `number` objects."""
        writes = [i for i, r in enumerate(self.requests) if r.kind == "modify"]
        first, last = writes[0], writes[-1] + 1
        between = self.requests[first:last]
        parts = (
            ("reads before", self.requests[:first]),
            ("writes", [r for r in between if r.kind == "modify"]),
            ("reads between", [r for r in between if r.kind != "modify"]),
            ("reads after", self.requests[last:]),
        )
        shares = [f"{name} {len(part) / number:.2f} in {waiting(part):.2f} s" for name, part in parts]
        waited = waiting(self.requests)
        return (f"requests for each object: {'; '.join(shares)}; everything but waiting for answers "
                f"{self.cost.wall - waited:.2f} s of {self.cost.wall:.2f} s (through a proxy that takes its own time)")


def waiting(requests):
    """For how long at least one of the requests, in the order of their beginnings, was not answered."""
    total = until = 0.0
    for request in requests:
        end = request.began + request.seconds
        total += max(0.0, end - max(until, request.began))
        until = max(until, end)
    return total


def watch(lab, action):
    """Runs the action, which takes a server's URL, through a proxy."""
    try:
        proxy = Proxy(lab.address, lab.state / "tls/cert.pem", lab.state / "tls/key.pem")
    except OSError as error:
        raise Failed(f"no port for the counting proxy: {error}") from error
    try:
        cost = action(f"ldaps://localhost:{proxy.port}")
    finally:
        proxy.close()
    return Seen(proxy.requests, proxy.connections, cost)


class Proxy:
    """Listens on localhost, which the lab's certificate names, at a free port and at the global catalogue's."""

    def __init__(self, address, certificate, key):
        self.requests = []
        self.connections = 0
        self._lock = threading.Lock()
        self._inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._inner.load_cert_chain(certificate, key)
        self._outer = ssl.create_default_context()
        self._outer.check_hostname = False
        self._outer.verify_mode = ssl.CERT_NONE
        self._listeners = []
        self.port = self._listen(0, (address, 636))
        self._listen(3269, (address, 3269))

    def _listen(self, port, target):
        listener = socket.create_server(("127.0.0.1", port))
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, target), daemon=True).start()
        return listener.getsockname()[1]

    def close(self):
        for listener in self._listeners:
            # Wakes the thread that waits for a connection.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener, target):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, target), daemon=True).start()

    def _serve(self, client, target):
        try:
            server = self._outer.wrap_socket(socket.create_connection(target))
            client = self._inner.wrap_socket(client, server_side=True)
        except OSError:
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self.connections += 1
        waiting = {}
        _forward(client, server, lambda m: self._asked(waiting, m), lambda m: _answered(waiting, m))

    def _asked(self, waiting, message):
        number, tag, body = _message(message)
        if tag not in NAMES:
            return
        request = Request(NAMES[tag], _about(tag, body), time.monotonic())
        waiting[number] = request
        with self._lock:
            self.requests.append(request)


def _answered(waiting, message):
    number, tag, _ = _message(message)
    request = waiting.get(number)
    if request:
        request.octets += len(message)
        if tag in ENDS:
            request.seconds = time.monotonic() - request.began
            del waiting[number]


def _forward(client, server, asked, answered):
    """Forwards whole messages as they come, until either side ends. One thread for both directions: OpenSSL does not
    take two on one connection."""
    ways = {client: (server, bytearray(), asked), server: (client, bytearray(), answered)}
    try:
        while True:
            ready = [s for s in ways if s.pending()] or select.select(list(ways), [], [])[0]
            for source in ready:
                sink, buffer, each = ways[source]
                data = source.recv(1 << 18)
                if not data:
                    return
                buffer += data
                at = 0
                while (whole := _length(buffer, at)) and at + whole <= len(buffer):
                    each(bytes(buffer[at:at + whole]))
                    at += whole
                if at:
                    sink.sendall(buffer[:at])
                    del buffer[:at]
    except OSError:
        pass
    finally:
        client.close()
        server.close()


def _length(buffer, at):
    """The length of the message that begins there; 0 while it is not known."""
    if len(buffer) < at + 2:
        return 0
    first = buffer[at + 1]
    if first < 0x80:
        return 2 + first
    digits = buffer[at + 2:at + 2 + (first & 0x7F)]
    return 2 + len(digits) + int.from_bytes(digits, "big") if len(digits) == first & 0x7F else 0


def _elements(octets):
    at = 0
    while at < len(octets):
        whole = _length(octets, at)
        head = 2 + (octets[at + 1] & 0x7F if octets[at + 1] >= 0x80 else 0)
        yield octets[at], octets[at + head:at + whole]
        at += whole


def _message(message):
    """The message's number, and the tag and the contents of its operation."""
    _, body = next(_elements(message))
    parts = _elements(body)
    _, number = next(parts)
    tag, operation = next(parts)
    return int.from_bytes(number, "big"), tag, operation


def _about(tag, operation):
    """What a request is about, in a few words."""
    if tag == 0x63:
        parts = list(_elements(operation))
        base, scope, scope_filter = parts[0][1], parts[1][1], parts[6]
        return f"{SCOPES[scope[0]]} {base.decode(errors='replace')} {_filter(*scope_filter)}"
    if tag == 0x66:
        _, changes = list(_elements(operation))[1]
        return " ".join(next(_elements(list(_elements(c))[1][1]))[1].decode() for _, c in _elements(changes))
    return ""


def _filter(tag, value):
    """The attributes that a filter names, each once."""
    names = []

    def walk(tag, value):
        if tag in (0xA0, 0xA1, 0xA2):
            for inner in _elements(value):
                walk(*inner)
        elif tag == 0x87:
            names.append(value.decode(errors="replace"))
        else:
            names.append(next(_elements(value))[1].decode(errors="replace"))

    walk(tag, value)
    return ",".join(dict.fromkeys(names))
