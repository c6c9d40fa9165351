"""The meaning of a port number: ranges (RFC 6335 section 6), conventions, known holders."""

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

ADMIN_PORTS: dict[tuple[str, int], str] = {
    ("tcp", 23): "telnet (a login without encryption)",
    ("tcp", 111): "rpcbind",
    ("udp", 111): "rpcbind",
    ("udp", 161): "SNMP",
    ("tcp", 445): "SMB file sharing",
    ("udp", 623): "IPMI",
    ("tcp", 873): "rsync",
    ("tcp", 1433): "Microsoft SQL Server",
    ("tcp", 1521): "Oracle Database",
    ("tcp", 2049): "NFS",
    ("tcp", 2181): "ZooKeeper",
    ("tcp", 2375): "the Docker API without TLS (control of the whole host)",
    ("tcp", 2379): "etcd",
    ("tcp", 3306): "MySQL",
    ("tcp", 3389): "remote desktop (RDP)",
    ("tcp", 4369): "the Erlang port mapper",
    ("tcp", 5432): "PostgreSQL",
    ("tcp", 5900): "VNC",
    ("tcp", 5984): "CouchDB",
    ("tcp", 5985): "Windows remote management",
    ("tcp", 6379): "Redis",
    ("tcp", 8086): "InfluxDB",
    ("tcp", 8500): "Consul",
    ("tcp", 8888): "Jupyter",
    ("tcp", 9042): "Cassandra",
    ("tcp", 9200): "Elasticsearch",
    ("tcp", 9229): "the Node.js debugger",
    ("tcp", 9300): "Elasticsearch's cluster port",
    ("tcp", 10250): "the kubelet API",
    ("tcp", 11211): "memcached",
    ("udp", 11211): "memcached (an amplifier for attacks)",
    ("tcp", 15672): "RabbitMQ's management",
    ("tcp", 27017): "MongoDB",
}
"""Ports of databases and of administration that are seldom meant for everybody, by the convention of the number."""
