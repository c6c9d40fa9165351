"""What a person asks `explain`: targets and words, or what a URL, an error message, or a name plainly means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from portsock.cli.commands import COMMANDS
from portsock.cli.declare import declared
from portsock.cli.options import Collecting, Explaining, Reaching
from portsock.cli.query_parsing import resolver
from portsock.errors import UsageError
from portsock.port_numbers import Services
from portsock.query.target import NameTarget, NumberTarget, Target, parse_target
from portsock.sources.system import services

if TYPE_CHECKING:
    from portsock.explain.types import Explanation
    from portsock.query.pasted import Pasted

# Most questions are targets: what reads anything else is imported where it is needed.

_PATTERN = frozenset("*?[]:/,@%")
"""Characters of targets and patterns: a text with one of them is no bare name."""


class Asked(NamedTuple):
    """One question."""

    text: str
    """What was typed, without credentials."""
    subject: "Target | str"
    """A target, or words of explain: several are explained together."""
    notes: tuple[str, ...] = ()
    """How the text was read, where it is no target, and the error in it."""
    refusal: UsageError | None = None
    """The error to raise where the subject is not found."""


def read_questions(texts: Sequence[str], services: Services, collect: Collecting) -> list[Asked]:
    """Read the arguments of explain. Raises UsageError for the first that cannot be read."""
    reader = _Reader(services, collect)
    if all(text.isdecimal() for text in texts):  # ports: no word is a number
        return [reader.target(text) for text in texts]
    from portsock.explain.vocabulary import recognise_word, recognise_words

    whole = " ".join(texts)
    together = None if len(texts) < 2 else whole if recognise_word(whole) is not None else recognise_words(whole)
    if together is not None:
        return [Asked(whole, together)]
    paired = _paired(texts)
    refused = None
    try:
        found = [reader.read(text) for text in paired]
    except UsageError as error:
        refused = error
    if len(texts) > 1 and (refused is not None or None in found) and (message := reader.message(whole)) is not None:
        return [message]
    if refused is not None:
        raise refused
    return [each or reader.program(text) for each, text in zip(found, paired, strict=True)]


def with_explain(arguments: Sequence[str]) -> Sequence[str]:
    """Put 'explain' before arguments whose first operand is no command, but what explain understands."""
    texts = operands(arguments)
    if not texts or not texts[0] or texts[0] in COMMANDS:
        return arguments
    if "--resolve" in arguments:  # any word may be a host
        return ["explain", *arguments]
    captures = ["?"] if any(word == "--from" or word.startswith("--from=") for word in arguments) else None
    try:
        read_questions(texts, services(), Collecting(captures=captures))
    except UsageError:
        # A target with a mistake in it: the error that names the mistake says more than a list of commands.
        if not any(letter in texts[0] for letter in ":.[]%") or not any(letter.isalnum() for letter in texts[0]):
            return arguments
    return ["explain", *arguments]


def operands(arguments: Sequence[str]) -> list[str]:
    """Return the arguments that are neither options of explain nor their values."""
    found: list[str] = []
    rest = list(arguments)
    valued = _valued_options()
    while rest:
        word = rest.pop(0)
        if word == "--":
            return found + rest
        if word in valued:
            del rest[:1]
        elif word == "-" or not word.startswith("-"):
            found.append(word)
    return found


def _valued_options() -> frozenset[str]:
    """Return the options of explain that take a value."""
    options = [option for group in (Collecting, Reaching, Explaining) for option in declared(group).values()]
    return frozenset(name for option in options if option.metavar is not None for name in option.names)


def similar_names(text: str) -> list[str]:
    """Return targets for services and running programs of nearly this name."""
    names = _program_names() if _is_name(text) else set()
    from portsock.query.similar import nearest

    found = {"service": nearest(text.lower(), services().names()), "proc": nearest(text, sorted(names))}
    return [f"{kind}:{name}" for kind, name in found.items() if name is not None]


def _program_names() -> set[str]:
    from portsock.sources.presence import running_processes

    names = {name for each in running_processes() for name in (each.name, each.comm, (each.exe or "").rpartition("/")[2])}
    return {name for name in names if name}


def annotated(asked: Asked, answer: "Explanation", live: bool) -> "Explanation":
    """Return the answer with what was typed, how it was read, and whether what holds no socket exists at all."""
    if not answer.found and asked.refusal is not None:
        raise asked.refusal
    if live and not answer.found and (absence := absence_text(asked.subject)) is not None:
        answer = answer._replace(summary=absence[:1].upper() + absence[1:] + ".", headline="")
    if asked.notes:
        from portsock.explain.short.rows import with_note

        answer = with_note(answer, asked.notes[0])
    return answer._replace(target_input=asked.text, notes=(*asked.notes, *answer.notes))


def absence_text(subject: "Target | str") -> str | None:
    """Say whether the process, user, unit or container exists on this system; None for other targets."""
    if not isinstance(subject, NameTarget | NumberTarget) or subject.kind == "inode":
        return None
    from portsock.explain.presence import presence_sentence
    from portsock.sources.presence import descriptors_readable, running_processes, unit_installed, user_exists

    exists = None
    readable = not isinstance(subject, NumberTarget) or descriptors_readable(subject.number)
    if isinstance(subject, NameTarget) and subject.kind in ("user", "unit"):
        exists = (user_exists if subject.kind == "user" else unit_installed)(subject.name)
    return presence_sentence(subject, running_processes(), exists, readable)


def _paired(texts: Sequence[str]) -> list[str]:
    """Join 'pid' and '55', 'port' and '8080', 'process' and 'nginx', as if they were one argument."""
    if len(texts) < 2:
        return list(texts)
    from portsock.explain.vocabulary import recognise_word
    from portsock.query.pasted import KINDS

    found: list[str] = []
    rest = list(texts)
    while rest:
        first = rest.pop(0)
        if first.lower() in KINDS and rest and recognise_word(rest[0]) is None and " " not in rest[0]:
            first = f"{first} {rest.pop(0)}"
        found.append(first)
    return found


class _Reader:
    def __init__(self, services: Services, collect: Collecting) -> None:
        self._services = services
        self._collect = collect
        self._resolve = resolver(collect)

    def target(self, text: str) -> Asked:
        """Read one argument that is a target. Raises UsageError."""
        return Asked(_masked(text), self._parse(text), _wildcard_notes(text))

    def read(self, text: str) -> Asked | None:
        """Read one argument; None where it may at most be the name of a program. Raises UsageError."""
        from portsock.explain.vocabulary import recognise_word, recognise_words

        if recognise_word(text) is not None:
            return Asked(text, text)
        words = recognise_words(text)
        if words:
            return Asked(text, words)
        if _is_message(text) and (read := self.message(text)) is not None:
            return read
        try:
            return self.target(text)
        except UsageError as refused:
            from portsock.query.pasted import read_pasted

            read = self._understood(text, read_pasted(text, self._services))
            if read is None and not _is_name(text):
                raise refused from None
        return read

    def message(self, text: str) -> Asked | None:
        """Read an error message, which may be several arguments."""
        from portsock.explain.vocabulary import recognise_word

        if recognise_word(text) is not None:
            return Asked(text, text)
        from portsock.query.pasted import read_pasted

        pasted = read_pasted(text, self._services)
        return self._understood(text, pasted) if pasted is not None and pasted.error else None

    def program(self, text: str) -> Asked:
        """Read the name of a running program. Raises UsageError where none has it."""
        from portsock.query.refusals import shown

        target = NameTarget(f"proc:{text}", "proc", text)
        notes = (f"Read as proc:{text}: no service has this name, and a program has.",)
        if self._collect.captures:
            return Asked(
                text, target, notes, UsageError(f"{shown(text)}: no service and no program in the listing has this name")
            )
        if text in _program_names():
            return Asked(text, target, notes)
        if "." in text:  # more likely a host or an address
            self._parse(text)
        close = similar_names(text)
        hint = f"; did you mean {' or '.join(map(shown, close))}?" if close else ""
        raise UsageError(f"{shown(text)}: no service and no running program has this name{hint}")

    def _parse(self, text: str) -> Target:
        return parse_target(text, self._services, resolve=self._resolve)

    def _understood(self, text: str, pasted: "Pasted | None") -> Asked | None:
        """Return the question that a pasted text is. Raises UsageError where its host would have to be looked up."""
        if pasted is None:
            return None
        from portsock.query.refusals import shown

        refused: UsageError | None = None
        for place in (*pasted.targets, *(pasted.hosts if self._resolve else ())):
            try:
                target = self._parse(place)
            except UsageError as error:
                refused = refused or error
                continue
            return Asked(_masked(text), target, self._notes(place, pasted))
        hosts = f"{shown(pasted.hosts[0])} has a host name, which only --resolve looks up" if pasted.hosts else ""
        if pasted.error:
            notes = f"Read as {pasted.error}." + (f" {hosts}." if hosts else "")
            return Asked(_masked(text), pasted.error, (notes,))
        if hosts:
            port = pasted.hosts[0].rpartition(":")[2]
            raise UsageError(f"{hosts}; portsock explain :{port} tells about the port here")
        if refused is not None:
            raise refused
        raise UsageError(f"{shown(text)} is a URL without a host that can be read; write HOST:PORT")

    def _notes(self, place: str, pasted: "Pasted") -> tuple[str, ...]:
        from portsock.explain.words import word_summary

        error = f" and {pasted.error}" if pasted.error else ""
        scheme = f", the endpoint of the {pasted.scheme} URL" if pasted.scheme else ""
        meaning = (word_summary(pasted.error),) if pasted.error else ()
        return (f"Read as {place}{error}{scheme}.", *meaning)


def _is_message(text: str) -> bool:
    if ": " not in text:
        return False
    from portsock.query.pasted import is_message

    return is_message(text)


def _masked(text: str) -> str:
    if "@" not in text:
        return text
    from portsock.query.pasted import masked

    return masked(text)


def _wildcard_notes(text: str) -> tuple[str, ...]:
    """Return what the wildcard address is, where it was typed alone."""
    if text not in ("0.0.0.0", "::", "[::]"):
        return ()
    from portsock.explain.words import word_summary

    return (word_summary("wildcard"),)


def _is_name(text: str) -> bool:
    """Tell whether the text may be the name of a program."""
    if not text.isprintable() or not any(letter.isalpha() for letter in text) or text.endswith("-"):
        return False
    return not any(letter in _PATTERN or letter.isspace() for letter in text)
