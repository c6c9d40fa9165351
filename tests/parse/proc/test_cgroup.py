"""Units, containers and pods of cgroup files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.proc.cgroup import Placement, parse_cgroup

ID = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
INNER = "0123456789abcdef" * 4
POD_SLICE = "74c13223_5a00_11e9_b385_42010a80018d.slice"
POD = "74c13223-5a00-11e9-b385-42010a80018d"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", Placement()),
        ("/system.slice/nginx.service", Placement("nginx.service")),
        ("/system.slice/system-getty.slice/getty@tty1.service", Placement("getty@tty1.service")),
        ("/user.slice/user-1000.slice/session-3.scope", Placement("session-3.scope", user=1000)),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/dev.service",
            Placement("user@1000.service/dev.service", user=1000, manager=1000),
        ),
        ("/user.slice/user-1000.slice", Placement("user-1000.slice", user=1000)),
        ("/system.slice/nginx.service/worker", Placement("nginx.service")),
        (f"/docker/{ID}", Placement(None, ID, "docker")),
        (f"/system.slice/docker-{ID}.scope", Placement(f"docker-{ID}.scope", ID, "docker")),
        (
            f"/system.slice/docker-{ID}.scope/system.slice/nginx.service",
            Placement(f"docker-{ID}.scope", ID, "docker"),
        ),
        (f"/docker/{ID}/kubelet/kubepods/pod{POD}/{INNER}", Placement(None, ID, "docker")),
        (f"/machine.slice/libpod-{ID}.scope/container", Placement(f"libpod-{ID}.scope", ID, "podman")),
        (f"/machine.slice/libpod-conmon-{ID}.scope", Placement(f"libpod-conmon-{ID}.scope")),
        (f"/libpod_parent/libpod-{ID}", Placement(None, ID, "podman")),
        (
            f"/system.slice/web.service/libpod-payload-{ID}",
            Placement("web.service", ID, "podman", within="/system.slice/web.service"),
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            Placement(f"user@1000.service/libpod-{ID}.scope", ID, "podman", user=1000, manager=1000),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/init.scope",
            Placement("user@1000.service/init.scope", user=1000, manager=1000),
        ),
        ("/user.slice/user-1000.slice/user@1000.service", Placement("user@1000.service", user=1000, manager=1000)),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice",
            Placement("user@1000.service/app.slice", user=1000, manager=1000),
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/crio-{ID}.scope",
            Placement(f"user@1000.service/crio-{ID}.scope", user=1000, manager=1000),
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/x.service/kubepods/pod{POD}/{ID}",
            Placement("user@1000.service/x.service", user=1000, manager=1000),
        ),
        ("/machine.slice/systemd-nspawn@a.service/payload/system.slice/ssh.service", Placement("systemd-nspawn@a.service")),
        (f"/kubepods/besteffort/pod{POD}/{ID}", Placement(None, ID, None, POD)),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_SLICE}/cri-containerd-{ID}.scope",
            Placement(f"cri-containerd-{ID}.scope", ID, "containerd", POD),
        ),
        (
            f"/kubepods.slice/kubepods-pod{POD_SLICE}/crio-{ID}.scope",
            Placement(f"crio-{ID}.scope", ID, "cri-o", POD),
        ),
        (
            f"/system.slice/containerd.service/kubepods-besteffort-pod{POD_SLICE}:cri-containerd:{ID}",
            Placement("containerd.service", ID, "containerd", POD, within="/system.slice/containerd.service"),
        ),
        (f"/default/{ID}", Placement(None, ID)),
        (f"/../../docker-{ID}.scope", Placement(f"docker-{ID}.scope", ID, "docker")),
        (f"/docker/{ID[:-1]}", Placement()),
        (f"/docker/{ID.upper()}", Placement()),
    ],
)
def test_layouts_of_version_2(path: str, expected: Placement) -> None:
    assert parse_cgroup(f"0::{path}\n") == expected


def test_version_1_takes_the_unit_from_systemds_hierarchy_and_the_container_from_any() -> None:
    text = f"12:cpu,cpuacct:/docker/{ID}\n3:memory:/other.slice\n1:name=systemd:/system.slice/docker.service\n"
    assert parse_cgroup(text) == Placement("docker.service", ID, "docker")


def test_both_versions_at_once_prefer_version_2_for_the_unit() -> None:
    assert parse_cgroup("1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n").unit == "b.service"


def test_path_with_colons_stays_whole() -> None:
    assert parse_cgroup("0::/system.slice/a:b.service\n").unit == "a:b.service"


@given(st.text(max_size=200))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    parse_cgroup(text)
    parse_cgroup("0::/" + text)


@pytest.mark.parametrize(
    ("below", "unit"),
    [
        ("user@0.service/sshd.service", "user@1000.service/user@0.service"),
        ("app.slice/user@0.service/user@0.service/sshd.service", "user@1000.service/user@0.service"),
        ("app.slice/_memory.service", "user@1000.service/memory.service"),
        ("app.slice/inner.slice", "user@1000.service/inner.slice"),
        ("", "user@1000.service"),
    ],
)
def test_a_user_makes_no_unit_of_another_manager(below: str, unit: str) -> None:
    assert parse_cgroup(f"0::/user.slice/user-1000.slice/user@1000.service/{below}\n").unit == unit


def test_a_path_of_any_depth_is_parsed() -> None:
    assert parse_cgroup("0::" + "/user@1000.service" * 6000 + "\n").unit == "user@1000.service/user@1000.service"
