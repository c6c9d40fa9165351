"""The list of readers of captured listings. Adding a format is a file and a line here.

Readers are tried in this order: formats with unmistakable lines come first. Modules are imported when the first listing is
read, so that live commands start no slower.
"""

import re
from functools import cache
from importlib import import_module
from typing import cast

from portsock.parse.listings.reader import DocumentReader, LineReader

_LINE_READERS = (
    "proc_net:ProcNetReader",
    "ss.reader:SsReader",
    "netstat.linux:NetstatLinuxReader",
    "netstat.windows:NetstatWindowsReader",
    "netstat.bsd:NetstatMacosReader",
    "netstat.bsd:NetstatFreebsdReader",
    "netstat.bsd:NetstatBsdReader",
    "lsof.table:LsofReader",
    "lsof.fields:LsofFieldsReader",
    "sockstat:SockstatReader",
    "psutil_text:PsutilReprReader",
    "exports.powershell:PowershellTableReader",
    "exports.delimited:PowershellCsvReader",
    "exports.lists:PowershellListReader",
    "exports.lists:CurrportsListReader",
    "exports.osquery:OsqueryTableReader",
    "exports.osquery:OsqueryLineReader",
    "exports.delimited:CurrportsReader",
    "exports.delimited:TcpviewReader",
    "exports.delimited:OldTcpviewReader",
    "exports.delimited:OldestTcpviewReader",
    "exports.delimited:DelimitedReader",
)

_DOCUMENT_READERS = (
    "portsock_json:PortsockReader",
    "exports.documents:PowershellJsonReader",
    "exports.documents:CurrportsJsonReader",
    "exports.documents:CurrportsXmlReader",
    "exports.jc:JcReader",
    "lsof.json:LsofJsonReader",
    "exports.osquery:OsqueryReader",
    "psutil_text:PsutilJsonReader",
    "exports.documents:ObjectReader",
)


@cache
def line_readers() -> tuple[type[LineReader], ...]:
    """Return the readers of sections of lines, in the order of trying."""
    return tuple(cast("type[LineReader]", _load(name)) for name in _LINE_READERS)


@cache
def document_readers() -> tuple[type[DocumentReader], ...]:
    """Return the readers of whole documents, in the order of trying."""
    return tuple(cast("type[DocumentReader]", _load(name)) for name in _DOCUMENT_READERS)


def formats() -> tuple[tuple[str, str], ...]:
    """Return (format, title) of every format, for --from-format help. Several readers may share a format."""
    named = [(reader.format, reader.title) for reader in line_readers()]
    named += [(reader.format, reader.title) for reader in document_readers()]
    return tuple(dict(named).items())


def _load(name: str) -> object:
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"portsock.parse.listings.{module}"), attribute)


_WITHOUT_ADDRESS = "PowerShell objects without LocalAddress (add it to Select-Object)"
_EVENTS = "osquery's socket_events (past events; query process_open_sockets)"
_UNSUPPORTED = (
    (re.compile(r"\s*Local Address +Remote Address +Swind +Send-Q +Rwind +Recv-Q +State"), "Solaris netstat"),
    (re.compile(r"\s*(?:TCP|UDP|SCTP): IPv[46]\s*$"), "Solaris netstat"),
    (re.compile(r"PCB/ADDR +Proto +Recv-Q"), "AIX netstat -A"),
    (re.compile(r"\s*Mode +IfIndex +Type +Local Address"), "Windows netstat -x (NetworkDirect)"),
    (re.compile(r"USER +CMD +PID +FD +MOUNT +INUM"), "fstat"),
    (re.compile(r'(?!.*LocalAddress)[A-Za-z "\t,;]*\bLocalPort"?[ \t,;]+[A-Za-z "\t,;]*$'), _WITHOUT_ADDRESS),
    (re.compile(r'(?=.*\beid\b)(?=.*\blocal_address\b)[\w|, "\t]+$'), _EVENTS),
    (re.compile(r"ASSOC +MODE +TYPE|COMMAND +PID +USER +ASSOC "), "lsfd"),
)


def unsupported(line: str) -> str | None:
    """Return the name of the unsupported tool whose header this line is, else None."""
    head = line[:400]
    return next((name for pattern, name in _UNSUPPORTED if pattern.match(head)), None)
