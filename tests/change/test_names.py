"""Names of units and containers, without what changes at every start."""

import pytest

from portsock.change.names import stable_container, stable_unit


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("session-3.scope", "session-c12.scope"),
        ("run-u12.service", "run-u940.service"),
        ("run-r0a1b2c3d4e5f60718293a4b5c6d7e8f9.scope", "run-rfedcba98765432100123456789abcdef.scope"),
        ("run-p812-i903.service", "run-p4711-i5002.service"),
        ("app-foo-1234.scope", "app-foo-88.scope"),
        ("user@1000.service/app-gnome-firefox-2218.scope", "user@1000.service/app-gnome-firefox-97.scope"),
        ("app-editor@0123456789abcdef0123456789abcdef.service", "app-editor@fedcba9876543210fedcba9876543210.service"),
        ("sshd@7-10.0.0.5:22-10.0.0.9:51234.service", "sshd@8-10.0.0.5:22-198.51.100.7:2345.service"),
        ("sshd@7-812-10.0.0.5:22-10.0.0.9:51234.service", "sshd@11-900-10.0.0.5:22-10.0.0.9:51999.service"),
        ("systemd-coredump@3-812-0.service", "systemd-coredump@4-9000-0.service"),
        ("machine-qemu\\x2d3\\x2dweb.scope", "machine-qemu\\x2d14\\x2dweb.scope"),
        ("docker-0123456789abcdef.scope", "docker-fedcba9876543210.scope"),
        ("vte-spawn-01234567-89ab-cdef-0123-456789abcdef.scope", "vte-spawn-fedcba98-7654-3210-fedc-ba9876543210.scope"),
        ("snap.t.t-2f1d0c9b-1111-2222-3333-0123456789ab.scope", "snap.t.t-fedcba98-1111-2222-3333-0123456789ab.scope"),
    ],
)  # fmt: skip
def test_what_is_numbered_anew_each_time_is_one_unit(before: str, after: str) -> None:
    assert stable_unit(before) == stable_unit(after) != before


@pytest.mark.parametrize(
    "unit",
    [
        "nginx.service", "postgresql@15-main.service", "getty@tty1.service", "user@1000.service/emacs.service", "init.scope",
        "app-foo.service", "container-web-1.service", "wg-quick@wg0.service", "node-18.service", "app-api-v2.service",
    ],
)  # fmt: skip
def test_a_name_that_somebody_gave_stays(unit: str) -> None:
    assert stable_unit(unit) == unit


def test_units_of_two_users_are_two() -> None:
    assert stable_unit("user@1000.service/app-x-1.scope") != stable_unit("user@1001.service/app-x-1.scope")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0123456789ab", "ba9876543210"),
        ("shop/web-7d9f8c5b6d-x2x5z", "shop/web-6bc4f8d97c-zz9kk"),
        ("shop/web-7d9f8c5b6d-x2x5z/nginx", "shop/web-6bc4f8d97c-zz9kk/nginx"),
        ("kube-system/node-agent-x2x5z", "kube-system/node-agent-q4w7r"),
    ],
)
def test_what_is_made_up_for_a_container_is_left_out(before: str, after: str) -> None:
    assert stable_container(before) == stable_container(after)


@pytest.mark.parametrize("name", ["web", "shop-redis", "db-0", "project-web-1", "a-nginx", "cafe"])
def test_the_name_of_a_container_stays(name: str) -> None:
    assert stable_container(name) == name


@pytest.mark.parametrize("text", ["session-" * 200_000, "app-" + "-1" * 200_000, "@1-:" * 200_000, "-bcdfg" * 200_000])
def test_a_megabyte_of_name_takes_no_time(text: str) -> None:
    assert stable_unit(text) == stable_container(text) == text


@pytest.mark.parametrize("text", ["app-" + "a-1" * 330 + "x", "@1-:1-" * 160, "x@" + "1-:" * 330, "-bcdfg" * 160 + "!"])
def test_a_long_name_takes_no_time(text: str) -> None:
    assert isinstance(stable_unit(text), str)
    assert isinstance(stable_container(text), str)
