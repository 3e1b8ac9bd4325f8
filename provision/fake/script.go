package fake

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Answer is one line of a Script: what a device says to a command that
// contains Match, on its command line or on its standard input.
type Answer struct {
	Match  string
	Stdout string
	Stderr string
	Status int
}

// Script is a device that answers from a list: the first Answer that matches.
// To anything else it says "command not found" with status 127.
func Script(answers ...Answer) Device {
	return Root(func(text string) (stdout, stderr string, status int) {
		for _, a := range answers {
			if strings.Contains(text, a.Match) {
				return a.Stdout, a.Stderr, a.Status
			}
		}
		return "", "sh: command not found\n", 127
	})
}

// Root is a device that answers a whole command: its line and its standard
// input, which for provision.RunRoot holds the script. Such an answer is framed
// as a real device would.
func Root(answer func(text string) (stdout, stderr string, status int)) Device {
	return func(c Command) int {
		in, _ := io.ReadAll(c.Stdin)
		stdout, stderr, status := answer(c.Line + "\n" + string(in))
		if mark := frame.Find(in); mark != nil {
			stdout = fmt.Sprintf("\n%s\n%s\n%s %d\n", mark, stdout, mark, status)
		}
		_, _ = io.WriteString(c.Stdout, stdout)
		_, _ = io.WriteString(c.Stderr, stderr)
		return status
	}
}

// frame is what provision.RunRoot tells the answer's ends by.
var frame = regexp.MustCompile(`closup-[A-Z2-7]{26}`)

// Hangs is a device that takes every command and never answers.
func Hangs(c Command) int {
	<-c.Ctx.Done()
	return -1
}
