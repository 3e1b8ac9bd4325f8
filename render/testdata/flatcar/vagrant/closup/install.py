# Makes a machine its device: install.py NEWFILES.PY COMMON.JSON DEVICE.JSON, as
# root. COMMON holds what all machines have, DEVICE the files of this one. The
# new files are made out of the machine's own and checked (newfiles.py) before
# anything changes; then those that differ are written, and the units of these,
# and of those that do not run as their files say, are made live in order.
# Python 3.5 or later, nothing else.
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile


def read(common, described):
    with open(common, encoding="utf-8") as file:
        device = json.load(file)
    with open(described, encoding="utf-8") as file:
        device["files"] += json.load(file)["files"]
    units = dict((unit["name"], unit) for unit in device["units"])
    for f in device["files"]:
        f.update(f.pop("words", {}), body="".join(f["body"]), check=units[f["unit"]]["check"], verify=units[f["unit"]]["verify"])
    return device


def look(newfiles, device):
    text = base64.b64encode(json.dumps(device["files"]).encode())
    said = subprocess.run([sys.executable, newfiles], input=text, stdout=subprocess.PIPE)
    if said.returncode != 0:
        sys.exit(said.returncode)
    return json.loads(said.stdout.decode())


def write(f, text):
    folder = os.path.dirname(f["path"])
    os.makedirs(folder, exist_ok=True)
    # Complete or not at all: the new file takes the old one's place at once.
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".closup-", delete=False,
                                     encoding="utf-8", errors="surrogateescape", newline="") as new:
        new.write(text)
    shutil.chown(new.name, f["owner"], f["group"])
    os.chmod(new.name, int(f["mode"], 8))
    os.rename(new.name, f["path"])


def main(newfiles, common, described):
    device = read(common, described)
    found = look(newfiles, device)
    kept = tempfile.mkdtemp(prefix="closup-")
    before, due = {}, set(found["dead"])
    for number, f in enumerate(device["files"]):
        if f["path"] not in found["differ"]:
            continue
        due.add(f["unit"])
        before[f["unit"]] = os.path.join(kept, str(number))
        if os.path.exists(f["path"]):
            shutil.copy2(f["path"], before[f["unit"]])
        write(f, found["differ"][f["path"]])
        print("wrote " + f["path"])
    for unit in device["units"]:
        if unit["name"] in due and unit["apply"]:
            was = before.get(unit["name"], os.path.join(kept, "none"))
            if subprocess.run(["sh", "-c", unit["apply"], "sh", was], stdin=subprocess.DEVNULL).returncode != 0:
                sys.exit(unit["name"] + " could not be made live; what it says stands above")
    shutil.rmtree(kept)
    again = look(newfiles, device) if due else {}
    for unit, why in again.get("dead", {}).items():
        print(unit + ": " + why.strip(), file=sys.stderr)
    if again.get("dead") or again.get("differ"):
        sys.exit("the machine does not run as its files say")


main(*sys.argv[1:])
