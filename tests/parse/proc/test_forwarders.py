"""Targets of container port forwarders."""

import pytest

from portsock.parse.proc.forwarders import (
    Forward,
    is_conmon,
    is_container_name,
    is_forwarder,
    parse_conmon,
    parse_docker_proxy,
)

ID = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"


def test_docker_proxy_flags_may_have_either_spelling() -> None:
    expected = Forward("udp", "::1", 53, "fd00::2", 5353)
    joined = "docker-proxy -proto=udp -host-ip=::1 -host-port=53 -container-ip=fd00::2 --container-port=5353 -use-listen-fd"
    assert parse_docker_proxy(joined.split()) == expected
    assert expected.target() == "[fd00::2]:5353"


PROXY = "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("-container-ip", "payments-db"),
        ("-container-ip", "172.17.0.2 (payments-db)"),
        ("-container-ip", "172.17.0"),
        ("-container-ip", "fe80::1%eth0"),
        ("-container-ip", ""),
        ("-container-port", "0"),
        ("-container-port", "65536"),
        ("-container-port", "-1"),
        ("-container-port", "8_0"),
        ("-container-port", "٨٠"),
        ("-container-port", "9" * 5000),
        ("-host-port", "x"),
        ("-host-ip", "localhost"),
        ("-proto", "x\n"),
    ],
)
def test_a_target_that_is_no_address_and_port_is_no_forward(flag: str, value: str) -> None:
    words = PROXY.split()
    assert parse_docker_proxy(words) == Forward("tcp", "0.0.0.0", 8080, "172.17.0.2", 80)
    words[words.index(flag) + 1] = value
    assert parse_docker_proxy(words) is None


def test_a_docker_proxy_without_arguments_has_no_forward() -> None:
    assert parse_docker_proxy(["docker-proxy"]) is parse_docker_proxy([]) is None


@pytest.mark.parametrize(
    ("exe", "argument", "expected"),
    [
        ("/usr/bin/docker-proxy", "anything", True),
        ("/home/dev/bin/rootlesskit-docker-proxy", "", True),
        ("/usr/libexec/podman/rootlessport", "rootlessport-child", True),
        ("/usr/bin/podman", "containers-rootlessport", True),
        ("/usr/bin/podman", "containers-rootlessport-child", True),
        ("/usr/bin/podman", "podman", False),
        ("/usr/bin/sleep", "containers-rootlessport", False),
        ("/usr/bin/python3.11", "/usr/bin/docker-proxy", False),
        ("/docker-proxy/x", "docker-proxy", False),
        (None, "docker-proxy", False),
    ],
)
def test_a_forwarder_is_known_by_its_executable(exe: str | None, argument: str, expected: bool) -> None:
    assert is_forwarder(exe, (argument,)) == expected


def test_podman_without_arguments_is_no_forwarder() -> None:
    assert not is_forwarder("/usr/bin/podman", ())
    assert is_conmon("/usr/libexec/podman/conmon")
    assert not is_conmon("/usr/bin/conmon-x")
    assert not is_conmon(None)


def test_conmon_has_the_id_and_name_of_its_container() -> None:
    assert parse_conmon(f"/usr/bin/conmon --api-version 1 -c {ID} -u {ID} -r /usr/bin/crun -n db".split()) == (ID, "db")
    assert parse_conmon(["conmon", "-c", "../" * 22, "-n", "-all"]) == (None, None)
    assert parse_conmon([]) == (None, None)


@pytest.mark.parametrize(
    ("text", "usable"),
    [("web", True), ("0a_.-", True), ("a" * 255, True), ("a" * 256, False), ("", False), ("-a", False), (".a", False),
     ("a b", False), ("a\n", False), ("é", False), ("a/b", False)],
)  # fmt: skip
def test_names_of_containers_have_the_letters_that_engines_accept(text: str, usable: bool) -> None:
    assert is_container_name(text) == usable
