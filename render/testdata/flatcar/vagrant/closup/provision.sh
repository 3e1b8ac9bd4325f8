#!/bin/sh
# Runs as root in a machine of the Vagrantfile: $1 is its device's file, the
# rest are the packages that it needs. A second time changes nothing.
set -e
description=$1
shift
missing=
for package in "$@"; do
	dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update
	apt-get -qq -y -o Dpkg::Options::=--force-confold install $missing
fi
python3 /tmp/closup-install.py /tmp/closup-newfiles.py /tmp/closup-common.json "$description"
