// closup brings a Clos up: define, plan, render, push, observe.
package main

import (
	"os"

	"closup/lab/netns"
	"closup/ui/cli"
)

func main() {
	netns.Init() // a device of a lab runs this same program
	os.Exit(cli.Main())
}
