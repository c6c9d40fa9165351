"""Rules in nft's own words: nft(8)."""

from portsock.reach.spelling.statements import spell
from portsock.rulesets import Chain

__all__ = ["spell", "spell_hook"]


def spell_hook(chain: Chain) -> str:
    """Return what a base chain does with packets that reach its end: 'policy drop'."""
    return f"policy {chain.hook.policy}" if chain.hook else "end of the chain"
