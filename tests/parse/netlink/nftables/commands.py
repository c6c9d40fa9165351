"""Rules of iptables-nft, and the statements that they are without their counters."""

from portsock.rulesets import (
    Assign,
    Constant,
    Ct,
    Fib,
    Joined,
    Limit,
    Masked,
    Match,
    Meta,
    Nat,
    Other,
    Payload,
    Range,
    Reject,
    Remark,
    Statement,
    Unknown,
    Untracked,
    Verdict,
)
from tests.parse.netlink.nftables.constructs import (
    ACCEPT,
    CT_MARK,
    DADDR,
    DPORT,
    DROP,
    FLAGS,
    IIFNAME,
    MARK,
    SADDR,
    SADDR6,
    SPORT,
    STATE,
    TCP,
    name,
    span,
)

ANY = Range(0, 0xFFFF)
BEFORE = ("iptables -P INPUT DROP", "iptables -N U", "ipset create known hash:ip")
COMMANDS: list[tuple[str, list[Statement]]] = [
    ("iptables -A INPUT -i lo -j ACCEPT", [Match(IIFNAME, name("lo")), ACCEPT]),
    (
        "iptables -A INPUT -i eth+ ! -s 10.0.0.0/8 -d 192.0.2.1 -j U",
        [
            Match(IIFNAME, name("eth", True)),
            Match(Payload("network", 96, 8), span(10), True),
            Match(DADDR, span(0xC0000201)),
            Verdict("jump", "U"),
        ],
    ),
    ("iptables -A INPUT -s 10.1.2.3/255.0.255.0 -j DROP", [Match(Masked(SADDR, 0xFF00FF00), span(0xA000200)), DROP]),
    ('iptables -A INPUT -p tcp --dport 22 -m comment --comment "ssh here" -j ACCEPT', [TCP, Match(DPORT, span(22)), ACCEPT]),
    (
        "iptables -A INPUT -p tcp --sport 1024:65535 --dport 80:90 --syn -j ACCEPT",
        [TCP, Match(Masked(FLAGS, 0x17), span(2)), Match(SPORT, span(1024, 65535)), Match(DPORT, span(80, 90)), ACCEPT],
    ),
    (
        "iptables -A INPUT -p tcp ! --dport 80:90 --tcp-flags ALL SYN,ACK -j DROP",
        [TCP, Match(Masked(FLAGS, 0x3F), span(18)), Match(DPORT, span(80, 90), True), DROP],
    ),
    ("iptables -A INPUT -p tcp --tcp-option 5 -j DROP", [TCP, Unknown("--tcp-option 5"), DROP]),
    ("iptables -A INPUT -p udp --dport 53 -j ACCEPT", [Match(Meta("l4proto"), span(17)), Match(DPORT, span(53)), ACCEPT]),
    ("iptables -A INPUT -p sctp --dport 99 -j ACCEPT", [Match(Meta("l4proto"), span(132)), Match(DPORT, span(99)), ACCEPT]),
    (
        "iptables -A INPUT -p icmp --icmp-type echo-request -j ACCEPT",
        [Match(Meta("l4proto"), span(1)), Match(SPORT, span(2048, 2303)), ACCEPT],
    ),
    (
        "iptables -A INPUT -p icmp --icmp-type 3/1 -j ACCEPT",
        [Match(Meta("l4proto"), span(1)), Match(SPORT, span(769)), ACCEPT],
    ),
    ("iptables -A INPUT -p icmp -j ACCEPT", [Match(Meta("l4proto"), span(1)), ACCEPT]),
    (
        "iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        [Match(Masked(STATE, 0x6), span(0), True), ACCEPT],
    ),
    ("iptables -A INPUT -m conntrack ! --ctstate NEW,UNTRACKED -j ACCEPT", [Match(Masked(STATE, 0x48), span(0)), ACCEPT]),
    ("iptables -A INPUT -m conntrack --ctstate DNAT -j ACCEPT", [Match(Masked(Ct("status"), 0x20), span(0), True), ACCEPT]),
    (
        "iptables -A INPUT -m conntrack --ctorigdst 192.0.2.1/24 --ctorigdstport 80:90 --ctdir ORIGINAL --ctproto tcp"
        " --ctstatus ASSURED -j ACCEPT",
        [
            Match(Ct("protocol"), span(6)),
            Match(Masked(Ct("ip daddr", "original"), 0xFFFFFF00), span(0xC0000201)),
            Match(Masked(Ct("status"), 0x4), span(0), True),
            Match(Ct("proto-dst", "original"), span(80, 90)),
            Match(Ct("direction"), span(0)),
            ACCEPT,
        ],
    ),
    (
        "iptables -A INPUT -m conntrack --ctorigdst 192.0.2.1 --ctorigdstport 80 -j ACCEPT",
        [Match(Ct("ip daddr", "original"), span(0xC0000201)), Match(Ct("proto-dst", "original"), span(80)), ACCEPT],
    ),
    ("iptables -A INPUT -m state --state NEW -j ACCEPT", [Match(Masked(STATE, 0x8), span(0), True), ACCEPT]),
    (
        "iptables -A INPUT -m addrtype --dst-type LOCAL ! --src-type UNICAST,BROADCAST -j ACCEPT",
        [
            Match(
                Fib(frozenset({"saddr"}), "type"),
                (
                    *span(1),
                    *span(3),
                ),
                True,
            ),
            Match(Fib(frozenset({"daddr"}), "type"), span(2)),
            ACCEPT,
        ],
    ),
    (
        "iptables -A INPUT -m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT",
        [Match(Fib(frozenset({"daddr", "iif"}), "type"), span(2)), ACCEPT],
    ),
    (
        "iptables -A INPUT -p tcp -m multiport --dports 22,80:90,443 -j ACCEPT",
        [
            TCP,
            Match(
                DPORT,
                (
                    *span(22),
                    *span(80, 90),
                    *span(443),
                ),
            ),
            ACCEPT,
        ],
    ),
    (
        "iptables -A INPUT -p tcp -m multiport ! --sports 22,80:90,443 -j ACCEPT",
        [
            TCP,
            Match(
                SPORT,
                (
                    *span(22),
                    *span(80, 90),
                    *span(443),
                ),
                True,
            ),
            ACCEPT,
        ],
    ),
    (
        "iptables -A INPUT -p tcp -m multiport --ports 22 -j ACCEPT",
        [TCP, Match(Joined((SPORT, DPORT)), ((ANY, Range(22, 22)), (Range(22, 22), ANY))), ACCEPT],
    ),
    ("iptables -A INPUT -m mark --mark 0x1/0xff -j ACCEPT", [Match(Masked(MARK, 0xFF), span(1)), ACCEPT]),
    ("iptables -A INPUT -m mark ! --mark 0x1 -j ACCEPT", [Match(MARK, span(1), True), ACCEPT]),
    ("iptables -A INPUT -m connmark --mark 0x4000/0x4000 -j ACCEPT", [Match(Masked(CT_MARK, 0x4000), span(16384)), ACCEPT]),
    (
        'iptables -A INPUT -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "',
        [Limit("limit rate 3/minute burst 10 packets"), Remark("LOG")],
    ),
    (
        "iptables -A INPUT -m hashlimit --hashlimit-upto 10/sec --hashlimit-name x --hashlimit-mode srcip -j ACCEPT",
        [Limit("-m hashlimit --hashlimit-upto 10/sec"), ACCEPT],
    ),
    (
        "iptables -A INPUT -m hashlimit --hashlimit-above 10/sec --hashlimit-name y --hashlimit-mode srcip -j DROP",
        [Limit("-m hashlimit --hashlimit-above 10/sec", True), DROP],
    ),
    (
        "iptables -A INPUT -p tcp -m connlimit --connlimit-above 5 -j DROP",
        [TCP, Limit("-m connlimit --connlimit-above 5", True), DROP],
    ),
    (
        "iptables -A INPUT -p tcp -m connlimit --connlimit-upto 5 -j ACCEPT",
        [TCP, Limit("-m connlimit --connlimit-upto 5"), ACCEPT],
    ),
    ("iptables -A INPUT -m recent --set --name s", [Remark("-m recent --set --name s")]),
    (
        "iptables -A INPUT -m recent --update --seconds 30 --hitcount 6 --name s -j DROP",
        [Limit("-m recent --update --name s --hitcount 6", True), DROP],
    ),
    ("iptables -A INPUT -m recent --rcheck --name s -j DROP", [Unknown("-m recent --rcheck --name s"), DROP]),
    (
        "iptables -A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT",
        [Match(SADDR, span(0xA000001, 0xA000009)), ACCEPT],
    ),
    (
        "iptables -A INPUT -m iprange ! --dst-range 10.0.0.1-10.0.0.9 -j ACCEPT",
        [Match(DADDR, span(0xA000001, 0xA000009), True), ACCEPT],
    ),
    ("iptables -A INPUT -m mac --mac-source 00:11:22:33:44:55 -j ACCEPT", [Unknown("-m mac"), ACCEPT]),
    ("iptables -A OUTPUT -m owner --uid-owner 1000 -j ACCEPT", [Match(Meta("skuid"), span(1000)), ACCEPT]),
    ("iptables -A OUTPUT -m owner ! --uid-owner 1000 -j ACCEPT", [Unknown("-m owner"), ACCEPT]),
    (
        "iptables -A OUTPUT -m owner --uid-owner 1000-2000 --gid-owner 5 -j ACCEPT",
        [Match(Meta("skuid"), span(1000, 2000)), Match(Meta("skgid"), span(5)), ACCEPT],
    ),
    ("iptables -A INPUT -m length --length 100:200 -j ACCEPT", [Match(Meta("length"), span(100, 200)), ACCEPT]),
    ("iptables -A INPUT -m pkttype --pkt-type broadcast -j DROP", [Match(Meta("pkttype"), span(1)), DROP]),
    (
        "iptables -A INPUT -m statistic --mode random --probability 0.25 -j DROP",
        [Unknown("-m statistic --mode random --probability 0.25000"), DROP],
    ),
    (
        "iptables -A INPUT -m statistic --mode nth --every 3 --packet 0 -j DROP",
        [Unknown("-m statistic --mode nth --every 3"), DROP],
    ),
    ("iptables -A INPUT -m ttl --ttl-lt 5 -j DROP", [Match(Payload("network", 64, 8), span(0, 4)), DROP]),
    ("iptables -A INPUT -m string --string abc --algo bm -j DROP", [Unknown("-m string"), DROP]),
    ('iptables -A INPUT -m u32 --u32 "0=0" -j DROP', [Unknown("-m u32"), DROP]),
    ("iptables -A INPUT -p tcp -m tcpmss --mss 1:100 -j DROP", [TCP, Unknown("-m tcpmss"), DROP]),
    ("iptables -A INPUT -m time --timestart 10:00 -j DROP", [Unknown("-m time"), DROP]),
    ("iptables -A INPUT -m socket --transparent -j ACCEPT", [Unknown("-m socket"), ACCEPT]),
    ("iptables -A INPUT -m quota --quota 1000 -j ACCEPT", [Limit("-m quota --quota 1000"), ACCEPT]),
    ("iptables -A INPUT -m length ! --length 100 -j ACCEPT", [Match(Meta("length"), span(100), True), ACCEPT]),
    ("iptables -A INPUT -f -j DROP", [Match(Masked(Payload("network", 48, 16), 0x1FFF), span(0), True), DROP]),
    ("iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset", [TCP, Reject("tcp reset")]),
    ("iptables -A INPUT -j REJECT", [Reject("icmp", 3)]),
    ("iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited", [Reject("icmp", 10)]),
    ("iptables -A INPUT -j NFQUEUE --queue-num 3", [Verdict("queue")]),
    ("iptables -A INPUT -g U", [Verdict("goto", "U")]),
    ("iptables -A INPUT -j RETURN", [Verdict("return")]),
    (
        "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8080",
        [TCP, Match(DPORT, span(80)), Nat("dnat", "ip", Constant(0xAC110002), port=Constant(8080))],
    ),
    (
        "iptables -t nat -A PREROUTING -j DNAT --to-destination 172.17.0.2-172.17.0.5",
        [Nat("dnat", "ip", Constant(0xAC110002), Constant(0xAC110005))],
    ),
    (
        "iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination :8080-8090",
        [TCP, Nat("dnat", "ip", port=Constant(8080), last_port=Constant(8090))],
    ),
    (
        "iptables -t nat -A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 99",
        [TCP, Match(DPORT, span(1)), Nat("redirect", port=Constant(99))],
    ),
    (
        "iptables -t nat -A PREROUTING -d 10.0.0.0/24 -j NETMAP --to 10.9.0.0/24",
        [
            Match(Payload("network", 128, 24), span(0xA0000)),
            Nat("dnat", "ip", Constant(0xA090000), Constant(0xA0900FF), prefix=True),
        ],
    ),
    (
        "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        [Match(Meta("oifname"), name("docker0"), True), Match(Payload("network", 96, 16), span(44049)), Nat("masquerade")],
    ),
    ("iptables -t nat -A POSTROUTING -j SNAT --to-source 192.0.2.1", [Nat("snat", "ip", Constant(0xC0000201))]),
    (
        "iptables -t nat -A POSTROUTING -p tcp -j MASQUERADE --to-ports 1-2",
        [TCP, Nat("masquerade", port=Constant(1), last_port=Constant(2))],
    ),
    ("iptables -t mangle -A PREROUTING -j MARK --set-mark 0x5", [Assign(MARK, Constant(5))]),
    ("iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x5/0xff", [Assign(MARK, Masked(MARK, 0xFFFFFF00, 0x5))]),
    ("iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark", [Assign(MARK, CT_MARK)]),
    ("iptables -t mangle -A PREROUTING -j CONNMARK --save-mark", [Assign(CT_MARK, MARK)]),
    ("iptables -t mangle -A PREROUTING -j CONNMARK --set-mark 3/7", [Assign(CT_MARK, Masked(CT_MARK, 0xFFFFFFF8, 0x3))]),
    (
        "iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff",
        [Assign(MARK, Other("mark of both the packet and the connection"))],
    ),
    (
        "iptables -t mangle -A PREROUTING -p tcp -j TPROXY --on-port 1080 --on-ip 127.0.0.1 --tproxy-mark 1/1",
        [
            TCP,
            Assign(MARK, Masked(MARK, 0xFFFFFFFE, 0x1)),
            Nat("tproxy", "ip", Constant(0x7F000001), port=Constant(1080)),
            Unknown("-j TPROXY drops what has no socket there", "action"),
        ],
    ),
    (
        "iptables -t mangle -A FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu",
        [TCP, Match(Masked(FLAGS, 0x17), span(2)), Remark("TCPMSS")],
    ),
    (
        "iptables -t mangle -A POSTROUTING -p udp -j CHECKSUM --checksum-fill",
        [Match(Meta("l4proto"), span(17)), Remark("CHECKSUM")],
    ),
    ("iptables -t mangle -A POSTROUTING -j DSCP --set-dscp 5", [Remark("DSCP")]),
    ("iptables -t mangle -A POSTROUTING -j CLASSIFY --set-class 1:2", [Remark("CLASSIFY")]),
    ("iptables -t mangle -A POSTROUTING -j TOS --set-tos 5", [Remark("TOS")]),
    (
        "iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP",
        [Match(Fib(frozenset({"iif", "saddr"}), "present"), span(1), True), DROP],
    ),
    (
        "iptables -t raw -A PREROUTING -m rpfilter --loose --validmark -j ACCEPT",
        [Match(Fib(frozenset({"mark", "saddr"}), "present"), span(1)), ACCEPT],
    ),
    ("iptables -t raw -A PREROUTING -j NOTRACK", [Untracked()]),
    ("iptables -t raw -A PREROUTING -j CT --notrack", [Untracked()]),
    ("iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --zone 3", [TCP, Match(DPORT, span(21)), Remark("CT")]),
    ("iptables -t raw -A PREROUTING -j TRACE", [Assign(Meta("nftrace"), Constant(1))]),
    ("iptables -t mangle -A POSTROUTING -j TTL --ttl-set 5", [Remark("TTL")]),
    ("iptables -t mangle -A POSTROUTING -p tcp -j TCPOPTSTRIP --strip-options timestamp", [TCP, Remark("TCPOPTSTRIP")]),
    ("iptables -A INPUT -j NFLOG --nflog-group 3", [Remark("log group 3")]),
    ("iptables -A INPUT -j AUDIT --type accept", [Remark("AUDIT")]),
    (
        "ip6tables -A INPUT -s fe80::/10 -j ACCEPT",
        [Match(SADDR6, span(0xFE800000000000000000000000000000, 0xFEBFFFFFFFFFFFFFFFFFFFFFFFFFFFFF)), ACCEPT],
    ),
    (
        "ip6tables -A INPUT -p icmpv6 --icmpv6-type echo-request -j ACCEPT",
        [Match(Meta("l4proto"), span(58)), Match(SPORT, span(32768, 33023)), ACCEPT],
    ),
    (
        "ip6tables -A INPUT -p icmpv6 --icmpv6-type router-advertisement -m hl --hl-eq 255 -j ACCEPT",
        [
            Match(Meta("l4proto"), span(58)),
            Match(SPORT, span(34304, 34559)),
            Match(Payload("network", 56, 8), span(255)),
            ACCEPT,
        ],
    ),
    ("ip6tables -A INPUT -m rt --rt-type 0 -j DROP", [Unknown("-m rt"), DROP]),
    (
        "ip6tables -A INPUT -p tcp --dport 80 -j REJECT --reject-with icmp6-adm-prohibited",
        [TCP, Match(DPORT, span(80)), Reject("icmpv6", 1)],
    ),
    (
        "ip6tables -A INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset",
        [TCP, Match(DPORT, span(80)), Reject("tcp reset")],
    ),
    (
        "ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [2001:db8::2]:8080",
        [TCP, Match(DPORT, span(80)), Nat("dnat", "ip6", Constant(0x20010DB8000000000000000000000002), port=Constant(8080))],
    ),
    (
        "ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 81",
        [TCP, Match(DPORT, span(80)), Nat("redirect", port=Constant(81))],
    ),
    ("ip6tables -t nat -A POSTROUTING -j MASQUERADE", [Nat("masquerade")]),
    (
        "ip6tables -A INPUT -m conntrack --ctorigdst 2001:db8::/32 -j ACCEPT",
        [
            Match(Ct("ip6 daddr", "original"), span(0x20010DB8000000000000000000000000, 0x20010DB8FFFFFFFFFFFFFFFFFFFFFFFF)),
            ACCEPT,
        ],
    ),
    (
        "ip6tables -A INPUT -m iprange --src-range 2001:db8::1-2001:db8::5 -j ACCEPT",
        [Match(SADDR6, span(0x20010DB8000000000000000000000001, 0x20010DB8000000000000000000000005)), ACCEPT],
    ),
    ("iptables -A INPUT -m set --match-set known src -j ACCEPT", [Unknown("-m set --match-set #0 src"), ACCEPT]),
    ("iptables -A INPUT -m set ! --match-set known src,dst -j ACCEPT", [Unknown("-m set ! --match-set #0 src,dst"), ACCEPT]),
]
