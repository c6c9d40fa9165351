"""The reasons why a bind would fail, or what it depends on. `{who}` is the socket in the way, `{uid}` its uid."""

from enum import StrEnum


class Reason(StrEnum):
    """The keys of the texts below."""

    PLAIN = "plain"
    LISTENING = "listening"
    NO_REUSEADDR = "no_reuseaddr"
    NO_REUSEPORT = "no_reuseport"
    OTHER_UID = "other_uid"
    REUSEADDR_UNKNOWN = "reuseaddr_unknown"
    REUSEPORT_UNKNOWN = "reuseport_unknown"
    LEFTOVER = "leftover"
    UID_UNKNOWN = "uid_unknown"
    V6ONLY_UNKNOWN = "v6only_unknown"
    ADDRESS_UNKNOWN = "address_unknown"
    HISTORY = "history"
    ORDER = "order"
    BOUND_UNSEEN = "bound_unseen"
    INHERITED = "inherited"
    NOT_LOCAL = "not_local"
    LOCAL_UNKNOWN = "local_unknown"
    DEVICE = "device"
    OTHER_DEVICE = "other_device"
    NO_DEVICE = "no_device"
    TENTATIVE = "tentative"
    DUPLICATE = "duplicate"
    NO_ZONE = "no_zone"
    MULTICAST_STREAM = "multicast_stream"
    PRIVILEGED = "privileged"
    PRIVILEGED_UNKNOWN = "privileged_unknown"
    IN_USE_AND = "in_use_and"
    PICKED = "picked"
    OTHER_SYSTEM = "other_system"
    OTHER_PROTOCOL = "other_protocol"
    NO_ADDRESS = "no_address"


TEXTS = {
    Reason.PLAIN: "{who} holds it; a program that sets neither SO_REUSEADDR nor SO_REUSEPORT needs the port for itself",
    Reason.LISTENING: "{who} listens there, and beside a listener SO_REUSEADDR does not help on Linux",
    Reason.NO_REUSEADDR: "{who} did not set SO_REUSEADDR: it must be set on both sides",
    Reason.NO_REUSEPORT: "{who} did not set SO_REUSEPORT: it must be set on both sides",
    Reason.OTHER_UID: "{who} belongs to uid {uid}, and SO_REUSEPORT is shared by sockets of one user only",
    Reason.REUSEADDR_UNKNOWN: "it depends on whether {who} has SO_REUSEADDR set, which could not be read",
    Reason.REUSEPORT_UNKNOWN: "it depends on whether {who} has SO_REUSEPORT set, which could not be read",
    Reason.LEFTOVER: "it depends on whether the program that left {who} behind had set the option, too; no process holds it "
    "now, so that none can be asked",
    Reason.UID_UNKNOWN: "it depends on which user {who} belongs to, which is not known",
    Reason.V6ONLY_UNKNOWN: "it depends on whether {who} was made with IPV6_V6ONLY, which is not known",
    Reason.ADDRESS_UNKNOWN: "it depends on the address of {who}, which is not fully known",
    Reason.HISTORY: "{who} belongs to uid {uid}; whether that counts depends on who bound the port first, which nothing shows",
    Reason.ORDER: "it depends on the order in which the sockets of this port were bound, which nothing shows",
    Reason.BOUND_UNSEEN: "nothing that can be seen is in the way, but bound sockets that do not listen are not shown",
    Reason.INHERITED: "taking leftover connections to have the options of the program that listens now",
    Reason.NOT_LOCAL: "{address} is not an address of this host",
    Reason.LOCAL_UNKNOWN: "it depends on whether {address} is an address of this host, which is not known",
    Reason.DEVICE: "it depends on whether {address} is an address of the device {device}",
    Reason.OTHER_DEVICE: "{address} is not an address of the device {device}, but of {devices}",
    Reason.NO_DEVICE: "there is no device {zone}",
    Reason.TENTATIVE: "{address} is tentative on {unready}: nothing can bind it until the kernel has checked that no other "
    "host on the link has it, which it cannot while the link is down",
    Reason.DUPLICATE: "{address} failed duplicate address detection on {unready}: another host on the link has it",
    Reason.NO_ZONE: "{address} needs a zone, as in {address}%eth0",
    Reason.MULTICAST_STREAM: "{address} is a multicast address, and a TCP socket cannot be bound to one in IPv6",
    Reason.PRIVILEGED: "ports below {start} need CAP_NET_BIND_SERVICE, which uid {uid} does not have",
    Reason.PRIVILEGED_UNKNOWN: "ports below {start} need CAP_NET_BIND_SERVICE; whether the program will have it is not known",
    Reason.IN_USE_AND: "{in_use}; the error may be another than EADDRINUSE: {doubt}",
    Reason.PICKED: "port 0 asks the system to pick a free port",
    Reason.OTHER_SYSTEM: "{who} holds an overlapping address, and whether {system} lets another in depends on its options",
    Reason.OTHER_PROTOCOL: "the bind rules of {protocol} are not known here",
    Reason.NO_ADDRESS: "{address} is not an address",
}
