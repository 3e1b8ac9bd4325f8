package netns

import (
	"fmt"
	"os"
)

// initialised says that main calls Init: without it, a hub would be a second
// closup.
var initialised bool

// Init makes this process a lab's hub, or a device's PID 1, where that is what
// it was started as; then it never returns. It must be the first line of main
// and of every TestMain that uses the lab.
func Init() {
	initialised = true
	if len(os.Args) < 3 || os.Args[0] != marker {
		return
	}
	var err error
	switch os.Args[1] {
	case hubRole:
		err = hubMain()
	case deviceRole:
		err = deviceMain()
	default:
		err = fmt.Errorf("no such role: %q", os.Args[1])
	}
	fmt.Fprintln(os.Stderr, marker+":", err)
	os.Exit(1)
}
