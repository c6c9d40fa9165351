"""The list of readers of captured listings. Adding a format is a file and a line here.

Readers are tried in this order: formats with unmistakable lines come first. Modules are imported when the first listing is
read, so that live commands start no slower.
"""

from functools import cache
from importlib import import_module
from typing import cast

from portsock.parse.listings.reader import DocumentReader, LineReader

_LINE_READERS = (
    "proc_net:ProcNetReader",
    "ss.reader:SsReader",
    "netstat.linux:NetstatLinuxReader",
    "netstat.windows:NetstatWindowsReader",
    "netstat.solaris:NetstatSolarisReader",
    "netstat.bsd:NetstatOpenbsdReader",
    "netstat.bsd:NetstatNetbsdReader",
    "netstat.bsd:NetstatMacosReader",
    "netstat.bsd:NetstatAixReader",
    "netstat.bsd:NetstatFreebsdReader",
    "netstat.bsd:NetstatBsdReader",
    "lsof.table:LsofReader",
    "lsof.fields:LsofFieldsReader",
    "lsof.fuser:FuserReader",
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
