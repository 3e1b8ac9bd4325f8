package cli

import (
	"encoding/json"
	"fmt"
	"testing"
)

// contract is what programs rely on: each document with one row in each list,
// by the kinds of its values. Keys may be added, none may go or change kind.
var contract = map[string]string{
	"plan": `{
		"name": "",
		"devices": [{"name": "", "role": "", "asn": 0, "router_id": "", "loopbacks": [""], "mgmt": "", "platform": "",
			"router": "", "rack": "", "ports": [{"name": "", "peer": "", "peer_port": "", "kind": ""}]}],
		"links": [{"a": {"device": "", "port": ""}, "b": {"device": "", "port": ""}}],
		"sessions": [{"device": "", "port": "", "peer": "", "peer_port": "", "peer_asn": 0}],
		"routes": [{"device": "", "prefix": "", "origin": "", "paths": [{"port": "", "as_path": [0]}]}]}`,
	"push": `{
		"devices": [{"name": "", "result": "", "files": [{"path": "", "changed": true}], "seconds": 0, "error": ""}],
		"summary": {"changed": 0, "unchanged": 0, "failed": 0, "rolled_back": 0, "skipped": 0, "pending": 0}}`,
	"status": `{
		"at": "",
		"devices": [{"name": "", "reachable": true, "error": "", "router_version": "", "age": 0}],
		"sessions": [{"device": "", "port": "", "peer": "", "peer_port": "", "expected": true, "state": "", "peer_asn": 0,
			"actual_peer": "", "actual_asn": 0, "uptime": 0, "prefixes_received": 0, "prefixes_sent": 0, "flaps": 0}],
		"routes": [{"device": "", "prefix": "", "expected_paths": 0, "actual_paths": 0, "state": ""}],
		"summary": {"sessions_expected": 0, "sessions_established": 0, "routes_expected": 0, "routes_ok": 0,
			"routes_pending": 0, "devices_unreachable": 0}}`,
	"preflight": `{
		"devices": [{"name": "", "address": "", "state": "", "hostname": "", "serials": [""], "system": "", "router_version": "",
			"clock_offset": 0, "seconds": 0, "checks": [{"check": "", "state": "", "message": "", "remedy": ""}],
			"ports": [{"name": "", "state": "", "peer": "", "peer_port": "", "seen_peer": "", "seen_port": "", "cabling": ""}],
			"offers": {"password": true, "raise": [""], "packages": [""]}}],
		"summary": {"devices": 0, "ok": 0, "warning": 0, "failed": 0}}`,
	"diagnose": `{
		"findings": [{"device": "", "port": "", "peer": "", "cause": "", "confidence": "", "message": "",
			"evidence": [{"device": "", "command": "", "output": ""}],
			"remedy": {"message": "", "commands": [{"device": "", "command": ""}]}}]}`,
	"kube": `{
		"at": "", "cluster": {"from": "", "error": "", "version": "",
			"checks": [{"check": "", "expected": "", "actual": "", "state": "", "remedy": ""}]},
		"nodes": [{"name": "", "chain": [{"check": "", "expected": "", "actual": "", "state": "", "remedy": ""}]}],
		"smoke": {"deployed": true, "pods": [{"name": "", "node": "", "phase": "", "ips": [""], "answered": [""], "silent": [""]}],
			"checks": [{"check": "", "expected": "", "actual": "", "state": "", "remedy": ""}]},
		"summary": {"checks": 0, "ok": 0, "wrong": 0, "pending": 0, "unknown": 0}}`,
	"trace": `{
		"address": "", "prefix": "", "owner": {"device": "", "rack": "", "leafs": [""]},
		"from": [{"device": "", "as_path": [0], "devices": [""], "predicted": true, "actual": true}]}`,
}

// keeps sees that a document keeps to the contract.
func keeps(t testing.TB, name, document string) {
	t.Helper()
	var want, got any
	if err := json.Unmarshal([]byte(contract[name]), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(document), &got); err != nil {
		t.Fatalf("%s: %v in %s", name, err, document)
	}
	for _, fault := range breaks(name, want, got) {
		t.Error(fault)
	}
}

// breaks is where a value differs in kind from the contract's.
func breaks(at string, want, got any) (faults []string) {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			break
		}
		for key, inner := range want {
			if value, ok := have[key]; ok {
				faults = append(faults, breaks(at+"."+key, inner, value)...)
			} else {
				faults = append(faults, at+" lacks "+key)
			}
		}
		return faults
	case []any:
		have, ok := got.([]any)
		if !ok {
			break
		}
		for i, row := range have {
			faults = append(faults, breaks(fmt.Sprintf("%s[%d]", at, i), want[0], row)...)
		}
		return faults
	}
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
		faults = append(faults, fmt.Sprintf("%s is %v (%T), the contract has a %T", at, got, got, want))
	}
	return faults
}

// TestBreaks is the control of the check itself.
func TestBreaks(t *testing.T) {
	for document, faults := range map[string]int{
		`{"at": "now", "devices": [], "sessions": [], "routes": [], "summary": {}}`: 6,
		`{"at": 7, "devices": null, "sessions": [{}], "routes": [], "summary": 1}`:  1 + 1 + 13 + 1,
	} {
		var want, got any
		_ = json.Unmarshal([]byte(contract["status"]), &want)
		_ = json.Unmarshal([]byte(document), &got)
		if found := breaks("status", want, got); len(found) != faults {
			t.Errorf("%d faults, want %d: %v", len(found), faults, found)
		}
	}
}
