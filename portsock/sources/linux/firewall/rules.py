"""The rules of nf_tables in the calling thread's network namespace. Only root may read them (CAP_NET_ADMIN)."""

import errno
from itertools import chain

from portsock.parse.netlink.message import GarbledMessage
from portsock.parse.netlink.nftables.requests import (
    GET_CHAIN,
    GET_ELEMENTS,
    GET_OBJECT,
    GET_RULE,
    GET_SET,
    GET_TABLE,
    Dump,
    generations,
    request,
)
from portsock.rulesets import Ruleset
from portsock.sources.linux.netlink import Answer, Channel, NetlinkRefused, Reader, open_channel
from portsock.sources.system import read_text

NETLINK_NETFILTER = 12
_TRIES = 4
"""Readings of everything, where the rules change between dumps."""
_NO_NETFILTER = {errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT}
_MOST_BYTES = 32 << 20
"""Bytes of one dump that are read: any user can fill a network namespace of his own. 10,000 rules have 5 MB."""
_CHANGED = "rules that changed while they were read"


def load(root: str = "/proc", channel: Channel | None = None) -> Ruleset:
    """Return the rules. `root` is where proc(5) is mounted."""
    if channel is not None:
        found = _loaded(channel)
        return found if found.refused else found._replace(not_read=(*_legacy(root), *found.not_read))
    try:
        opened = open_channel(NETLINK_NETFILTER)
    except NetlinkRefused as error:
        cause = error.__cause__
        absent = isinstance(cause, OSError) and cause.errno in _NO_NETFILTER
        return Ruleset(not_read=_legacy(root)) if absent else Ruleset(refused=str(error))
    with opened:
        return load(root, opened)


class _Bounded(Reader):
    """A reader of dumps that gives up on those that are too long."""

    _left = _MOST_BYTES

    def _receive(self) -> int | None:
        length = super()._receive()
        self._left -= length or 0
        if self._left < 0:
            raise NetlinkRefused(f"more than {_MOST_BYTES >> 20} MiB of rules")
        return length


def _loaded(channel: Channel) -> Ruleset:
    for _ in range(_TRIES):
        try:
            found, settled = _once(channel)
        except (NetlinkRefused, GarbledMessage) as error:
            return Ruleset(refused=str(error))
        if settled:
            return found
    return found._replace(not_read=(_CHANGED,))


def _once(channel: Channel) -> tuple[Ruleset, bool]:
    """Return the rules, and whether all dumps are of one generation. Raises NetlinkRefused and GarbledMessage."""
    tables = _Bounded(channel, GET_TABLE).read(request())
    if tables is None or not tables.bodies:  # no nf_tables, or no rules
        return Ruleset(), True
    from portsock.parse.netlink.nftables.ruleset import Draft

    dumps = [tables, *(_Bounded(channel, kind).read(request()) for kind in (GET_CHAIN, GET_SET, GET_RULE))]
    _, chains, sets, rules = dumps
    draft = Draft(_dump(tables))
    draft.add_chains(_dump(chains))
    draft.add_sets(_dump(sets))
    if rules and b"objref\0" in rules.data:
        dumps.append(_Bounded(channel, GET_OBJECT).read(request()))
        draft.add_objects(_dump(dumps[-1]))
    draft.add_rules(_dump(rules))
    reader = _Bounded(channel, GET_ELEMENTS)
    for body, take in draft.wanted():
        elements = reader.read(body)
        dumps.append(elements)
        take(_dump(elements), elements is not None and elements.whole)
    dumps.append(_Bounded(channel, GET_TABLE).read(request()))  # what changed after the last dump that was not empty
    settled = all(each is not None and each.whole for each in dumps)
    versions = set(chain.from_iterable(generations(_dump(each)) for each in dumps))
    return draft.finished(), settled and len(versions) == 1


def _dump(answer: Answer | None) -> Dump:
    return Dump(answer.data, answer.bodies) if answer else Dump(b"", [])


def _legacy(root: str) -> tuple[str, ...]:
    """Return what x_tables of the older kind exist, whose rules are not read. Only root can see them."""
    found = []
    for command, file in (("iptables", "ip_tables_names"), ("ip6tables", "ip6_tables_names")):
        names = (read_text(f"{root}/thread-self/net/{file}") or "").split()
        if names:
            found.append(f"legacy {command}: {', '.join(sorted(names))}")
    return tuple(found)
