"""The meaning of a port number: ranges (RFC 6335 section 6), conventions, known holders."""

from typing import NamedTuple

from portsock.port_numbers import Range

RANGES: dict[Range, str] = {
    Range.SYSTEM: "a system (well-known) port, {first}-{last}, which IANA assigns to standard services",
    Range.USER: "a user (registered) port, {first}-{last}, which IANA registers on request",
    Range.DYNAMIC: "a dynamic (private) port, {first}-{last}, never assigned to a service",
}

PORT_ZERO = (
    "Port 0 is reserved and never a real destination: to bind(2) it means 'choose one for me', "
    "and as the source of a UDP datagram 'no reply port'."
)
NAME_IS_CONVENTION = "The name is only a label in the local services table: any program may use the number."
SEPARATE_SPACES = (
    "TCP and UDP number their ports separately, so that these are two ports with one number and neither is in the other's way."
)
KEPT_APART = "Ports are separate in each network namespace: the same number in another one is another port."

TRIPLE_COLON = "':::{port}' is netstat's way to print the address '::' followed by ':{port}'."


WELL_KNOWN_HOLDERS: dict[tuple[str, int], str] = {
    ("Darwin", 5000): "On macOS 5000 is usually taken by ControlCenter for AirPlay Receiver: "
    "turn that off in System Settings, or use another port.",
    ("Darwin", 7000): "On macOS 7000 is usually taken by ControlCenter for AirPlay Receiver, as 5000 is.",
}
"""Ports that a program of the system itself is known to hold, by Host.system and number."""


class Service(NamedTuple):
    """A service that is seldom meant for everybody, known by the program that holds the port and never by the number alone."""

    what: str
    ports: frozenset[int] | None = None
    """The ports that this is about, where the program also has others; None: any."""
    argument: str | None = None
    """A text in the command line, where the program runs many things (java, python3)."""


ADMIN_PROGRAMS: dict[str, tuple[Service, ...]] = {
    "beam.smp": (Service("RabbitMQ's management", frozenset({15672}), "rabbit"),),
    "couchdb": (Service("CouchDB"),),
    "dockerd": (Service("the Docker API without TLS (control of the whole host)", frozenset({2375})),),
    "epmd": (Service("the Erlang port mapper"),),
    "etcd": (Service("etcd"),),
    "influxd": (Service("InfluxDB"),),
    "in.telnetd": (Service("telnet (a login without encryption)"),),
    "java": (
        Service("Elasticsearch", None, "elasticsearch"),
        Service("Cassandra", None, "org.apache.cassandra"),
        Service("ZooKeeper", None, "org.apache.zookeeper"),
    ),
    "jupyter": (Service("Jupyter (it runs any code)"),),
    "jupyter-lab": (Service("JupyterLab (it runs any code)"),),
    "jupyter-noteboo": (Service("Jupyter (it runs any code)"),),
    "jupyter-notebook": (Service("Jupyter (it runs any code)"),),
    "kubelet": (Service("the kubelet API", frozenset({10250, 10255})),),
    "mariadbd": (Service("MariaDB"),),
    "memcached": (Service("memcached"),),
    "mongod": (Service("MongoDB"),),
    "mysqld": (Service("MySQL"),),
    "node": (Service("the Node.js debugger", frozenset({9229}), "--inspect"),),
    "postgres": (Service("PostgreSQL"),),
    "redis-server": (Service("Redis"),),
    "rpcbind": (Service("rpcbind"),),
    "rsync": (Service("rsync"),),
    "smbd": (Service("SMB file sharing"),),
    "snmpd": (Service("SNMP"),),
    "sqlservr": (Service("Microsoft SQL Server"),),
    "tnslsnr": (Service("Oracle Database"),),
    "valkey-server": (Service("Valkey"),),
    "x11vnc": (Service("VNC"),),
    "Xvnc": (Service("VNC"),),
    "xrdp": (Service("remote desktop (RDP)"),),
}
"""Databases and administration by the name of the program that holds the port."""
