#!/usr/bin/python3
"""A stand-in for NVUE: the `nv` of Cumulus Linux 5 as far as a push uses it, and
its daemon (`nv.py nvued`). It keeps revisions, one pending for each user, holds
what it is told beside the command reference, and makes a revision live by
writing /etc/network/interfaces and /etc/frr/frr.conf of its tree and reloading
the real ifupdown2 and FRR. A trial that nobody confirms it takes back by a clock
of its own. The words are those of 5.1 to 5.14.

For tests: /run/nv.fail, /run/nv.refuse, /run/nv.cut and /run/nv.expire make an
apply fail, a confirmation be refused, a trial cut the management port, and a
trial's time run out at once.
"""
import ctypes, fcntl, json, os, pwd, re, subprocess, sys, time

ROOT = os.environ.get("NV_ROOT", "")  # with one, files are written below it and nothing is reloaded
HOME = ROOT + "/var/lib/nvue"
STATE, LOCK, FACTORY = HOME + "/state.json", HOME + "/lock", HOME + "/interfaces"
OTHER = ("service", "bridge", "qos", "acl", "mlag", "evpn", "nve", "platform")

PREFIX, WORD, NUM = r"[0-9a-f.:]+/[0-9]+", r"[A-Za-z][A-Za-z0-9_-]*", r"[0-9]+"
BGP, ONOFF, AF = "vrf default router bgp", "(on|off)", "address-family ipv[46]-unicast"
KEY = r"(neighbor \S+|peer-group \S+)"
POLICY = "router policy"
# What there is: a path, and what its value is like; None: being there is all.
MODEL = [(re.compile(path + r"\Z"), value and re.compile(value + r"\Z")) for path, value in [
    ("system hostname", r"[A-Za-z0-9][A-Za-z0-9-]*"),
    (r"interface \S+ type", "(swp|loopback|sub|eth|bond|vlan)"),
    (r"interface \S+ (base-interface|description|ip vrf)", r".+"),
    (r"interface \S+ vlan", NUM),
    (r"interface \S+ link (mtu|speed|fec)", r"\S+"),
    (r"interface \S+ ip address (%s|dhcp)" % PREFIX, None),
    (POLICY + r" prefix-list %s type" % WORD, "ipv[46]"),
    (POLICY + r" prefix-list %s rule %s action" % (WORD, NUM), "(permit|deny)"),
    (POLICY + r" prefix-list %s rule %s match %s" % (WORD, NUM, PREFIX), None),
    (POLICY + r" prefix-list %s rule %s match %s (min|max)-prefix-len" % (WORD, NUM, PREFIX), NUM),
    (POLICY + r" as-path-list %s rule %s action" % (WORD, NUM), "(permit|deny)"),
    (POLICY + r" as-path-list %s rule %s aspath-exp" % (WORD, NUM), r"\S+"),
    (POLICY + r" route-map %s rule %s match type" % (WORD, NUM), "ipv[46]"),
    (POLICY + r" route-map %s rule %s match ip-prefix-list" % (WORD, NUM), WORD),
    (POLICY + r" route-map %s rule %s action (permit|deny)" % (WORD, NUM), None),
    ("(router bgp|%s) enable" % BGP, ONOFF),
    ("router bgp autonomous-system", NUM),
    ("router bgp router-id", r"[0-9.]+"),
    (BGP + " path-selection (multipath aspath-ignore|routerid-compare)", ONOFF),
    (BGP + " %s enable" % AF, ONOFF),
    (BGP + " %s aggregate-route %s" % (AF, PREFIX), None),
    (BGP + " %s redistribute (connected|kernel|static) enable" % AF, ONOFF),
    (BGP + " %s redistribute (connected|kernel|static) route-map" % AF, WORD),
    (BGP + " %s remote-as" % KEY, "(%s|external|internal)" % NUM),
    (BGP + " %s description" % KEY, ".+"),
    (BGP + " %s password" % KEY, ".+"),
    (BGP + " %s bfd enable" % KEY, ONOFF),
    (BGP + " %s timers (keepalive|hold|connection-retry)" % KEY, NUM),
    (BGP + r" neighbor \S+ type", "(numbered|unnumbered)"),
    (BGP + r" neighbor \S+ peer-group", WORD),
    (BGP + " %s %s enable" % (KEY, AF), ONOFF),
    (BGP + " %s %s aspath allow-my-asn (enable|occurrences)" % (KEY, AF), r"\S+"),
    (BGP + " %s %s aspath private-as" % (KEY, AF), "(none|remove|replace)"),
    (BGP + " %s %s default-route-origination enable" % (KEY, AF), ONOFF),
    (BGP + " %s %s prefix-limits inbound (maximum|warning-threshold|reestablish-wait)" % (KEY, AF), NUM),
    (BGP + " %s %s policy (in|out)bound (prefix|aspath)-list" % (KEY, AF), WORD),
]]


