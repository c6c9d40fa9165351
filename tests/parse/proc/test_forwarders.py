"""Targets of container port forwarders."""

import pytest

from portsock.parse.proc.forwarders import Forward, parse_conmon, parse_docker_proxy

ID = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"


def test_docker_proxy_flags_may_have_either_spelling() -> None:
    expected = Forward("udp", "::1", 53, "fd00::2", 5353)
    joined = "docker-proxy -proto=udp -host-ip=::1 -host-port=53 -container-ip=fd00::2 --container-port=5353 -use-listen-fd"
    assert parse_docker_proxy(joined.split()) == expected
    assert expected.target() == "[fd00::2]:5353"


@pytest.mark.parametrize("line", ["docker-proxy", "docker-proxy -host-port x", "sh -c docker-proxy"])
def test_other_arguments_are_no_forward(line: str) -> None:
    assert parse_docker_proxy(line.split()) is None


def test_conmon_has_the_id_and_name_of_its_container() -> None:
    assert parse_conmon(f"/usr/bin/conmon --api-version 1 -c {ID} -u {ID} -r /usr/bin/crun -n db".split()) == (ID, "db")
    assert parse_conmon(["crun"]) is None
