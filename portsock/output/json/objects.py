"""The objects of the JSON contract, schema portsock/1. See portsock/schema/portsock-1.schema.json.

Endpoints, owners and the like recur a thousandfold on a busy host: each is built once, and the same object is used again.
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
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import ProcessRow
from portsock.output.context import Context
from portsock.output.json.processes import Object, process_object
from portsock.output.json.strings import sound


class Objects:
    """Builds the objects of one answer."""

    def __init__(self, context: Context) -> None:
        self._services = context.services
        self._hostnames = context.hostnames
        self._endpoints: dict[tuple[str, Endpoint], Object] = {}
        self._owners: dict[tuple[Owner, ...], list[Object]] = {}

    def socket(self, socket: Socket) -> Object:
        """A row of `sockets`."""
        (family, kind, protocol, number, state, state_raw, local, remote, recv_q, send_q, accept_queue, accept_limit, uid,
         inode, cookie, interface, v6only, netns, role, user, host, status, reason, owners, peer) = socket[:25]  # fmt: skip
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
            "user": user if user is None or user.isascii() else sound(user),
            "inode": inode,
            "cookie": cookie,
            "interface": interface and sound(interface),
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
            result["state_raw"] = sound(state_raw)
        if state is State.LISTEN:
            result["accept_queue"] = accept_queue
            result["accept_limit"] = accept_limit
        if host is not None:
            result["host"] = sound(host)
        if socket[25:] != _NOTHING_MORE:
            result |= _extras(socket)
        return result

    def port(self, port: Port) -> Object:
        """A row of `ports`."""
        result: Object = {
            "protocol": port.protocol,
            "port": port.port,
            "service": port.service and sound(port.service),
            "range": port.range,
            "state": port.state,
            "addresses": [sound(address) for address in port.addresses],
            "exposure": port.exposure,
            "sockets": [self.socket(socket) for socket in port.sockets],
            "connections": port.connections,
            "owner_status": port.owner_status,
            "owner_reason": port.owner_reason,
            "owners": self.owners(port.owners),
            "netns": port.netns and netns_object(port.netns),
        }
        return result if port.host is None else result | {"host": sound(port.host)}

    def proc(self, row: ProcessRow) -> Object:
        """A row of `procs`: the process, its listening or bound sockets, and all its selected sockets."""
        objects = [(socket, self._unowned(socket)) for socket in row.sockets]
        passive = set(map(id, row.listening))
        return process_object(row.process) | {
            "listening": [item for socket, item in objects if id(socket) in passive],
            "sockets": [item for _, item in objects],
        }

    def endpoint(self, endpoint: Endpoint, protocol: str) -> Object:
        """An endpoint with its `kind`; the service name depends on the protocol."""
        key = (protocol, endpoint)
        found = self._endpoints.get(key)
        if found is None:
            found = self._inet(endpoint, protocol) if isinstance(endpoint, InetEndpoint) else _other(endpoint)
            self._endpoints[key] = found
        return found

    def owners(self, owners: tuple[Owner, ...]) -> list[Object]:
        """Owners, in the order given."""
        found = self._owners.get(owners)
        if found is None:
            found = self._owners[owners] = [
                {"pid": pid, "fd": fd, "name": name and sound(name), "user": user and sound(user)}
                for pid, fd, name, user in owners
            ]
        return found

    def _unowned(self, socket: Socket) -> Object:
        result = self.socket(socket)
        del result["owners"]
        return result

    def _peer(self, peer: Peer) -> Object:
        inode, netns, host, status, owners = peer
        return {
            "inode": inode,
            "netns": netns and netns_object(netns),
            "host": host and sound(host),
            "owner_status": status,
            "owners": self.owners(owners),
        }

    def _inet(self, endpoint: InetEndpoint, protocol: str) -> Object:
        address, port, zone, hostname, label, truncated, guessed = endpoint
        result: Object = {
            "kind": "inet",
            "address": address and sound(address),
            "port": port,
            "service": self._services.name(protocol, port),
            "scope": None if truncated else scope(address),
            "zone": zone and sound(zone),
        }
        name = hostname or (self._hostnames.get(address) if address else None)
        if name is not None:
            result["hostname"] = sound(name)
        if label is not None:
            result["label"] = sound(label)
        if truncated:
            result["truncated"] = True
        if guessed:
            result["port_guessed"] = True
        return result


def netns_object(netns: Netns) -> Object:
    """A network namespace."""
    return {"id": netns.id, "name": netns.name and sound(netns.name)}


_INFINITY = float("inf")
_NOTHING_MORE = (None,) * (len(Socket._fields) - 25)


def _extras(socket: Socket) -> Object:
    """The keys that only some sockets have."""
    result: Object = {}
    for name in ("peer_inode", "shutdown", "subflow_of"):
        value = getattr(socket, name)
        if value is not None:
            result[name] = value
    if socket.vfs is not None:
        result["vfs"] = {"device": socket.vfs[0], "inode": socket.vfs[1]}
    if socket.timer is not None:
        result["timer"] = socket.timer._asdict()
    if socket.memory is not None:
        result["memory"] = socket.memory._asdict()
    if socket.info is not None:
        result["info"] = {name: _finite(value) for name, value in socket.info.items()}
    return result


def _finite(value: int | float | str | bool | None) -> int | float | str | bool | None:
    """JSON knows no infinity and no NaN, which a listing may print."""
    if isinstance(value, float) and not -_INFINITY < value < _INFINITY:
        return None
    return sound(value) if isinstance(value, str) else value


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
    """`path` as text; `path_bytes` in base64 only where the bytes are not plain UTF-8."""
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
