package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"closup/model"
)

func importCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Print a fabric.yaml made of a topology that you have",
		Long: `import reads a topology.dot, a CSV with one cable a row, a containerlab topology or
a Kubespray inventory, and prints the fabric. What it had to guess or leave out
goes to standard error. FILE is - for standard input.`,
		Example: "  closup import topology.dot > fabric.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := e.read(args[0])
			if err != nil {
				return err
			}
			fabric, notes, err := model.Import(args[0], data)
			if err != nil {
				return err
			}
			for _, note := range notes {
				fmt.Fprintln(e.err, note)
			}
			if e.output == jsonText {
				return e.json(map[string]any{"fabric": string(fabric), "notes": notNil(notes)})
			}
			_, err = e.out.Write(fabric)
			return err
		},
	}
}

func (e *env) read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(e.in)
	}
	return os.ReadFile(file)
}
