// closup brings a Clos up: define, plan, render, push, observe.
package main

import (
	"os"
	"runtime"

	"closup/lab/netns"
	"closup/ui/cli"
)

func main() {
	netns.Init() // a device of a lab runs this same program
	// The collector runs when what is in use has doubled. Counting 32 MiB that
	// nobody touches, and that so are nowhere, it does not run at all in a push to
	// ten devices, where three runs were a quarter of the work.
	headroom := make([]byte, 32<<20)
	status := cli.Main()
	runtime.KeepAlive(headroom)
	os.Exit(status)
}