class Refused(Exception):
    pass


def valid(tree):
    for path, value in tree.items():
        if path.split()[0] in OTHER:
            continue
        for form, like in MODEL:
            if form.match(path):
                if (like is None) != (value == "") or like and not like.match(value):
                    raise Refused("Error: invalid value %r for %r" % (value, path))
                break
        else:
            raise Refused("Error: %r is not one of the paths of this release" % path)


def put(tree, path, value):
    words = path.split()
    for n in range(1, len(words)):
        above = " ".join(words[:n])
        if tree.get(above) == "":
            del tree[above]
    if value == "" and any(p.startswith(path + " ") for p in tree):
        return
    tree[path] = value


def drop(tree, path):
    gone = [p for p in tree if p == path or p.startswith(path + " ")]
    for p in gone:
        del tree[p]
    return gone


def natural(path):
    return [(int(w), "") if w.isdigit() else (-1, w) for w in re.findall(r"\d+|\D+", path)]


def nested(tree):
    out = {}
    for path in sorted(tree, key=natural):
        at = out
        words = path.split()
        for w in words[:-1]:
            at = at.setdefault(w, {})
        at[words[-1]] = tree[path] or {}
    return out


def shorten(ports):
    """Ports that have the same below them stand as one range, as NVUE shows them."""
    out, run = {}, []

    def close():
        if run:
            first, last = run[0], run[-1]
            out[first if first == last else first + "-" + re.sub(r"^\D+", "", last)] = ports[first]
            run.clear()
    for name in ports:
        w = re.match(r"(swp)(\d+)\Z", name)
        if run and w and ports[name] == ports[run[0]] and re.match(r"swp\d+\Z", run[-1]) and int(w[2]) == int(run[-1][3:]) + 1:
            run.append(name)
            continue
        close()
        run.append(name)
    close()
    return out


def dump(tree, indent="    "):
    lines = []
    for key, below in tree.items():
        key = "'%s'" % key if re.match(r"[0-9]", key) else key
        if isinstance(below, dict) and below:
            lines += [indent + key + ":"] + dump(below, indent + "  ")
        elif isinstance(below, dict):
            lines.append(indent + key + ": {}")
        else:
            plain = re.match(r"[A-Za-z0-9_./-]+\Z", below)
            lines.append(indent + key + ": " + (below if plain else json.dumps(below)))
    return lines


def shown(tree):
    whole = nested({p: "*" if p.endswith(" password") else v for p, v in tree.items()})
    if "interface" in whole:
        whole["interface"] = shorten(whole["interface"])
    return whole


# The files.
def interfaces(tree):
    ours, out = {}, []
    for path, value in tree.items():
        w = path.split()
        if w[0] == "interface":
            i = ours.setdefault(w[1], {"address": []})
            if w[2:4] == ["ip", "address"]:
                i["address"].append(w[4])
            elif value:
                i[" ".join(w[2:])] = value
    with open(FACTORY) as f:
        skip = False
        for line in f:
            w = line.split()
            if len(w) > 1 and w[0] in ("auto", "iface"):
                skip = w[1] in ours
            if not skip:
                out.append(line.rstrip("\n"))
    for name in sorted(ours, key=natural):
        i = ours[name]
        out += ["", "auto " + name, "iface " + name + (" inet loopback" if name == "lo" else "")]
        out += ["    address " + a for a in sorted(i["address"])]
        if "link mtu" in i:
            out.append("    mtu " + i["link mtu"])
        if "base-interface" in i:
            out += ["    vlan-raw-device " + i["base-interface"], "    vlan-id " + i["vlan"]]
    return "# Auto-generated by NVUE!\n" + "\n".join(out) + "\n"


