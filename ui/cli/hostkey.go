package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"closup/ui/work"
)

func hostkeyCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hostkey",
		Short: "The host keys by which devices are known",
		Long: `A device is known by its host key, in ~/.ssh/known_hosts as for ssh. One that is not
known yet is shown with its fingerprint and asked about; one whose key changed is
not talked to, until ` + "`closup hostkey forget DEVICE`" + ` takes the new one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("say what to do: `closup hostkey forget DEVICE`")
		},
	}
	cmd.AddCommand(hostkeyForgetCommand(e))
	return cmd
}

func hostkeyForgetCommand(e *env) *cobra.Command {
	var inLab, yes bool
	cmd := &cobra.Command{
		Use:   "forget DEVICE",
		Short: "Take the new host key of a device that was reinstalled",
		Long: `forget asks the device for its key, shows the fingerprints of the one on file and
of the new one, and asks; then it takes the old one out of known_hosts and the new
one in. The file as it was is kept beside it as .old. Where the key of a jump host
on the way changed, that one comes first. A key that is marked as revoked is never
taken.`,
		Example:           "  closup hostkey forget k8s2",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: e.completeDevices,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if !yes && !e.canAsk() {
				return usagef("nobody can be asked here: --yes takes the new key without a question; compare its fingerprint with the device's own first")
			}
			keys, err := p.HostKeys(inLab, args[0])
			if err != nil {
				return err
			}
			return e.forget(cmd.Context(), keys, args[0], yes)
		},
	}
	labFlag(cmd, &inLab)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// forgotten is the JSON of one host.
type forgotten struct {
	Device   string   `json:"device"`
	Address  string   `json:"address"`
	Jump     bool     `json:"jump"` // a host on the way to the device
	Old      []string `json:"old"`
	New      string   `json:"new"`
	Replaced bool     `json:"replaced"`
}

// forget goes on until no host on the way has another key than the one on file.
func (e *env) forget(ctx context.Context, keys *work.HostKeys, device string, yes bool) error {
	list := []forgotten{}
	for {
		r, err := keys.Changed(ctx)
		if err != nil {
			return fmt.Errorf("%s: nothing was changed: %w", device, err)
		}
		if r == nil {
			break
		}
		who := device
		if r.Jump {
			who = "the jump host on the way to " + device
		}
		out := e.page()
		out.printf("The host key of %s (%s) changed.\n", who, r.Address)
		for _, old := range r.Old {
			out.printf("  on file  %s\n", old)
		}
		out.printf("  new      %s\n", r.New)
		fmt.Fprint(coloured(e.err), out)
		if !yes {
			answer, err := e.ask(ctx, "If it was reinstalled, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on its console\nprints the new one. Take it (yes or no)? ")
			if err != nil {
				return err
			}
			if !affirmed(answer) {
				return errors.New("not taken, so nothing was changed")
			}
		}
		if err := keys.Replace(r); err != nil {
			return err
		}
		list = append(list, forgotten{device, r.Address, r.Jump, r.Old, r.New, true})
	}
	if e.output == jsonText {
		return e.json(map[string]any{"hosts": list})
	}
	out := e.page()
	for _, f := range list {
		out.printf("%s is known by its new key now; the file as it was is beside it as .old\n", f.Address)
	}
	if len(list) == 0 {
		out.printf("the host key of %s is the one on file, so there is nothing to forget\n", device)
	}
	return e.show(out)
}

func affirmed(answer string) bool { return answer == "yes" || answer == "y" }

// meet shows all host keys that nobody knows yet, in one table, and asks once
// which are taken. Without somebody to ask it does nothing, and the devices say
// for themselves that they are not known.
func (e *env) meet(ctx context.Context, p *work.Project, inLab, acceptNew bool, only []string) error {
	if acceptNew || !e.canAsk() || p.Transport != nil || p.Err != nil {
		return nil
	}
	keys, err := p.HostKeys(inLab, only...)
	if err != nil {
		return err
	}
	for refused := map[string]bool{}; ; {
		met := slices.DeleteFunc(keys.Strangers(ctx), func(s work.Stranger) bool { return refused[s.Address] })
		if len(met) == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprint(coloured(e.err), e.strangers(met))
		answer, err := e.ask(ctx, "Take them (yes, no, or the names of those to take)? ")
		if err != nil {
			return err
		}
		e.met = true
		taken, err := chosen(met, answer)
		if err != nil {
			return err
		}
		if err := keys.Accept(taken...); err != nil {
			return err
		}
		for _, s := range met {
			refused[s.Address] = !slices.ContainsFunc(taken, func(t work.Stranger) bool { return t.Address == s.Address })
		}
	}
}

// strangers is the table of the keys, and what to do with it.
func (e *env) strangers(met []work.Stranger) *page {
	out := e.page()
	noun := "hosts are"
	if len(met) == 1 {
		noun = "host is"
	}
	out.printf("%d %s not known yet. What `ssh-keygen -lf` prints of its key on a device's console\nmust be the same:\n\n", len(met), noun)
	t := &table{head: []string{"HOST", "ADDRESS", "TYPE", "SHA256 FINGERPRINT"}}
	twice := map[string]int{}
	for _, s := range met {
		twice[s.SHA256]++
	}
	for _, s := range met {
		t.add(hostOf(s), strings.TrimSuffix(s.Address, ":22"), strings.TrimPrefix(s.Type, "ssh-"), strings.TrimPrefix(s.SHA256, "SHA256:"))
	}
	_ = t.write(out, 0) // a fingerprint that is cut is none
	for _, s := range met {
		if twice[s.SHA256] > 1 {
			out.printf("\nSome have the same key, as copies of one image do: who holds one can pass for the others.\n")
			break
		}
	}
	out.printf("\n")
	return out
}

// hostOf is what a stranger is called.
func hostOf(s work.Stranger) string {
	if s.Jump {
		return fmt.Sprintf("jump host (%s)", count(len(s.Devices), "device"))
	}
	return strings.Join(s.Devices, ",")
}

// chosen are the hosts that an answer takes.
func chosen(met []work.Stranger, answer string) ([]work.Stranger, error) {
	switch strings.ToLower(answer) {
	case "yes", "y", "all":
		return met, nil
	case "no", "n", "none", "":
		return nil, errors.New("the host keys were not taken, so nothing was done")
	}
	var taken []work.Stranger
	for _, name := range strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' }) {
		i := slices.IndexFunc(met, func(s work.Stranger) bool {
			return s.Address == name || !s.Jump && slices.Contains(s.Devices, name)
		})
		if i < 0 {
			return nil, fmt.Errorf("%s is none of them, so no host key was taken and nothing was done", quote(name))
		}
		taken = append(taken, met[i])
	}
	return taken, nil
}
