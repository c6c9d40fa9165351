"""Packet filter rules out of captures: nft list ruleset as text and as JSON, iptables-save."""

from portsock.parse.rulesets.failures import InputError
from portsock.rulesets import Ruleset

__all__ = ["InputError", "read"]


def read(text: str) -> Ruleset:
    """Return the rules of a capture of 'nft list ruleset', 'nft -j list ruleset' or 'iptables-save'. Raises InputError."""
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        from portsock.parse.rulesets.document import read_document

        return read_document(text)
    if _is_save(text):
        from portsock.parse.rulesets.iptables.save import read_save

        return read_save(text)
    from portsock.parse.rulesets.text.blocks import read_text

    return read_text(text)


def _is_save(text: str) -> bool:
    return text.startswith("*") or "\n*" in text[:100_000]