def frr(tree):
    get = tree.get
    out = ["! Auto-generated by NVUE!", "frr defaults datacenter", "hostname " + get("system hostname", "cumulus"), "log syslog informational", "service integrated-vtysh-config", "!"]
    below = lambda path: {p[len(path) + 1:]: v for p, v in tree.items() if p.startswith(path + " ")}
    keys = lambda path: sorted({p.split()[0] for p in below(path)}, key=natural)
    for name in keys("router policy prefix-list"):
        at = "router policy prefix-list " + name
        ip = "ipv6" if get(at + " type") == "ipv6" else "ip"
        for rule in keys(at + " rule"):
            for match in keys(at + " rule " + rule + " match"):
                m = below(at + " rule " + rule + " match " + match)
                line = "%s prefix-list %s seq %s %s %s" % (ip, name, rule, tree[at + " rule " + rule + " action"], match)
                line += "".join(" %s %s" % (w, m[k]) for k, w in (("min-prefix-len", "ge"), ("max-prefix-len", "le")) if k in m)
                out.append(line)
    for name in keys("router policy as-path-list"):
        at = "router policy as-path-list " + name
        out += ["bgp as-path access-list %s seq %s %s %s" % (name, r, tree["%s rule %s action" % (at, r)], tree["%s rule %s aspath-exp" % (at, r)]) for r in keys(at + " rule")]
    for name in keys("router policy route-map"):
        for rule in keys("router policy route-map " + name + " rule"):
            at = below("router policy route-map %s rule %s" % (name, rule))
            action = [p.split()[1] for p in at if p.startswith("action ")][0]
            out += ["route-map %s %s %s" % (name, action, rule)]
            if "match ip-prefix-list" in at:
                out.append(" match %s address prefix-list %s" % ("ipv6" if at.get("match type") == "ipv6" else "ip", at["match ip-prefix-list"]))
            out.append("exit")
    if get("router bgp enable") != "on" or get(BGP + " enable") != "on":
        return "\n".join(out) + "\n"
    if "router bgp autonomous-system" not in tree:
        raise Refused("Error: BGP has no autonomous-system")
    out += ["router bgp " + tree["router bgp autonomous-system"]]
    if get("router bgp router-id"):
        out.append(" bgp router-id " + tree["router bgp router-id"])
    out.append(" no bgp default ipv4-unicast")
    if get(BGP + " path-selection multipath aspath-ignore") == "on":
        out.append(" bgp bestpath as-path multipath-relax")
    if get(BGP + " path-selection routerid-compare") == "on":
        out.append(" bgp bestpath compare-routerid")
    groups, peers = keys(BGP + " peer-group"), keys(BGP + " neighbor")

    def common(name, at):
        if "remote-as" in at:
            out.append(" neighbor %s remote-as %s" % (name, at["remote-as"]))
        if at.get("description"):
            out.append(" neighbor %s description %s" % (name, at["description"]))
        if at.get("password"):
            out.append(" neighbor %s password %s" % (name, at["password"]))
        if at.get("bfd enable") == "on":
            out.append(" neighbor %s bfd" % name)
        if "timers keepalive" in at:
            out.append(" neighbor %s timers %s %s" % (name, at["timers keepalive"], at["timers hold"]))
        if "timers connection-retry" in at:
            out.append(" neighbor %s timers connect %s" % (name, at["timers connection-retry"]))
    for g in groups:
        out.append(" neighbor %s peer-group" % g)
        common(g, below(BGP + " peer-group " + g))
    for p in peers:
        at = below(BGP + " neighbor " + p)
        if "peer-group" in at and at["peer-group"] not in groups:
            raise Refused("Error: neighbor %s: there is no peer-group %s" % (p, at["peer-group"]))
        if at.get("type") == "numbered":
            if "remote-as" in at:
                out.append(" neighbor %s remote-as %s" % (p, at.pop("remote-as")))
            if "peer-group" in at:
                out.append(" neighbor %s peer-group %s" % (p, at["peer-group"]))
        else:
            out.append(" neighbor %s interface" % p + (" peer-group " + at["peer-group"] if "peer-group" in at else ""))
        common(p, at)
    for v in ("ipv4", "ipv6"):
        af = "address-family %s-unicast" % v
        if get("%s %s enable" % (BGP, af)) != "on":
            continue
        out += [" !", " address-family %s unicast" % v]
        out += ["  aggregate-address " + a for a in keys("%s %s aggregate-route" % (BGP, af))]
        for source in keys("%s %s redistribute" % (BGP, af)):
            r = below("%s %s redistribute %s" % (BGP, af, source))
            if r.get("enable") == "on":
                out.append("  redistribute " + source + (" route-map " + r["route-map"] if "route-map" in r else ""))
        for kind, names in (("peer-group", groups), ("neighbor", peers)):
            for n in names:
                at = below("%s %s %s %s" % (BGP, kind, n, af))
                group = get("%s neighbor %s peer-group" % (BGP, n), "") if kind == "neighbor" else ""
                # IPv4 is on with a neighbor that does not say; the rest is its group's.
                on = at.get("enable", get("%s peer-group %s %s enable" % (BGP, group, af)) or ("on" if v == "ipv4" and kind == "neighbor" else "off"))
                if on != "on" and not group:
                    continue
                say = lambda text: out.append("  neighbor %s %s" % (n, text))
                if on == "on" and not group:
                    say("activate")
                if at.get("aspath private-as") == "remove":
                    say("remove-private-AS all")
                if at.get("default-route-origination enable") == "on":
                    say("default-originate")
                if "prefix-limits inbound maximum" in at:
                    say("maximum-prefix %s %s restart %d" % (at["prefix-limits inbound maximum"], at["prefix-limits inbound warning-threshold"], int(at["prefix-limits inbound reestablish-wait"]) // 60))
                if at.get("aspath allow-my-asn enable") == "on":
                    say("allowas-in " + at["aspath allow-my-asn occurrences"])
                for way in ("in", "out"):
                    for what, word in (("prefix", "prefix-list"), ("aspath", "filter-list")):
                        name = at.get("policy %sbound %s-list" % (way, what))
                        if name:
                            say("%s %s %s" % (word, name, way))
        out.append(" exit-address-family")
    return "\n".join(out + ["exit", "!", ""])


def sh(*argv):
    if ROOT:
        return
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    if p.returncode:
        raise Refused("Error: %s: %s" % (argv[0], p.stdout.strip()[-300:]))


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def write(path, text, mode=0o644):
    with open(path + ".nvue", "w") as f:
        f.write(text)
    os.chmod(path + ".nvue", mode)
    if path.startswith("/etc/frr") and not ROOT:
        sh("chown", "frr:frr", path + ".nvue")
    os.rename(path + ".nvue", path)


def live(tree):
    """Makes a tree what runs: the files, then ifupdown2 and FRR."""
    ports, conf = interfaces(tree), frr(tree)
    name = tree.get("system hostname", "cumulus")
    write(ROOT + "/etc/hostname", name + "\n")
    sh("hostname", name)
    if read(ROOT + "/etc/network/interfaces") != ports:
        write(ROOT + "/etc/network/interfaces", ports)
        sh("ifreload", "-a")
    daemons = read(ROOT + "/etc/frr/daemons")
    asn = lambda text: re.search(r"^router bgp (\d+)", text, re.M)
    old = read(ROOT + "/etc/frr/frr.conf")
    changed = old != conf
    if changed:
        write(ROOT + "/etc/frr/frr.conf", conf, 0o640)
    if ROOT:
        return
    if asn(conf) and re.search(r"^bgpd=no", daemons, re.M) or asn(conf) and asn(old) and asn(conf)[1] != asn(old)[1]:
        write(ROOT + "/etc/frr/daemons", re.sub(r"^(bgpd|vtysh_enable)=no", r"\1=yes", daemons, flags=re.M), 0o640)
        subprocess.run(["/usr/lib/frr/frrinit.sh", "restart"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if subprocess.run(["vtysh", "-c", "show bgp summary json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)
    elif changed and asn(old):
        sh("/usr/lib/frr/frr-reload.py", "--reload", "/etc/frr/frr.conf")


# The revisions.
class Store:
    def __enter__(self):
        os.makedirs(HOME, exist_ok=True)
        self.lock = open(LOCK, "a")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        if not os.path.exists(STATE):
            with open(ROOT + "/etc/network/interfaces") as f:
                write(FACTORY, f.read())
            first = {"tree": {"service ntp mgmt server 0.pool.ntp.org": ""}, "state": "applied_and_saved", "at": "2024-04-26 11:24:50", "user": "root"}
            self.s = {"revisions": {"1": first}, "applied": "1", "next": 2, "pending": {}, "trial": None}
        else:
            self.s = json.loads(read(STATE))
        return self

    def __exit__(self, *_):
        write(STATE, json.dumps(self.s))
        self.lock.close()

    def tree(self, rev):
        if rev == "applied":
            rev = self.s["applied"]
        if rev not in self.s["revisions"]:
            raise Refused("Error: Revision %s does not exist" % rev)
        return self.s["revisions"][rev]["tree"]

    def pending(self, user):
        """The user's pending revision, made where there is none."""
        if user not in self.s["pending"]:
            rev = str(self.s["next"])
            self.s["next"] += 1
            self.s["revisions"][rev] = {"tree": dict(self.tree("applied")), "state": "pending", "at": "", "user": user}
            self.s["pending"][user] = rev
            print("created [rev_id: %s]" % rev)
        return self.s["pending"][user]

    def apply(self, rev, confirm):
        if self.s["trial"]:
            raise Refused("Error: a revision waits to be confirmed")
        before, tree = self.s["applied"], self.tree(rev)
        if tree == self.tree(before):
            print("Warning: current pending configuration has no difference")
            return
        try:
            if os.path.exists(ROOT + "/run/nv.fail"):
                raise Refused("Error: the configuration could not be applied: " + read(ROOT + "/run/nv.fail").strip())
            valid(tree)
            live(tree)
        except Refused:
            live(self.tree(before))
            self.s["revisions"][rev]["state"] = "apply_fail"
            raise
        self.now(rev, "confirm" if confirm else "applied")
        if confirm:
            self.s["trial"] = {"rev": rev, "before": before, "until": clock() + confirm}
            if os.path.exists(ROOT + "/run/nv.cut"):
                sh("ip", "link", "set", "eth0", "down")
        print("applied [rev_id: %s]" % rev)

    def now(self, rev, state):
        for r in self.s["revisions"].values():
            if r["state"].startswith(("applied", "confirm")):
                r["state"] = "previous"
        self.s["revisions"][rev].update(state=state, at=time.strftime("%Y-%m-%d %H:%M:%S") + ".%06d" % (time.time_ns() // 1000 % 1000000))
        self.s["applied"] = rev
        self.s["pending"] = {u: r for u, r in self.s["pending"].items() if r != rev}

    def back(self):
        trial = self.s["trial"]
        live(self.tree(trial["before"]))
        if os.path.exists(ROOT + "/run/nv.cut"):
            sh("ip", "link", "set", "eth0", "up")
        self.s["trial"] = None
        self.now(trial["before"], "applied")

    def yes(self):
        if os.path.exists(ROOT + "/run/nv.refuse"):
            raise Refused("Error: the confirmation is refused")
        if not self.s["trial"]:
            raise Refused("Error: nothing waits to be confirmed")
        self.s["revisions"][self.s["trial"]["rev"]]["state"] = "applied"
        self.s["trial"] = None


def clock():
    with open("/proc/uptime") as f:
        return float(f.read().split()[0])


def seconds(text):
    w = re.match(r"(\d+)([smh]?)\Z", text)
    if not w:
        raise Refused("Error: %r is no time" % text)
    return int(w[1]) * {"s": 1, "": 60, "m": 60, "h": 3600}[w[2]]


def nvued():
    ctypes.CDLL(None).prctl(15, b"nvued", 0, 0, 0)
    while True:
        time.sleep(0.1)
        try:
            trial = json.loads(read(STATE) or "{}").get("trial")
        except ValueError:
            continue
        if trial and (clock() >= trial["until"] or os.path.exists(ROOT + "/run/nv.expire")):
            with Store() as s:
                if s.s["trial"]:
                    s.back()


def patch(tree, path):
    import yaml
    with open(path) as f:
        doc = yaml.load(f, yaml.BaseLoader)
    for entry in doc:
        for verb, below in entry.items():
            if verb != "set":
                raise Refused("Error: this stand-in patches with `set` alone")

            def walk(at, words):
                if isinstance(at, dict) and at:
                    for k, v in at.items():
                        walk(v, words + [k])
                else:
                    put(tree, " ".join(words), "" if isinstance(at, dict) else at)
            walk(below, [])
    valid(tree)


def change(tree, verb, words):
    path = " ".join(words)
    if verb == "unset":
        if not drop(tree, path):
            raise Refused("Error: %r is not set" % path)
        return
    for n in (len(words), len(words) - 1):
        path, value = " ".join(words[:n]), " ".join(words[n:])
        if words[0] in OTHER or any(f.match(path) and (like is None) == (value == "") for f, like in MODEL):
            put(tree, path, value)
            return valid(tree)
    raise Refused("Error: %r is not one of the paths of this release" % " ".join(words))


def config(s, user, args):
    verb, args = args[0], args[1:]
    word = lambda flag: args[args.index(flag) + 1] if flag in args else None
    mine = s.s["pending"].get(user)
    if verb == "show":
        print("- header:\n    model: VX\n    nvue-api-version: nvue_v1\n    rev-id: 1.0\n    version: Cumulus Linux 5.9.1")
        print("\n".join(["- set:"] + dump(shown(s.tree(word("-r") or "applied")))))
    elif verb == "diff":
        a, b = s.tree("applied"), s.tree(mine or "applied")
        for what, x, y in (("unset", a, b), ("set", b, a)):
            only = {p: v for p, v in x.items() if y.get(p) != v}
            if only:
                print("\n".join(["- %s:" % what] + dump(nested(only))))
    elif verb == "patch":
        patch(s.s["revisions"][s.pending(user)]["tree"], args[0])
    elif verb == "detach":
        if mine:
            del s.s["pending"][user]
            s.s["revisions"][mine]["state"] = "detached"
            print("detached [rev_id: %s]" % mine)
    elif verb == "delete":
        if args[0] == s.s["applied"]:
            raise Refused("Error: Revision '%s' is currently applied and cannot be deleted" % args[0])
        s.tree(args[0])
        del s.s["revisions"][args[0]]
    elif verb == "revision" and "-o" in args:
        print(json.dumps({r: {"state": v["state"]} for r, v in s.s["revisions"].items()}, indent=2))
    elif verb == "revision":
        print("Rev ID  State  Apply ID  Apply Date  Type  User\n------  -----  --------  ----------  ----  ----")
        for r, v in s.s["revisions"].items():
            print("%s  %s  rev_%s_apply_1  %s  CLI  %s" % (r, v["state"], r, v["at"], v["user"]))
    elif verb == "save":
        write(ROOT + "/etc/nvue.d/startup.yaml", "\n".join(["- set:"] + dump(nested(s.tree("applied")))) + "\n", 0o600)
        s.s["revisions"][s.s["applied"]]["state"] = "applied_and_saved"
    elif verb == "apply" and "--confirm-status" in args:
        t = s.s["trial"]
        print("%d seconds until the rollback" % (t["until"] - clock()) if t else "Nothing waits to be confirmed")
    elif verb == "apply" and "--confirm-yes" in args:
        s.yes()
    elif verb == "apply" and "--confirm-no" in args:
        if not s.s["trial"]:
            raise Refused("Error: nothing waits to be confirmed")
        s.back()
    elif verb == "apply":
        rev = args[0] if args and args[0].isdigit() else mine
        if not rev:
            raise Refused("Error: there is no pending revision")
        s.apply(rev, seconds(word("--confirm")) if "--confirm" in args else 0)
    else:
        raise Refused("Error: unknown command: nv config " + verb)


def main(args):
    if args == ["nvued"]:
        nvued()
    with Store() as s:
        user = pwd.getpwuid(os.getuid()).pw_name
        try:
            if args[0] == "config":
                config(s, user, args[1:])
            elif args[0] in ("set", "unset"):
                change(s.s["revisions"][s.pending(user)]["tree"], args[0], args[1:])
            else:
                raise Refused("Error: unknown command: nv " + args[0])
        except Refused as e:
            print(e)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
