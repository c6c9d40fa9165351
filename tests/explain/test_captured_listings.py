"""Answers about captured listings."""

from portsock.explain.types import Part
from portsock.model import InetEndpoint
from portsock.records import Holder
from tests.support.explain_factory import HOST, answer, captured, part, text
from tests.support.factory import tcp


def test_a_listing_names_its_assumptions_and_no_commands_for_this_host() -> None:
    snapshot = captured([tcp("0.0.0.0:50000", holders=(Holder(4, None),), inode=None)])
    explanation = answer("50000", snapshot)
    said = text("50000", snapshot)
    assert "49152-65535 (assumed, the default of Windows)" in said
    assert "PID 4 on Windows is the kernel" in said
    assert [command.line for command in explanation.next] == ["portsock sockets --from netstat.txt 50000"]


def test_a_listener_missing_from_a_listing_may_still_exist() -> None:
    snapshot = captured([tcp("10.0.0.5:52110", "198.51.100.34:443", inode=None)])
    said = text("52110", snapshot)
    assert "nothing listens on it" not in said
    assert said.count("no listener on it is in this listing") == 2


def test_a_label_is_shown_as_printed_and_the_high_port_is_the_clients() -> None:
    labelled = InetEndpoint("127.0.0.1", 8080, label="webcache", guessed=True)
    held = (Holder(18085, 4),)
    snapshot = captured(
        [
            tcp("127.0.0.1:8080", inode=None, holders=held)._replace(local=labelled),
            tcp("127.0.0.1:8080", "127.0.0.1:48976", inode=None, holders=held)._replace(local=labelled),
        ],
        HOST._replace(assumed=True),
        "lsof",
    )
    said = text("8080", snapshot)
    assert "8080, printed as webcache: a name by convention" in said
    assert "The client's own port 48976 was probably chosen by its system" in said
    assert "a client's own port" not in part(answer("8080", snapshot), Part.PORT)
    client = answer("48976", snapshot)
    assert "Here it is a client's own port" in part(client, Part.PORT)
    assert "printed as" not in part(client, Part.PORT)
    assert "only clients" not in part(client, Part.PROCESS)


def test_every_answer_about_a_listing_says_that_only_its_print_is_known() -> None:
    assert "only what it prints is known" in text("80", captured([tcp("0.0.0.0:80", inode=None)]))
