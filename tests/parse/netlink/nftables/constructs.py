"""What nft(8) can write, and the statements that it is. The fixtures are dumps of these rules; a live test loads them."""

from portsock.rulesets import (
    Assign,
    Constant,
    Ct,
    Fib,
    Joined,
    Key,
    Limit,
    Looked,
    Masked,
    Match,
    Meta,
    Name,
    Nat,
    Other,
    Part,
    Payload,
    Range,
    Reject,
    Remark,
    Shifted,
    Statement,
    Untracked,
    Verdict,
    VerdictMap,
)

SPORT, DPORT = Payload("transport", 0, 16), Payload("transport", 16, 16)
FLAGS = Payload("transport", 104, 8)
SADDR, DADDR, SADDR6 = Payload("network", 96, 32), Payload("network", 128, 32), Payload("network", 64, 128)
MARK, CT_MARK, STATE, IIFNAME = Meta("mark"), Ct("mark"), Ct("state"), Meta("iifname")


def span(low: int, high: int | None = None) -> tuple[Key, ...]:
    return ((Range(low, low if high is None else high),),)


def name(text: str, prefix: bool = False) -> tuple[Key, ...]:
    return ((Name(text, prefix),),)


TCP, V4, V6 = Match(Meta("l4proto"), span(6)), Match(Meta("nfproto"), span(2)), Match(Meta("nfproto"), span(10))
ACCEPT, DROP = Verdict("accept"), Verdict("drop")

Case = tuple[str, list[Statement]]
SETS = """
set allowed { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.9, 198.51.100.7 } }
set ports { type inet_service; elements = { 22, 80, 443 } }
set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90, 192.0.2.1 . 443 } }
set plainpairs { type ipv4_addr . inet_proto . inet_service; elements = { 10.0.0.1 . tcp . 80, 192.0.2.1 . udp . 53 } }
set marks { type mark; flags interval; elements = { 0x10-0x20, 0x100 } }
set marks2 { type mark; elements = { 0x10, 0x100 } }
set ifs { type ifname; elements = { "eth0", "lo" } }
set ifw { type ifname; flags interval; elements = { "eth*", "lo" } }
set six { type ipv6_addr; flags interval; elements = { 2001:db8::/32, fe80::/10 } }
set learn { type ipv4_addr; flags dynamic,timeout; timeout 1m; }
set lim { type ipv4_addr; size 100; flags dynamic; }
set empty { type ipv4_addr; }
set unused { type ipv4_addr; elements = { 1.2.3.4 } }
set every { type ipv4_addr; flags interval; elements = { 0.0.0.0/0 } }
map vm { type inet_service : verdict; elements = { 22 : accept, 23 : drop, 80 : jump sub } }
map dest { type inet_service : ipv4_addr . inet_service; elements = { 80 : 10.0.0.2 . 8080, 443 : 10.0.0.3 . 8443 } }
map dest2 { type inet_service : ipv4_addr; flags interval; elements = { 80-90 : 10.0.0.2, 443 : 10.0.0.3 } }
map tomark { type ipv4_addr : mark; elements = { 10.0.0.1 : 0x5, * : 0x7 } }
counter cnt { }
quota q { over 10 mbytes }
limit l { rate 10/second }
"""
"""Of the table, before its chains."""

OTHERS = """
table netdev nd {
  chain ing { type filter hook ingress device lo priority -500; policy accept;
    ip saddr 10.0.0.1 tcp dport 80 drop
    fwd to lo
  }
}
table ip sleepy { flags dormant; chain c { type filter hook output priority 5; policy drop; }; }
table bridge b { chain f { type filter hook forward priority 0; ether type ip ip saddr 10.0.0.1 drop;
 ether type ip6 drop; }; }
table arp a { chain i { type filter hook input priority 0; arp operation request drop; }; }
"""
"""Further tables."""

