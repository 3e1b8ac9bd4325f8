package ui

// hints explain a step to who sees it for the first time, in one line each.
var hints = map[string]string{
	"open":    "the article's fabric is loaded; enter or tab goes on, ? shows the keys",
	"fabric":  "numbers and addresses that all devices follow from; change one and see",
	"spines":  "every leaf has a cable to every spine; a adds one",
	"leafs":   "one at the top of each rack; its nodes hang on it",
	"nodes":   "Kubernetes hosts speak BGP themselves: no VLANs, no bonds",
	"cabling": "cables are laid by themselves, and stay where they are",
	"review":  "some eighty rules look at it; no error means it can be pushed",
	"preview": "every file of every device, before anything is touched",
	"push":    "over SSH, all files of a device or none; it starts with a diff",
	"live":    "sessions come up one after another; the expected stands beside the actual",
}

// about is the line beside a screen's title. Simulated devices are said to be.
func (a *app) about() string {
	s := steps[a.at]
	text := s.about
	if a.options.Hints && hints[s.name] != "" {
		text = hints[s.name]
	}
	if a.options.Simulated {
		text = "(simulated) " + text
	}
	return text
}
