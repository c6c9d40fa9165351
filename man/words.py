"""Texts of the manual that the program does not have: exit statuses, and keys of JSON that the schema does not describe."""

EXITS = {
    "OK": "Done.",
    "NO_MATCH": "A target or filter was given, and nothing matched.",
    "USAGE": "The command line, the listing or the configuration file cannot be used.",
    "SYSTEM": "The system could not be read, or the output could not be written; or nothing matched a filter by owner, and "
    "some owners could not be seen; or, with --strict, anything could not be seen.",
    "INTERNAL": "Internal error of portsock.",
    "INTERRUPTED": "Interrupted from the keyboard.",
}
"""Member of Exit → meaning. 2 goes before 3, and 3 before 1."""

EXITS_OF = {
    "diff": {
        "OK": "Nothing changed.",
        "NO_MATCH": "Something changed, whatever else could not be compared.",
        "USAGE": "The command line or a capture cannot be used.",
        "SYSTEM": "No change was seen, but not everything could be compared: owners that one side did not see, a protocol or "
        "network namespace that it does not cover, a host that it does not have. With --strict also where something changed.",
    }
}
"""Command → member of Exit → meaning, where it is another one."""

KEYS = {
    "schema": "'portsock/1'",
    "command": "ports, sockets, procs, explain or diff",
    "taken_at": "time of collection, UTC; null for a listing without one",
    "source": "kind live with its backend, or kind capture with its inputs",
    "complete": "true if nothing was skipped, and every process that could hold a reported socket was readable",
    "notices": "what could not be seen, and other remarks",
    "processes": "each process named in a row, once",
    "id": "inode number of the namespace",
    "fd": "descriptor number",
    "user": "user name",
    "kind": "kind of endpoint",
    "address": "numeric address; null for any address",
    "zone": "interface of a link-local address",
    "hostname": "name of the address (--resolve)",
    "truncated": "true if the tool that printed it shortened it",
    "port_guessed": "true if the end of the address had to be guessed",
    "path": "file name, undecodable bytes escaped; null if not bound",
    "abstract": "true if the name is abstract, not a file",
    "portid": "netlink port id: often the process id",
    "groups": "multicast groups, a bit mask",
    "ethertype": "protocol of link-layer frames",
    "ifindex": "interface by number",
    "cid": "context id of the virtual machine or host",
    "owners": "processes that hold it",
    "peer": "the socket at the other end, if known",
    "netns": "network namespace",
    "exe_deleted": "true if the executable has been deleted or replaced",
    "listening": "sockets it listens on or has bound",
    "code": "stable name",
    "count": "number of things it is about",
    "message": "one line of text",
    "options": "options set before bind(2)",
    "as": "uid, and whether it may bind privileged ports",
    "errno": "name of the error of bind(2) or listen(2); null if it succeeds",
    "blockers": "sockets that prevent it",
    "reason": "the reason, in a sentence",
    "severity": "info, notice or warning",
    "title": "the finding in a sentence",
    "detail": "what it means",
    "evidence": "the facts behind it",
    "advice": "what to do",
    "target": "the target as given, and its kind",
    "summary": "the answer in a sentence",
    "headline": "the first line of the short answer: the gravest finding, or else the summary",
    "sections": "paragraphs and facts about port, socket, connection, process, exposure and binding",
    "findings": "unusual facts",
    "next": "commands to run next",
    "host": "name of the machine; in a row, of the machine of the listing",
    "pid": "process id",
    "exe": "path of its executable",
    "cmdline": "its arguments",
    "inputs": "the listings: name, host and format of each",
    "sockets": "socket objects",
    "paragraphs": "running text",
    "protocol": "transport protocol; for a netlink endpoint its number",
    "port": "port number; null if there is none",
    "name": "name",
    "unit": "systemd unit",
    "container": "name of the container",
    "exposure": "who could reach the widest of the addresses, before any firewall",
}
"""Key of JSON → meaning, if neither the schema nor a column has one."""
