package model

import "fmt"

// Role is a device's place in the Clos. The order is that of the tiers, top
// first, and of every list of devices that closup prints.
type Role uint8

const (
	Superspine Role = iota
	Spine
	Leaf
	Border
	Node
	numRoles
)

// Roles lists every role, top tier first.
var Roles = [numRoles]Role{Superspine, Spine, Leaf, Border, Node}

var roleNames = [numRoles]string{"superspine", "spine", "leaf", "border", "node"}

// String is the role's name as the JSON output has it: "spine".
func (r Role) String() string {
	if r < numRoles {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// Key is the role's key in fabric.yaml: "spines".
func (r Role) Key() string { return r.String() + "s" }

// Switch says whether devices of the role are switches; nodes are hosts.
func (r Role) Switch() bool { return r != Node }

// MarshalText makes a role print as its name in JSON.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a role's name.
func (r *Role) UnmarshalText(text []byte) error {
	for i, name := range roleNames {
		if name == string(text) {
			*r = Role(i)
			return nil
		}
	}
	return fmt.Errorf("unknown role %q", text)
}

// PerRole holds one value for each role, indexed by it.
type PerRole[T any] [numRoles]T
