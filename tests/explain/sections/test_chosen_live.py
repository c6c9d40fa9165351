"""Who chose the port of a client: said only where it can be inferred."""

import pytest

from tests.support.live import Place, as_root, on_linux, situation

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def said(place: Place, name: str) -> str:
    port = place.facts[name]
    return place.explain(f"127.0.0.1:{port},127.0.0.1:{place.port}").replace(str(port), "N")


def test_a_port_that_the_program_bound_is_not_the_system_s_choice() -> None:
    with situation("chosen_ports", "corners") as place:
        chosen, outside, reserved = (said(place, name) for name in ("chosen", "outside", "reserved"))
    assert "The local N was probably chosen by the system (inferred from the ephemeral range 32768-60999" in chosen
    bound = "a program bound it explicitly (inferred)."
    assert (
        f"The system did not choose N, which is outside the ephemeral range 32768-60999 (live value of this host): {bound}"
        in (outside)
    )
    assert f"The system did not choose N, which is in net.ipv4.ip_local_reserved_ports: {bound}" in reserved
    assert "probably chosen" not in outside + reserved
