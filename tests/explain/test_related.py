"""Several words together, by one listener and its connection."""

from portsock.explain.related import NOTHING_LISTENS
from portsock.explain.types import Explanation
from portsock.explain.words import explain_word
from portsock.model import Snapshot
from tests.explain.test_words import busy
from tests.support.explain_factory import CURL, SERVICES, seen
from tests.support.factory import tcp


def related(words: str, snapshot: Snapshot) -> Explanation:
    found = explain_word(words, snapshot, SERVICES)
    assert found is not None
    return found


def test_process_descriptor_socket_and_port_are_related_in_one_sentence() -> None:
    assert related("port socket process", busy()).summary == (
        "Process 700 (python3) holds descriptor 3, a socket that listens on port 8080/tcp; "
        "descriptor 3 is a second socket on the same port, whose other end is 127.0.0.1:40000."
    )


def test_each_word_has_one_sentence_about_the_example() -> None:
    found = related("port socket process connection", busy())
    paragraphs = [text for section in found.sections.values() for text in section.paragraphs]
    assert len(paragraphs) == 4
    assert "8080 is only a number, and the local port of 2 sockets here." in paragraphs
    assert any("127.0.0.1:8080 and 127.0.0.1:40000 under tcp are the connection" in text for text in paragraphs)


def test_a_connection_that_another_process_holds_names_that_process() -> None:
    sockets = [tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:80", "10.0.0.9:4000", inode=2)]
    said = related("port process", seen(sockets, {1: 500, 2: CURL.pid})).summary
    assert said.startswith("Process 500 (nginx) holds descriptor 3, a socket that listens on port 80/tcp; ")
    assert said.endswith("process 800 (curl) holds a second socket on the same port, whose other end is 10.0.0.9:4000.")


def test_a_listener_without_connections_says_so() -> None:
    said = related("port socket", seen([tcp("0.0.0.0:80", inode=1)], {1: 500})).summary
    assert said.endswith("listens on port 80/tcp; nobody is connected to it.")


def test_without_a_listener_the_words_are_defined() -> None:
    found = related("port vs socket", seen([]))
    assert found.summary == NOTHING_LISTENS
    assert len([text for section in found.sections.values() for text in section.paragraphs]) == 2
