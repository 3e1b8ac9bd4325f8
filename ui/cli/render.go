package cli

import (
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"closup/render"
	"closup/ui/work"
)

func targetsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "targets",
		Short: "List what can be generated",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t := &table{head: []string{"TARGET", "WHAT IT WRITES"}}
			type row struct {
				Name  string `json:"name"`
				About string `json:"about"`
			}
			var rows []row
			for _, target := range render.Targets {
				t.add(target.Name, target.About)
				rows = append(rows, row{target.Name, target.About})
			}
			if e.output == jsonText {
				return e.json(map[string]any{"targets": rows})
			}
			return e.showTable(t)
		},
	}
}

func renderCommand(e *env) *cobra.Command {
	var (
		target, out string
		devices     []string
		explain     bool
	)
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Print or write the generated files",
		Long: `render prints every generated file below a line that names it. With --out it
writes them there: frr.conf of leaf1 lies at OUT/leaf1/etc/frr/frr.conf.
--explain says below each line of a device's files why it is there.`,
		Example: `  closup render --device leaf1
  closup render --device leaf1 --explain
  closup render --out files`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := p.Known(devices...); err != nil {
				return err
			}
			t, ok := render.TargetNamed(target)
			if !ok {
				return usagef("there is no target %q; `closup targets` lists them", target)
			}
			if explain {
				if out != "" || target != render.Targets[0].Name {
					return usagef("--explain is for the files of devices, and prints them; leave out --out and --target")
				}
				return e.explain(p, devices)
			}
			files := t.Files(p.Plan, devices...)
			switch {
			case out != "":
				n, err := work.Write(out, files)
				if err != nil {
					return err
				}
				fmt.Fprintf(e.err, "wrote %s below %s\n", count(n, "file"), out)
				return nil
			case e.output == jsonText:
				rows, err := fileRows(files)
				if err != nil {
					return err
				}
				return e.json(map[string]any{"files": rows})
			}
			return sheet(e.out, files)
		},
	}
	f := cmd.Flags()
	f.StringVar(&target, "target", render.Targets[0].Name, "what to generate")
	f.StringSliceVar(&devices, "device", nil, "of these devices and no others")
	f.StringVar(&out, "out", "", "write the files below this folder")
	f.BoolVar(&explain, "explain", false, "say why each line is there")
	_ = cmd.RegisterFlagCompletionFunc("device", e.completeDevices)
	_ = cmd.RegisterFlagCompletionFunc("target", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, t := range render.Targets {
			names = append(names, t.Name+"\t"+t.About)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// fileRow is one generated file in JSON.
type fileRow struct {
	Path string `json:"path"`
	Mode string `json:"mode"` // octal
	Body string `json:"body"`
}

func fileRows(files iter.Seq2[render.File, error]) ([]fileRow, error) {
	rows := []fileRow{}
	for f, err := range files {
		if err != nil {
			return nil, err
		}
		rows = append(rows, fileRow{f.Path, fmt.Sprintf("%04o", f.Mode.Perm()), string(f.Body)})
	}
	return rows, nil
}

// sheet writes all files as one text, each below its name.
func sheet(w io.Writer, files iter.Seq2[render.File, error]) error {
	gap := ""
	for f, err := range files {
		if err != nil {
			return err
		}
		end := ""
		if n := len(f.Body); n > 0 && f.Body[n-1] != '\n' {
			end = "\n"
		}
		if _, err := fmt.Fprintf(w, "%s==> %s <==\n%s%s", gap, f.Path, f.Body, end); err != nil {
			return err
		}
		gap = "\n"
	}
	return nil
}
