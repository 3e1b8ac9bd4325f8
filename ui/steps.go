package ui

import "closup/model"

// step is one row of the sidebar.
type step struct {
	name    string // as Nav.Step has it
	label   string
	about   string // what is done there, in a few words
	command string // the same from the command line
	screen  func(base) Screen
}

// steps is the wizard, in order. A new step is a row here and its step_x.go.
var steps = []step{
	{"open", "Open", "choose a fabric, or begin one", "closup new --preset article > fabric.yaml", newOpenScreen},
	{"fabric", "Fabric", "what all devices share", "closup validate", newFabricScreen},
	{"spines", "Spines", "the upper tiers", "closup plan", devicesScreen("Spines", model.Spine, model.Superspine)},
	{"leafs", "Leafs", "top of rack, and the way out", "closup plan", devicesScreen("Leafs", model.Leaf, model.Border)},
	{"nodes", "Nodes", "the Kubernetes hosts", "closup plan", devicesScreen("Nodes", model.Node)},
	{"cabling", "Cabling", "which port leads where", "closup plan --pin", newCablingScreen},
	{"review", "Review", "what the rules say, and the plan", "closup validate; closup plan", newReviewScreen},
	{"preview", "Preview", "every file of every device", "closup render --out files; closup diff", newPreviewScreen},
	{"push", "Push", "bring the devices to it", "closup push", newPushScreen},
	{"live", "Live", "expected beside actual", "closup status --watch", newLiveScreen},
}

// stepIndex finds a step by name; -1: none.
func stepIndex(name string) int {
	for i, s := range steps {
		if s.name == name {
			return i
		}
	}
	return -1
}
