"""`explain` on the command line: every form of TARGET, its refusals and its own options."""

import json
import os
import socket
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.support.live import Place, answer, as_root, on_linux, portsock, situation, takes_long

LIVE = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
SCHEMA = json.loads(files("portsock").joinpath("schema/portsock-1.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def server() -> Iterator[Place]:
    with situation("server_with_clients") as place:
        yield place


@takes_long
class TestForms:
    pytestmark = LIVE

    @pytest.mark.parametrize(
        ("target", "kind", "start"),
        [
            ("8080", "port", "8080/tcp (http-alt) is held by python (pid {pid}) and 2 workers, "),
            (":8080", "port", "8080/tcp "),
            ("*:8080", "port", "8080/tcp "),
            ("tcp/8080", "port", "8080/tcp "),
            ("8080/udp", "port", "Nothing on this host uses port 8080 over udp; python (pids {pid}, "),
            ("8000-8100", "port", "8080/tcp "),
            ("http-alt", "service", "8080/tcp "),
            ("service:webcache", "service", "8080/tcp "),
            ("127.0.0.1:8080", "endpoint", "8080/tcp "),
            ("localhost:8080", "endpoint", "8080/tcp "),
            (
                "127.0.0.1:{client_port}",
                "endpoint",
                "127.0.0.1:{client_port} is no server's: python (pid {client}) has it as its own end of ",
            ),
            ("127.0.0.0/8", "network", "8080/tcp "),
            ("127.0.0.0/8:8080", "network", "8080/tcp "),
            (
                "127.0.0.1:8080,127.0.0.1:{client_port}",
                "connection",
                "python (pid {client}) and python (pids {pid} and {other}) are the two ends of the connection "
                "127.0.0.1:{client_port} → 127.0.0.1:8080 (ESTABLISHED).",
            ),
            ("127.0.0.1:8080->127.0.0.1:{client_port}", "connection", "python (pid {client}) and python "),
            ("pid:{pid}", "pid", "python (pid {pid}, user root) listens on 8080/tcp and has 3 connections."),
            ("proc:pyth*", "proc", "3 processes ("),
            ("user:root", "user", "3 processes ("),
            ("fd:{pid}/3", "fd", "Descriptor 3 of python (pid {pid}, user root) is a TCP socket listening on 127.0.0.1:8080"),
        ],
    )
    def test_each_form_is_answered_in_one_sentence(self, server: Place, target: str, kind: str, start: str) -> None:
        text = target.format_map(server.facts)
        found = server.ask(text)
        assert found["target"] == {"input": text, "kind": kind}
        assert found["summary"].startswith(start.format_map(server.facts))

    def test_a_socket_is_found_by_its_inode(self, server: Place) -> None:
        inode = next(each["inode"] for each in server.ask(8080)["sockets"] if each["state"] == "LISTEN")
        for target in (f"inode:{inode}", f"socket:[{inode}]"):
            assert server.ask(target)["summary"].startswith(f"{target} is a TCP socket listening on 127.0.0.1:8080, held by ")

    def test_a_number_that_is_also_a_pid_lists_both_readings(self, server: Place) -> None:
        pid = server.facts["pid"]
        done = portsock("explain", str(pid), pid=pid)
        assert done.returncode == 1
        assert f"portsock explain pid:{pid}" in done.stdout
        assert f"portsock explain :{pid}" in done.stdout

    @pytest.mark.parametrize("spelling", ["TIME_WAIT", "time-wait", "TimeWait", "TIMED_WAIT", "SYN_RCVD", "FIN-WAIT-2"])
    def test_a_state_is_a_word_in_every_spelling(self, spelling: str) -> None:
        done = portsock("explain", spelling, "--brief")
        assert done.returncode == 0
        assert done.stdout.count("\n") == 1

    def test_abstract_and_path_names(self, tmp_path: Path) -> None:
        with situation("unix_pair") as place:
            assert place.ask("@questions")["summary"].startswith("@questions is a unix stream socket on which python ")
        path = tmp_path / "left.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            text = portsock("explain", str(path), "--brief").stdout
            assert f"{path} is a unix stream socket on which python" in text
            assert f"(pid {os.getpid()})" in text
        stale = portsock("explain", "--long", str(path))
        assert "exists as a file, but no socket here is bound to it" in " ".join(stale.stdout.split())
        assert stale.returncode == 0

    def test_a_process_without_sockets_is_explained(self) -> None:
        with situation("nothing") as place:
            pid = place.facts["pid"]
            assert f"(pid {pid}, user root) holds no socket" in place.explain(f"pid:{pid}")

    def test_a_process_is_explained_with_its_ancestors(self, server: Place) -> None:
        assert "→ python → python." in server.explain(f"pid:{server.facts['client']}")

    @pytest.mark.parametrize("target", ["9", "10.9.9.9:80", "inode:9999999999", "@none"])
    def test_a_target_that_nothing_matches_is_status_1_with_an_answer(self, server: Place, target: str) -> None:
        assert "Nothing on this host " in server.explain(target, status=1)

    def test_a_unit_without_sockets_is_status_1_or_3_where_owners_are_hidden(self, server: Place) -> None:
        sockets = answer("sockets", pid=server.facts["pid"])["sockets"]
        hidden = any(each["owner_status"] in ("hidden", "partial", "elsewhere") for each in sockets)
        text = server.explain("unit:none.service", status=3 if hidden else 1)
        assert text.startswith("No unit none.service runs or is installed.")

    def test_a_process_that_does_not_exist_is_said_not_to(self, server: Place) -> None:
        assert server.explain("pid:4194304", status=1).startswith("There is no process 4194304.")

    def test_a_port_that_nothing_uses_is_still_explained(self, server: Place) -> None:
        text = server.explain("22/tcp", status=1)
        assert "22 (ssh) is a system (well-known) port" in text
        assert "could bind it now, in every way" in text

    @pytest.mark.parametrize("targets", [["8080"], ["port", "EADDRINUSE"], ["9"], ["pid:1"], ["127.0.0.1:8080", "EADDRINUSE"]])
    def test_json_fits_the_schema(self, server: Place, targets: list[str]) -> None:
        found = server.json(*targets)
        jsonschema.validate(found, SCHEMA)
        assert [each["target"]["input"] for each in found["explanations"]] == targets

    def test_brief_is_one_line_a_target(self, server: Place) -> None:
        lines = server.screen("8080", "socket", "--brief").splitlines()
        assert [line.split()[0] for line in lines] == ["8080/tcp", "A"]

    def test_root_is_not_advised_to_use_sudo(self, server: Place) -> None:
        for target in ("8080", f"pid:{server.facts['pid']}"):
            assert "sudo" not in server.explain(target)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("99999", "ports end at 65535"),
        ("::1:631", "write [::1]:631 for the port, or [::1:631] for the address"),
        ("pid:x", "pid:1234"),
        ("htttp", "did you mean 'service:http'?"),
        ("8080-", "redirection"),
        ("fd:1", "fd:1234/7"),
        ("", "empty"),
    ],
)
def test_nonsense_is_status_2_and_one_line_with_the_nearest_form(target: str, words: str) -> None:
    done = portsock("explain", target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


@takes_long
class TestTrial:
    pytestmark = LIVE

    @pytest.mark.parametrize(
        ("arguments", "ok", "address"),
        [
            (["127.0.0.1:8080", "--try", "plain"], False, "127.0.0.1"),
            (["127.0.0.1:8080", "--try", "reuseport"], False, "127.0.0.1"),
            (["8080", "--try", "reuseport", "--v6only"], True, "::"),
            (["[::1]:8080", "--try", "reuseaddr"], True, "::1"),
            (["udp/8080", "--try", "plain"], True, "0.0.0.0"),
            (["127.0.0.1:8080", "--try", "both"], False, "127.0.0.1"),
        ],
    )
    def test_the_kernels_answer_is_shown_with_the_verdict(
        self, server: Place, arguments: list[str], ok: bool, address: str
    ) -> None:
        attempts = server.ask(*arguments)["sections"]["binding"]["attempts"]
        (tried,) = [each for each in attempts if each["tried"]]
        assert (tried["ok"], tried["address"], tried["errno"]) == (ok, address, None if ok else "EADDRINUSE")
        options = {"plain": [], "both": ["SO_REUSEADDR", "SO_REUSEPORT"]}
        assert tried["options"] == options.get(arguments[2], [f"SO_{arguments[2].upper()}"])
        same = [
            each["ok"]
            for each in attempts
            if not each["tried"] and all(each[key] == tried[key] for key in ("protocol", "address", "options", "v6only"))
        ]
        assert same == [ok]
        assert "Such a trial takes the port for an instant" in portsock(
            "explain", *arguments, pid=server.facts["pid"]
        ).stdout.replace("\n            ", " ")

    def test_a_trial_as_another_user(self, server: Place) -> None:
        text = server.explain("127.0.0.1:81", "--try", "plain", "--as", "nobody", status=1)
        assert "Tried for real, tcp 127.0.0.1:81 with no option: EACCES; the verdict was EACCES." in text

    def test_an_address_of_no_interface_is_bindable_only_if_the_kernel_accepts_it(self) -> None:
        with situation("unanswered") as place:
            assert "in every way" in place.explain("127.255.255.255:7000", status=1)
            assert "any way: EADDRNOTAVAIL. 10.99.0.9 is not an address of this host." in place.explain(
                "10.99.0.9:7000", status=1
            )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["8080", "--try", "hard"], "no such way; there are plain, reuseaddr, reuseport"),
        (["port", "--try", "plain"], "--try needs one port or endpoint"),
        (["8000-8100", "--try", "plain"], "--try needs one port or endpoint"),
        (["8080", "--v6only"], "give --try"),
        (["127.0.0.1:8080", "--try", "plain", "--v6only"], "--v6only is for IPv6 addresses"),
        (["8080", "--try", "plain", "--from", "-"], "another machine's"),
        (["8080", "--as", "nobody", "--from", "-"], "--as with --from"),
        (["8080", "--try", "plain", "--netns", "all"], "--try with --netns"),
        (["8080", "--as", "no such user"], "no such user"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_tried(arguments: list[str], words: str) -> None:
    done = portsock("explain", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
