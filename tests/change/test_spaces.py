"""Network namespaces of two snapshots."""

from portsock.model import Coverage, Netns
from tests.support.compared import COVERS, MACHINE, NGINX, PROTOCOLS, Daemon, codes, compared, host, listening, named, said
from tests.support.factory import OWN

WEB = Daemon("web", 50, container="web")
ELSEWHERE = MACHINE._replace(boot_id="boot-2", netns=4026532999)
WIDE = Coverage(PROTOCOLS, None, (OWN, named(7)))


def test_the_own_namespace_is_the_own_one_whatever_its_number() -> None:
    other = Netns(4026532999)
    old = host([listening("tcp", "0.0.0.0:80", NGINX)])
    new = host([listening("tcp", "0.0.0.0:80", NGINX, netns=other)], machine=ELSEWHERE, covers=COVERS._replace(netns=(other,)))
    assert said(compared(old, new)) == []


def test_a_named_one_goes_by_its_name_although_the_number_is_another() -> None:
    old, new = (
        host([listening("tcp", "0.0.0.0:80", NGINX, netns=space)], covers=COVERS._replace(netns=(OWN, space)))
        for space in (named(7, "blue"), named(9, "blue"))
    )
    assert (said(compared(old, new)), codes(compared(old, new))) == ([], [])


def test_the_number_counts_within_one_boot_only() -> None:
    old = host([listening("tcp", "0.0.0.0:80", NGINX, netns=named(7)), listening("tcp", "0.0.0.0:1", REST)], covers=WIDE)
    again = host([listening("tcp", "0.0.0.0:80", APACHE, netns=named(7)), listening("tcp", "0.0.0.0:1", REST)], covers=WIDE)
    assert [change.kind for change in compared(old, again).changes] == ["program"]
    rebooted = again._replace(snapshot=again.snapshot._replace(machine=MACHINE._replace(boot_id="boot-2")))
    assert sorted(change.kind for change in compared(old, rebooted).changes) == ["closed", "opened"]


def test_a_container_tells_its_namespace() -> None:
    old = host([listening("tcp", "0.0.0.0:80", WEB, netns=named(7)), listening("tcp", "0.0.0.0:1", REST)], covers=WIDE)
    new = host(
        [listening("tcp", "0.0.0.0:80", WEB, netns=named(9)), listening("tcp", "0.0.0.0:1", REST)],
        covers=COVERS._replace(netns=(OWN, named(9))),
        machine=MACHINE._replace(boot_id="boot-2"),
    )
    assert (said(compared(old, new)), codes(compared(old, new))) == ([], [])


def test_equal_ports_of_two_namespaces_are_two_places() -> None:
    rows = [listening("tcp", "0.0.0.0:80", NGINX), listening("tcp", "0.0.0.0:80", WEB, netns=named(7))]
    old, new = host(rows, covers=WIDE), host(rows[:1], covers=WIDE)
    assert said(compared(old, new)) == ["closed tcp/80 0.0.0.0"]


def test_a_namespace_that_one_side_did_not_read_is_blind() -> None:
    rows = [listening("tcp", "0.0.0.0:80", NGINX), listening("tcp", "0.0.0.0:81", WEB, netns=named(7, "blue"))]
    found = compared(host(rows, covers=COVERS._replace(netns=(OWN, named(7, "blue")))), host(rows[:1]))
    assert (said(found), codes(found)) == ([], [("netns", "new")])


def test_a_new_namespace_opens_its_ports_where_all_were_asked_for() -> None:
    rows = [listening("tcp", "0.0.0.0:80", NGINX), listening("tcp", "0.0.0.0:81", WEB, netns=named(9, "green"))]
    old = host(rows[:1], covers=COVERS._replace(netns=(OWN, named(7, "blue"))))
    new = host(rows, covers=COVERS._replace(netns=(OWN, named(7, "blue"), named(9, "green"))))
    assert (said(compared(old, new)), codes(compared(old, new))) == (["opened tcp/81 0.0.0.0"], [])


def test_a_capture_that_does_not_say_its_own_has_the_lowest_unnamed_one() -> None:
    rows = [listening("tcp", "0.0.0.0:80", NGINX), listening("tcp", "0.0.0.0:80", WEB, netns=named(OWN.id + 300))]
    old = host(rows, machine=None, covers=None)
    new = host(rows, covers=COVERS._replace(netns=(OWN, named(OWN.id + 300))))
    assert (said(compared(old, new)), codes(compared(old, new))) == ([], [("protocol", "old")])


REST, APACHE = Daemon("rest"), Daemon("apache2")
