"""Build the objects of the JSON contract, schema portsock/1: see portsock/schema/portsock-1.schema.json.

On a busy host the same endpoints and owners occur a thousand times: each is built once and used again.
"""

from portsock.addresses import scope
from portsock.model import (
    Endpoint,
    InetEndpoint,
    NetlinkEndpoint,
    Netns,
    Owner,
    PacketEndpoint,
    Peer,
    Port,
    Socket,
    State,
    Subflow,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import ProcessRow
from portsock.output.context import Context
from portsock.output.json.processes import Object, process_object
from portsock.output.json.strings import encodable
from portsock.reachability import Reach, RuleReference, Verdict

_MOST_KEPT = 1 << 12
"""Objects that are kept: of a hundred thousand endpoints nearly all occur once, and each object takes half a KiB."""


class Objects:
    """Build the objects of one answer."""

    def __init__(self, context: Context) -> None:
        self._services = context.services
        self._hostnames = context.hostnames
        self._endpoints: dict[tuple[str, Endpoint], Object] = {}
        self._owners: dict[tuple[Owner, ...], list[Object]] = {}

    def socket(self, socket: Socket) -> Object:
        """Return a row of `sockets`."""
        (family, kind, protocol, number, state, state_raw, local, remote, recv_q, send_q, accept_queue, accept_limit, uid,
         inode, cookie, interface, v6only, netns, role, user, host, status, reason, owners, peer, *rare) = socket  # fmt: skip
        result: Object = {
            "family": family,
            "type": kind,
            "protocol": protocol,
            "state": state,
            "role": role,
            "local": local and self.endpoint(local, protocol),
            "remote": remote and self.endpoint(remote, protocol),
            "recv_q": recv_q,
            "send_q": send_q,
            "uid": uid,
            "user": user if user is None or user.isascii() else encodable(user),
            "inode": inode,
            "cookie": cookie,
            "interface": interface and encodable(interface),
            "v6only": v6only,
            "netns": netns and netns_object(netns),
            "owner_status": status,
            "owner_reason": reason,
            "owners": self.owners(owners),
            "peer": peer and self._peer(peer),
        }
        if number is not None:
            result["number"] = number
        if state_raw is not None:
            result["state_raw"] = encodable(state_raw)
        if state is State.LISTEN:
            result["accept_queue"] = accept_queue
            result["accept_limit"] = accept_limit
        if host is not None:
            result["host"] = encodable(host)
        if rare != NO_RARE_FIELDS:
            result |= _rare_fields(socket)
        if socket.subflows is not None:
            result["subflows"] = [self._subflow(subflow) for subflow in socket.subflows]
        return result

    def _subflow(self, subflow: Subflow) -> Object:
        local, remote = (end and self.endpoint(end, "tcp") for end in (subflow.local, subflow.remote))
        return {"state": subflow.state, "local": local, "remote": remote}

    def port(self, port: Port) -> Object:
        """Return a row of `ports`."""
        result: Object = {
            "protocol": port.protocol,
            "port": port.port,
            "service": port.service and encodable(port.service),
            "range": port.range,
            "state": port.state,
            "addresses": [encodable(address) for address in port.addresses],
            "exposure": port.exposure,
            "sockets": [self.socket(socket) for socket in port.sockets],
            "connections": port.connections,
            "owner_status": port.owner_status,
            "owner_reason": port.owner_reason,
            "owners": self.owners(port.owners),
            "netns": port.netns and netns_object(port.netns),
        }
        if port.reach is not None:
            result["reach"] = reach_object(port.reach)
        return result if port.host is None else result | {"host": encodable(port.host)}

    def proc(self, row: ProcessRow) -> Object:
        """Return a row of `procs`: the process, its listening or bound sockets, and all its selected sockets."""
        objects = [(socket, self.unowned(socket)) for socket in row.sockets]
        passive = set(map(id, row.listening))
        return process_object(row.process) | {
            "listening": [item for socket, item in objects if id(socket) in passive],
            "sockets": [item for _, item in objects],
        }

    def endpoint(self, endpoint: Endpoint, protocol: str) -> Object:
        """Return an endpoint with its `kind`; the service name depends on the protocol."""
        key = (protocol, endpoint)
        found = self._endpoints.get(key)
        if found is None:
            found = self._inet(endpoint, protocol) if isinstance(endpoint, InetEndpoint) else _other(endpoint)
            if len(self._endpoints) < _MOST_KEPT:
                self._endpoints[key] = found
        return found

    def owners(self, owners: tuple[Owner, ...]) -> list[Object]:
        """Return owners in the given order."""
        found = self._owners.get(owners)
        if found is None:
            found = [
                {
                    "pid": pid,
                    "fd": fd,
                    **({} if tid is None else {"tid": tid}),
                    "name": name and encodable(name),
                    "user": user and encodable(user),
                }
                for pid, fd, name, user, tid in owners
            ]
            if len(self._owners) < _MOST_KEPT:
                self._owners[owners] = found
        return found

    def unowned(self, socket: Socket) -> Object:
        """Return a socket of a row that names its process."""
        result = self.socket(socket)
        del result["owners"]
        return result

    def _peer(self, peer: Peer) -> Object:
        inode, netns, host, status, owners = peer
        return {
            "inode": inode,
            "netns": netns and netns_object(netns),
            "host": host and encodable(host),
            "owner_status": status,
            "owners": self.owners(owners),
        }

    def _inet(self, endpoint: InetEndpoint, protocol: str) -> Object:
        address, port, zone, hostname, label, truncated, guessed = endpoint
        result: Object = {
            "kind": "inet",
            "address": address and encodable(address),
            "port": port,
            "service": self._services.name(protocol, port),
            "scope": None if truncated else scope(address),
            "zone": zone and encodable(zone),
        }
        name = hostname or (self._hostnames.get(address) if address else None)
        if name is not None:
            result["hostname"] = encodable(name)
        if label is not None:
            result["label"] = encodable(label)
        if truncated:
            result["truncated"] = True
        if guessed:
            result["port_guessed"] = True
        return result


def reach_object(reach: Reach) -> Object:
    """Return who can really connect to a port."""
    return {
        "verdict": reach.verdict,
        "sources": [_source(each) for each in reach.sources],
        "rule": _rule(reach.rule),
        "to": _destination(reach.to),
        "not_read": [encodable(text) for text in reach.not_read],
        "limits": [encodable(text) for text in reach.limits],
        "left_out": reach.left_out,
    }


def _source(verdict: Verdict) -> Object:
    return {
        "source": encodable(verdict.source),
        "verdict": verdict.verdict,
        "rule": _rule(verdict.rule),
        "to": _destination(verdict.to),
        "how": verdict.how and encodable(verdict.how),
    }


def _destination(end: tuple[str, int] | None) -> Object | None:
    return None if end is None else {"address": end[0], "port": end[1]}


def _rule(rule: RuleReference | None) -> Object | None:
    if rule is None:
        return None
    return {
        "family": rule.family,
        "table": encodable(rule.table),
        "chain": encodable(rule.chain),
        "handle": rule.handle,
        "text": encodable(rule.text),
        "comment": rule.comment and encodable(rule.comment),
    }


def netns_object(netns: Netns) -> Object:
    """Return a network namespace."""
    return {"id": netns.id, "name": netns.name and encodable(netns.name)}


NO_RARE_FIELDS = list(Socket._field_defaults.values())
"""The last fields of a socket that has none of those that few sockets have."""

_INFINITY = float("inf")


def _rare_fields(socket: Socket) -> Object:
    result: Object = {}
    for name in ("peer_inode", "shutdown", "subflow_of"):
        value = getattr(socket, name)
        if value is not None:
            result[name] = value
    if socket.vfs is not None:
        result["vfs"] = {"device": socket.vfs[0], "inode": socket.vfs[1]}
    if socket.timer is not None:
        result["timer"] = {**socket.timer._asdict(), "kind": encodable(socket.timer.kind)}
    if socket.memory is not None:
        result["memory"] = socket.memory._asdict()
    if socket.info is not None:
        result["info"] = {name: _finite(value) for name, value in socket.info.items()}
    return result


def _finite(value: int | float | str | bool | None) -> int | float | str | bool | None:
    """Return None for infinity and NaN, which a listing may print and JSON does not have."""
    if isinstance(value, float) and not -_INFINITY < value < _INFINITY:
        return None
    return encodable(value) if isinstance(value, str) else value


def _other(endpoint: Endpoint) -> Object:
    if isinstance(endpoint, UnixEndpoint):
        return _unix(endpoint)
    if isinstance(endpoint, NetlinkEndpoint):
        return {"kind": "netlink", **endpoint._asdict()}
    if isinstance(endpoint, PacketEndpoint):
        return {"kind": "packet", **endpoint._asdict()}
    assert isinstance(endpoint, VsockEndpoint)
    return {"kind": "vsock", **endpoint._asdict()}


def _unix(endpoint: UnixEndpoint) -> Object:
    """Return `path` as text, and `path_bytes` in base64 only where the bytes are not plain UTF-8."""
    path = endpoint.path
    text = encoded = None
    if path is not None:
        try:
            text = path.decode("utf-8")
        except UnicodeDecodeError:
            from base64 import b64encode

            text, encoded = path.decode("utf-8", "backslashreplace"), b64encode(path).decode("ascii")
    result: Object = {"kind": "unix", "path": text, "path_bytes": encoded, "abstract": endpoint.abstract}
    return result | {"truncated": True} if endpoint.truncated else result