RULES: dict[str, tuple[str, list[Case]]] = {
    "pre": (
        "type nat hook prerouting priority dstnat; policy accept;",
        [
            ("tcp dport 8080 redirect to :80", [TCP, Match(DPORT, span(8080)), Nat("redirect", port=Constant(80))]),
            (
                "dnat ip to tcp dport map @dest",
                [TCP, Nat("dnat", "ip", Part(Looked(DPORT, "dest"), 0), port=Part(Looked(DPORT, "dest"), 1))],
            ),
            ("dnat ip to tcp dport map @dest2", [TCP, Nat("dnat", "ip", Looked(DPORT, "dest2"))]),
            ("dnat ip to 10.0.0.5", [Nat("dnat", "ip", Constant(0xA000005))]),
            ("meta l4proto tcp dnat ip to 10.0.0.5:80", [TCP, Nat("dnat", "ip", Constant(0xA000005), port=Constant(80))]),
            (
                "meta l4proto tcp dnat ip to 10.0.0.5-10.0.0.9:80-90",
                [TCP, Nat("dnat", "ip", Constant(0xA000005), Constant(0xA000009), Constant(80), Constant(90))],
            ),
            (
                "meta l4proto tcp dnat ip6 to [2001:db8::5]:80",
                [TCP, Nat("dnat", "ip6", Constant(0x20010DB8000000000000000000000005), port=Constant(80))],
            ),
            (
                "dnat ip prefix to ip daddr map { 10.1.0.0/24 : 10.2.0.0/24 }",
                [V4, Nat("dnat", "ip", Looked(DADDR, "__map0"), prefix=True)],
            ),
            (
                "dnat ip to numgen random mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }",
                [Nat("dnat", "ip", Looked(Other("numgen random mod 2"), "__map1"))],
            ),
            (
                "dnat ip to jhash ip saddr mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }",
                [V4, Nat("dnat", "ip", Looked(Other("jhash @nh,96,32 mod 2"), "__map2"))],
            ),
            (
                "dnat ip to ip saddr map { 10.0.0.1 : 192.168.2.2-192.168.2.4 }",
                [V4, Nat("dnat", "ip", Looked(SADDR, "__map3"))],
            ),
        ],
    ),
    "post": (
        "type nat hook postrouting priority srcnat; policy accept;",
        [
            ('oifname "eth*" masquerade', [Match(Meta("oifname"), name("eth", True)), Nat("masquerade")]),
            (
                "meta l4proto tcp masquerade to :1000-2000 random",
                [TCP, Nat("masquerade", port=Constant(1000), last_port=Constant(2000))],
            ),
            ("snat ip to 192.0.2.1", [Nat("snat", "ip", Constant(0xC0000201))]),
            (
                "snat ip prefix to ip saddr map { 10.1.0.0/24 : 10.2.0.0/24 }",
                [V4, Nat("snat", "ip", Looked(SADDR, "__map4"), prefix=True)],
            ),
        ],
    ),
    "mangle": (
        "type filter hook prerouting priority mangle; policy accept;",
        [
            ("meta mark set 0x1", [Assign(MARK, Constant(1))]),
            ("meta mark set ct mark", [Assign(MARK, CT_MARK)]),
            ("ct mark set meta mark", [Assign(CT_MARK, MARK)]),
            ("meta mark set meta mark | 0x10", [Assign(MARK, Masked(MARK, 0xFFFFFFEF, 0x10))]),
            ("meta mark set meta mark and 0xff xor 0x3", [Assign(MARK, Masked(MARK, 0xFF, 0x3))]),
            ("meta mark set ip saddr map @tomark", [V4, Assign(MARK, Looked(SADDR, "tomark"))]),
            ("meta mark set mark << 4", [Assign(MARK, Masked(Shifted(MARK, 4), 0xFFFFFFFF))]),
            ("meta mark set mark >> 4", [Assign(MARK, Shifted(MARK, -4))]),
            ("ct mark set mark << 8", [Assign(CT_MARK, Masked(Shifted(MARK, 8), 0xFFFFFFFF))]),
            ("ip dscp set cs1", [V4, Assign(Payload("network", 0, 16), Masked(Payload("network", 0, 16), 0xFF03, 0x20))]),
            (
                "tcp flags syn tcp option maxseg size set 1400",
                [TCP, Match(Masked(FLAGS, 0x2), span(0), True), Remark("tcp option 2 set 1400")],
            ),
            ("meta priority set 1:2", [Assign(Meta("priority"), Constant(0x10002))]),
            ("meta nftrace set 1", [Assign(Meta("nftrace"), Constant(1))]),
            ("ct zone set 5", [Assign(Ct("zone"), Constant(5))]),
            ("notrack", [Untracked()]),
            (
                "meta l4proto tcp tproxy ip to 127.0.0.1:1080",
                [TCP, Nat("tproxy", "ip", Constant(0x7F000001), port=Constant(1080))],
            ),
            ("meta l4proto tcp tproxy to :1080", [TCP, Nat("tproxy", port=Constant(1080))]),
            ("tcp dport 1 meta mark set 1 accept", [TCP, Match(DPORT, span(1)), Assign(MARK, Constant(1)), ACCEPT]),
        ],
    ),
    "in": (
        "type filter hook input priority 0; policy drop;",
        [
            ("ct state established,related accept", [Match(Masked(STATE, 0x6), span(0), True), ACCEPT]),
            ("ct state invalid drop", [Match(Masked(STATE, 0x1), span(0), True), DROP]),
            (
                "ct state new tcp dport 22 accept",
                [Match(Masked(STATE, 0x8), span(0), True), TCP, Match(DPORT, span(22)), ACCEPT],
            ),
            ("ct state vmap { established : accept, invalid : drop }", [VerdictMap(STATE, "__map5")]),
            ("ct state != established,related drop", [Match(STATE, span(6), True), DROP]),
            ("ct status dnat accept", [Match(Masked(Ct("status"), 0x20), span(0), True), ACCEPT]),
            ("ct original ip daddr 10.0.0.1 accept", [Match(Ct("ip daddr", "original"), span(0xA000001)), ACCEPT]),
            (
                "tcp dport 5 ct original proto-dst 80 accept",
                [TCP, Match(DPORT, span(5)), Match(Ct("proto-dst", "original"), span(80)), ACCEPT],
            ),
            (
                "ct original ip saddr 10.0.0.0/8 accept",
                [Match(Ct("ip saddr", "original"), span(10 << 24, (11 << 24) - 1)), ACCEPT],
            ),
            ("ct mark and 0xff == 0x1 accept", [Match(Masked(CT_MARK, 0xFF), span(1)), ACCEPT]),
            ("meta mark and 0xffffff00 == 0x100 accept", [Match(MARK, span(0x100, 0x1FF)), ACCEPT]),
            ("meta mark & 0x3 != 0x1 accept", [Match(Masked(MARK, 3), span(1), True), ACCEPT]),
            ("ct direction reply accept", [Match(Ct("direction"), span(1)), ACCEPT]),
            ("ct count over 10 drop", [Limit("ct count over 10", True), DROP]),
            ('iifname "lo" accept', [Match(IIFNAME, name("lo")), ACCEPT]),
            ("iif lo accept", [Match(Meta("iif"), span(1)), ACCEPT]),
            ('iifname "eth*" accept', [Match(IIFNAME, name("eth", True)), ACCEPT]),
            ('iifname != "eth0" drop', [Match(IIFNAME, name("eth0"), True), DROP]),
            ('iifname { "eth0", "lo" } accept', [Match(IIFNAME, "__set0"), ACCEPT]),
            ("iifname @ifs accept", [Match(IIFNAME, "ifs"), ACCEPT]),
            ("iifname @ifw accept", [Match(IIFNAME, "ifw"), ACCEPT]),
            ("ip saddr @allowed tcp dport @ports accept", [V4, Match(SADDR, "allowed"), TCP, Match(DPORT, "ports"), ACCEPT]),
            (
                "ip saddr . tcp dport @pairs accept",
                [
                    V4,
                    TCP,
                    Match(
                        Joined(
                            (
                                SADDR,
                                DPORT,
                            )
                        ),
                        "pairs",
                    ),
                    ACCEPT,
                ],
            ),
            (
                "ip saddr . meta l4proto . th dport @plainpairs accept",
                [
                    V4,
                    Match(
                        Joined(
                            (
                                SADDR,
                                Meta("l4proto"),
                                DPORT,
                            )
                        ),
                        "plainpairs",
                    ),
                    ACCEPT,
                ],
            ),
            ("ip saddr != @allowed drop", [V4, Match(SADDR, "allowed", True), DROP]),
            ("meta mark @marks accept", [Match(MARK, "marks"), ACCEPT]),
            ("meta mark @marks2 accept", [Match(MARK, "marks2"), ACCEPT]),
            ("meta mark 0x10-0x20 accept", [Match(MARK, span(16, 32)), ACCEPT]),
            ("meta mark > 5 accept", [Match(MARK, span(6, 0xFFFFFFFF)), ACCEPT]),
            ("ip6 saddr @six accept", [V6, Match(SADDR6, "six"), ACCEPT]),
            ("ip saddr @empty accept", [V4, Match(SADDR, "empty"), ACCEPT]),
            ("ip saddr @every accept", [V4, Match(SADDR, "every"), ACCEPT]),
            ("tcp dport vmap @vm", [TCP, VerdictMap(DPORT, "vm")]),
            ("tcp dport { 22, 80-90, 443 } accept", [TCP, Match(DPORT, "__set1"), ACCEPT]),
            ("tcp dport 1000-2000 accept", [TCP, Match(DPORT, span(1000, 2000)), ACCEPT]),
            ("tcp dport != 1000-2000 accept", [TCP, Match(DPORT, span(1000, 2000), True), ACCEPT]),
            ("tcp dport < 1024 accept", [TCP, Match(DPORT, span(0, 1023)), ACCEPT]),
            ("tcp sport 1 tcp dport 2 accept", [TCP, Match(SPORT, span(1)), Match(DPORT, span(2)), ACCEPT]),
            ("ip saddr 10.0.0.0/8 accept", [V4, Match(Payload("network", 96, 8), span(10)), ACCEPT]),
            ("ip saddr 10.0.0.0/12 accept", [V4, Match(SADDR, span(0xA000000, 0xA0FFFFF)), ACCEPT]),
            ("ip saddr & 255.0.0.255 == 10.0.0.1 accept", [V4, Match(Masked(SADDR, 0xFF0000FF), span(0xA000001)), ACCEPT]),
            ("ip saddr != 10.0.0.0/12 accept", [V4, Match(SADDR, span(0xA000000, 0xA0FFFFF), True), ACCEPT]),
            (
                "ip saddr 10.0.0.1 ip daddr 10.0.0.2 accept",
                [V4, Match(SADDR, span(0xA000001)), Match(DADDR, span(0xA000002)), ACCEPT],
            ),
            (
                "ip6 saddr fe80::/10 accept",
                [V6, Match(SADDR6, span(0xFE800000000000000000000000000000, 0xFEBFFFFFFFFFFFFFFFFFFFFFFFFFFFFF)), ACCEPT],
            ),
            ("ip protocol icmp accept", [V4, Match(Payload("network", 72, 8), span(1)), ACCEPT]),
            (
                "icmp type echo-request limit rate 5/second accept",
                [
                    V4,
                    Match(Meta("l4proto"), span(1)),
                    Match(Payload("transport", 0, 8), span(8)),
                    Limit("limit rate 5/second burst 5 packets"),
                    ACCEPT,
                ],
            ),
            (
                "icmp type echo-request limit rate over 5/minute burst 10 packets drop",
                [
                    V4,
                    Match(Meta("l4proto"), span(1)),
                    Match(Payload("transport", 0, 8), span(8)),
                    Limit("limit rate over 5/minute burst 10 packets", True),
                    DROP,
                ],
            ),
            (
                "icmpv6 type { nd-neighbor-solicit, nd-router-advert } accept",
                [V6, Match(Meta("l4proto"), span(58)), Match(Payload("transport", 0, 8), "__set2"), ACCEPT],
            ),
            ("tcp flags syn / syn,ack,rst accept", [TCP, Match(Masked(FLAGS, 0x16), span(2)), ACCEPT]),
            ("tcp flags & (syn|ack) == syn accept", [TCP, Match(Masked(FLAGS, 0x12), span(2)), ACCEPT]),
            ("tcp flags syn accept", [TCP, Match(Masked(FLAGS, 0x2), span(0), True), ACCEPT]),
            (
                "meta l4proto { tcp, udp } th dport 53 accept",
                [Match(Meta("l4proto"), "__set3"), Match(DPORT, span(53)), ACCEPT],
            ),
            ("meta nfproto ipv4 accept", [V4, ACCEPT]),
            ("meta pkttype broadcast drop", [Match(Meta("pkttype"), span(1)), DROP]),
            ("meta skuid 1000 accept", [Match(Meta("skuid"), span(1000)), ACCEPT]),
            ("meta skuid 1000-2000 accept", [Match(Meta("skuid"), span(1000, 2000)), ACCEPT]),
            ("meta length > 100 accept", [Match(Meta("length"), span(101, 0xFFFFFFFF)), ACCEPT]),
            ("meta iiftype ether accept", [Match(Meta("iiftype"), span(1)), ACCEPT]),
            ("meta protocol ip accept", [Match(Meta("protocol"), span(2048)), ACCEPT]),
            ("meta cpu 1 accept", [Match(Meta("cpu"), span(1)), ACCEPT]),
            ('meta hour "10:00"-"12:00" accept', [Match(Meta("hour"), span(36000, 43200)), ACCEPT]),
            ("fib saddr . iif oif missing drop", [Match(Fib(frozenset({"iif", "saddr"}), "present"), span(0)), DROP]),
            ("fib daddr type local accept", [Match(Fib(frozenset({"daddr"}), "type"), span(2)), ACCEPT]),
            (
                "fib daddr . iif type { local, broadcast } accept",
                [Match(Fib(frozenset({"daddr", "iif"}), "type"), "__set4"), ACCEPT],
            ),
            ('fib saddr oifname "eth0" accept', [Match(Fib(frozenset({"saddr"}), "oifname"), name("eth0")), ACCEPT]),
            ("add @learn { ip saddr }", [V4, Remark("add @learn { @nh,96,32 }")]),
            (
                "update @lim { ip saddr limit rate over 10/minute } drop",
                [V4, Limit("update @lim { @nh,96,32 limit rate over 10/minute burst 5 packets }", True), DROP],
            ),
            ("ip saddr @learn drop", [V4, Match(SADDR, "learn"), DROP]),
            ("counter name cnt", [Remark('counter name "cnt"')]),
            ('quota name "q" drop', [Limit('quota name "q"', True), DROP]),
            ('limit name "l" accept', [Limit('limit name "l"'), ACCEPT]),
            ("quota over 5 mbytes drop", [Limit("quota over 5242880 bytes", True), DROP]),
            ('log prefix "x: " group 5', [Remark('log prefix "x: " group 5')]),
            ("socket transparent 1 accept", [Match(Other("socket transparent"), span(1)), ACCEPT]),
            ('osf name "Linux" accept', [Match(Other("osf name"), name("Linux")), ACCEPT]),
            ("rt classid 5 accept", [Match(Other("rt classid"), span(5)), ACCEPT]),
            ("exthdr frag exists drop", [V6, Match(Other("exthdr 44 exists"), span(1)), DROP]),
            ("tcp option maxseg exists accept", [Match(Other("tcp option 2 exists"), span(1)), ACCEPT]),
            ("numgen random mod 10 < 5 accept", [Match(Other("numgen random mod 10"), span(0, 4)), ACCEPT]),
            ("ip version 4 accept", [V4, Match(Payload("network", 0, 8), span(64, 79)), ACCEPT]),
            ("ip hdrlength 5 accept", [V4, Match(Masked(Payload("network", 0, 8), 0xF), span(5)), ACCEPT]),
            ("ip frag-off & 0x1fff != 0 drop", [V4, Match(Masked(Payload("network", 48, 16), 0x1FFF), span(0), True), DROP]),
            ("ip6 dscp cs1 accept", [V6, Match(Masked(Payload("network", 0, 16), 0xFC0), span(512)), ACCEPT]),
            ("ip dscp cs1 accept", [V4, Match(Payload("network", 8, 8), span(32, 35)), ACCEPT]),
            ("ip ttl < 5 accept", [V4, Match(Payload("network", 64, 8), span(0, 4)), ACCEPT]),
            (
                "ether saddr 00:11:22:33:44:55 accept",
                [Match(Meta("iiftype"), span(1)), Match(Payload("link", 48, 48), span(0x1122334455)), ACCEPT],
            ),
            (
                "ether saddr . ip saddr { 00:11:22:33:44:55 . 10.0.0.1 } accept",
                [
                    Match(Meta("iiftype"), span(1)),
                    Match(Payload("link", 96, 16), span(2048)),
                    Match(
                        Joined(
                            (
                                Payload("link", 48, 48),
                                SADDR,
                            )
                        ),
                        "__set5",
                    ),
                    ACCEPT,
                ],
            ),
            (
                'iifname . ip saddr { "eth0" . 10.0.0.1 } accept',
                [
                    V4,
                    Match(
                        Joined(
                            (
                                IIFNAME,
                                SADDR,
                            )
                        ),
                        "__set6",
                    ),
                    ACCEPT,
                ],
            ),
            (
                "meta mark . tcp dport { 0x5 . 80 } accept",
                [
                    TCP,
                    Match(
                        Joined(
                            (
                                MARK,
                                DPORT,
                            )
                        ),
                        "__set7",
                    ),
                    ACCEPT,
                ],
            ),
            ("reject", [Reject("icmpx", 1)]),
            ("reject with tcp reset", [TCP, Reject("tcp reset")]),
            ("reject with icmp type host-unreachable", [V4, Reject("icmp", 1)]),
            ("reject with icmpv6 type addr-unreachable", [V6, Reject("icmpv6", 3)]),
            ("reject with icmpx type admin-prohibited", [Reject("icmpx", 3)]),
            ("jump sub", [Verdict("jump", "sub")]),
            ("goto sub", [Verdict("goto", "sub")]),
            ("return", [Verdict("return")]),
            ("continue", [Verdict("continue")]),
            ("drop", [DROP]),
        ],
    ),
}


def ruleset() -> str:
    """Return all of it for `nft -f -`."""
    chains = [
        f"chain {chain} {{ {head}\n" + "\n".join(rule for rule, _ in cases) + "\n}" for chain, (head, cases) in RULES.items()
    ]
    sub = 'chain sub { tcp dport 80 accept comment "web"; }'
    return "\n".join(["table inet t {", SETS, sub, *chains, "}", OTHERS])
