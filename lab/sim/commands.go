package sim

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// programBody is what the file of a program of ours holds: whoever puts
// another file in its place gets that.
var programBody = []byte("\x7fSIM a program of closup's simulator\n")

// commands are the programs of a device. Filled once, before any device is
// made, since some of them run others.
var commands map[string]command

// programs lists them by the directory that they lie in.
func programs() map[string]map[string]command {
	return map[string]map[string]command{
		"/usr/bin": {
			"awk":    awk,
			"docker": engine, "podman": engine,
			"base64": base64Command, "basename": basename, "bash": sh, "cat": cat, "chmod": chmod, "chown": chown, "cmp": cmp,
			"cp": cp, "cut": cut, "dash": sh, "date": date, "dd": dd, "df": df, "dirname": dirname, "env": env, "find": find, "flock": flock,
			"grep": grep, "head": head, "hostname": hostname, "id": id, "kill": kill, "ln": ln, "ls": ls, "mkdir": mkdir, "mktemp": mktemp,
			"mv": mv, "nice": nice, "nohup": nohup, "nsenter": nsenter, "pgrep": pgrep, "ps": ps, "pidof": pidof, "pkill": pkill, "python3": python, "readlink": readlink,
			"realpath": realpath, "rm": rm, "rmdir": rmdir, "sed": sed, "seq": seq, "setsid": setsid, "sh": sh, "sha256sum": sha256sum,
			"sleep": sleep, "sort": sortCommand, "stat": stat, "sudo": sudo, "sync": nothing, "systemctl": systemctl, "tail": tail,
			"tar": tar, "tee": tee, "timeout": timeout, "touch": touch, "tr": tr, "uname": uname, "uniq": uniq, "uptime": uptime,
			"vtysh": vtysh, "wc": wc, "which": which, "whoami": whoami, "xargs": xargs, "unshare": unshare, "mount": mount,
			"true": nothing, "logger": nothing,
		},
		"/usr/sbin": {
			"ifdown": ifupdown("ifdown"), "ifquery": ifupdown("ifquery"), "ifreload": ifupdown("ifreload"), "ifup": ifupdown("ifup"),
			"ip": ip, "iptables": iptables(dropBGP), "ip6tables": iptables(dropRA), "nft": nft,
			"iptables-save":  iptablesSave(dropBGP, "-A INPUT -p tcp -m tcp --dport 179 -j DROP"),
			"ip6tables-save": iptablesSave(dropRA, "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP"),
			"service":        serviceCommand, "sysctl": sysctl,
		},
		"/usr/lib/frr": {"frr-reload.py": frrReload, "frrinit.sh": frrinit, "bfdd": startDaemon("bfdd")},
	}
}

// install puts the programs on a disk.
func (d *device) install() {
	for dir, list := range programs() {
		_ = d.disk.mkdirs(dir, 0o755, rootUser)
		for name := range list {
			if name == "docker" || name == "podman" {
				continue // a device has one where its router needs it
			}
			_ = d.disk.save(path.Join(dir, name), programBody, 0o755, rootUser, false)
		}
	}
	// /bin is /usr/bin since Debian 12.
	_ = d.disk.symlink("usr/bin", "/bin", rootUser)
	_ = d.disk.symlink("usr/sbin", "/sbin", rootUser)
}

// parseOnly is sh -n.
func (c *call) parseOnly(name string, body []byte) int {
	_, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(string(body)), name)
	if err != nil {
		return c.fail(2, "%v", err)
	}
	return 0
}
