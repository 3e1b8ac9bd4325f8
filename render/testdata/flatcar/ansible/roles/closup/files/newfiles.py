# Reads what is to be written (base64 of JSON on standard input), makes the new
# files out of the device's own and checks them. It prints, as JSON, the files
# that differ, by path; the folders that are missing; and the units that do not
# run as their files say, with what is wrong. It changes nothing on the device.
# Python 3.5 or later, nothing else.
import base64
import grp
import json
import os
import pwd
import re
import stat
import subprocess
import sys
import tempfile

MARK = "# closup: "


def fields(text):
    return re.findall(r"[^ \t\n\v\f\r\x85\xa0]+", text)


def whole(current, f):
    return f["body"]


# /etc/network/interfaces: the stanzas of lo and of the planned ports are ours,
# and those under a comment with our mark. All else stays as it is.
def interfaces(current, f):
    keywords = {"mapping": True, "vlan": True, "template": True, "source": False,
                "source-directory": False, "no-auto-down": False, "no-scripts": False, "rename": False}
    ours = dict((name, True) for name in f["owned"])
    before, after = [], []
    out, opened, marked, number = before, None, False, 1
    for line in logical_lines(current):
        words = fields(line.replace("\\", " "))
        was_marked, marked = marked, False
        if line.startswith(MARK):
            out, marked = after, True
        elif not words or words[0][0] in "#%":
            out.append(line)
        elif words[0] == "auto" or words[0].startswith("allow-"):
            opened = None
            if was_marked:
                for name in words[1:]:
                    ours[name] = name != f["managed"]
            kept = without(line, words[1:], ours)
            if not kept:
                out = after
            out.append(kept)
        elif words[0] == "iface" and len(words) > 1 and ours.get(words[1]):
            opened, out = "ours", after
        elif words[0] == "iface":
            opened = "theirs"
            out.append(line)
        else:
            if words[0] in keywords:
                opened = "theirs" if keywords[words[0]] else None
            elif opened is None:
                sys.exit("line %d of %s belongs to no interface: %r: remove it on the device" % (number, f["path"], line.strip()))
            if opened != "ours":
                out.append(line)
        number += line.count("\n")
    head = "".join(before)
    if out is before:
        head = end_line(head)
    return head + f["body"] + "".join(after)


def logical_lines(text):
    out, line = [], ""
    for physical in re.findall(r"[^\n]*\n|[^\n]+", text):
        line += physical
        if not physical.rstrip(" \t\r\n").endswith("\\"):
            out.append(line)
            line = ""
    return out + [line] if line else out


def end_line(text):
    if text and not text.endswith("\n"):
        text += "\n"
    bare = text.rstrip(" \t\r\n")
    if bare.endswith("\\") and text[len(bare):].count("\n") < 2:
        text += "\n"
    return text


def without(line, names, ours):
    mine = [name for name in names if ours.get(name)]
    if not mine:
        return line
    if len(mine) == len(names):
        return ""
    seen = []

    def keep(m):
        seen.append(m)
        return "" if len(seen) > 1 and ours.get(m.group().strip()) else m.group()

    return re.sub(r"[ \t]*[^ \t\n\f\r\\]+", keep, line)


# /etc/hosts: our block stays where it was, but never below a line that names
# the device itself, since the first line with a name decides.
def hosts(current, f):
    begin, end = "# closup: begin", "# closup: end"
    lines = re.findall(r"[^\n]*\n|[^\n]+", current)
    texts = [line.strip() for line in lines]
    foreign, at, named, inside = [], None, None, False
    for i, (line, text) in enumerate(zip(lines, texts)):
        if text in (begin, end):
            following = [t for t in texts[i + 1:] if t in (begin, end)]
            inside = text == begin and following[:1] == [end]
            if at is None:
                at = len(foreign)
        elif not inside:
            names = [word.lower() for word in fields(text.split("#")[0])[1:]]
            if named is None and f["name"].lower() in names:
                named = len(foreign)
            foreign.append(line)
    if at is None:
        at = len(foreign)
    if named is not None:
        at = min(at, named)
    head = "".join(foreign[:at])
    if at == len(foreign) and head and not head.endswith("\n"):
        head += "\n"
    return head + f["body"] + "".join(foreign[at:])


# /etc/frr/daemons: what is needed is turned on, nothing is turned off.
def daemons(current, f):
    if not current.strip():
        return f["body"]
    out, done = "", set()
    for line in re.findall(r"[^\n]*\n|[^\n]+", current):
        m = re.match(r"[ \t\n\f\r]*([a-z_]+)=", line)
        key = m.group(1) if m else None
        if key in f["needs"]:
            done.add(key)
            if line.strip()[len(key) + 1:].strip().strip("\"'") != "yes":
                line = key + "=yes\n"
        out += line
    for key in f["needs"]:
        if key not in done:
            if out and not out.endswith("\n"):
                out += "\n"
            out += key + "=yes\n"
    return out


def sh(script, path):
    said = subprocess.run(["sh", "-c", script, "sh", path], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return said.returncode, said.stdout.decode(errors="replace")


def check(f, text):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape", newline="") as staged:
        staged.write(text)
        staged.flush()
        status, said = sh(f["check"], staged.name)
    if status != 0:
        sys.exit("%s would not be accepted:\n%s" % (f["path"], said))


def same(f, current, text):
    if current != text:
        return False
    is_ = os.stat(f["path"])
    try:
        owner = (pwd.getpwnam(f["owner"]).pw_uid, grp.getgrnam(f["group"]).gr_gid)
    except KeyError:
        return False
    return (is_.st_uid, is_.st_gid) == owner and stat.S_IMODE(is_.st_mode) == int(f["mode"], 8)


merges = {"interfaces": interfaces, "hosts": hosts, "daemons": daemons}
differ, folders, dead = {}, [], {}
for f in json.loads(base64.b64decode(sys.stdin.read()).decode()):
    try:
        with open(f["path"], encoding="utf-8", errors="surrogateescape", newline="") as file:
            current = file.read()
    except FileNotFoundError:
        current = None
    text = merges.get(f.get("merge"), whole)(current or "", f)
    check(f, text)
    if not same(f, current, text):
        differ[f["path"]] = text
        if not os.path.isdir(os.path.dirname(f["path"])):
            folders.append(os.path.dirname(f["path"]))
        continue
    status, said = sh(f["verify"], f["path"])
    if status != 0:
        dead[f["unit"]] = said
print(json.dumps({"differ": differ, "folders": folders, "dead": dead}))
