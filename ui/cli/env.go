package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"closup/ui/work"
)

// load opens the fabric of -f; one that does not load is an error.
func (e *env) load() (*work.Project, error) {
	p, err := work.Open(e.file)
	if err != nil {
		return nil, err
	}
	p.ReadOnly = e.readOnly
	if e.verbose {
		p.Trace = e.trace
	}
	p.Secrets, p.Note = e.secrets(), e.noter()
	return p, p.Err
}

// noter shows what is said at logins, each thing once: warnings, and banners
// where more is wanted.
func (e *env) noter() func(device, text string) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(device, text string) {
		mu.Lock()
		first := !said[text]
		said[text] = true
		mu.Unlock()
		if first && (e.verbose || strings.HasPrefix(text, "warning: ")) {
			e.asking.Lock()
			defer e.asking.Unlock()
			fmt.Fprintf(e.err, "%s: %s\n", device, text)
		}
	}
}

// trace shows a remote command.
func (e *env) trace(device, command string) {
	e.asking.Lock()
	defer e.asking.Unlock()
	for line := range strings.Lines(command) {
		fmt.Fprintf(e.err, "%s: $ %s\n", device, strings.TrimRight(line, "\n"))
	}
}

// completeDevices offers the names of the fabric's devices.
func (e *env) completeDevices(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	p, err := e.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, d := range p.Plan.Devices {
		names = append(names, d.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeEnds offers devices, and after DEVICE: the device's ports.
func (e *env) completeEnds(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	device, _, ports := strings.Cut(word, ":")
	p, err := e.load()
	if err != nil || !ports {
		return e.completeDevices(cmd, args, word)
	}
	var ends []string
	if d, ok := p.Plan.Device(device); ok {
		for _, port := range d.Ports {
			ends = append(ends, device+":"+port.Name+"\t"+port.Peer)
		}
	}
	return ends, cobra.ShellCompDirectiveNoFileComp
}

// oneOf offers fixed words, and no files.
func oneOf(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// page is output being composed, for a width of so many columns (0: any). It is
// written at once, so that a screen that is redrawn does not flicker.
type page struct {
	strings.Builder
	columns int
}

func (e *env) page() *page { return &page{columns: width(e.out)} }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *page) table(t *table) { _ = t.write(p, p.columns) } // a Builder takes everything

// show writes the page to standard output, in colours where it has them.
func (e *env) show(p *page) error {
	_, err := io.WriteString(coloured(e.out), p.String())
	return err
}

func (e *env) showTable(t *table) error {
	out := e.page()
	out.table(t)
	return e.show(out)
}
