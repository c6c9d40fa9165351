"""Findings about systems other than Linux: the same, with what to do there."""

from portsock.explain.texts import elsewhere as texts
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding
from portsock.model import Host


def suited(finding: Finding, host: Host) -> Finding:
    """Return the finding with the words for the host's system in place of those for Linux."""
    if host.system == "Linux":
        return finding
    code = Code(finding.code)
    settings = texts.SETTINGS.get(host.system, texts.Settings())
    advice = texts.ADVICE.get(code)
    if code is Code.TIME_WAIT_MANY and host.system == "Windows":
        advice = texts.WINDOWS_TIME_WAIT
    if advice is not None:
        advice = advice.format(
            and_backlog=settings.backlog and f" and {settings.backlog}",
            or_backlog=settings.backlog and f", {settings.backlog}",
            by_widen=settings.widen and f" ({settings.widen})",
            or_reserve=settings.reserve and f", or reserve it ({settings.reserve})",
        )
    return finding._replace(advice=advice or finding.advice, detail=texts.DETAIL.get(code, finding.detail))
