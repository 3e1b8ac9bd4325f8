package fake

import (
	"errors"
	"os"
	"os/exec"
)

// Shell is a device that runs what it is told with this machine's own sh, in
// directory dir, with path before $PATH: there a test puts its own sudo, vtysh
// or whatever else must not be the real one.
func Shell(dir, path string) Device {
	return func(c Command) int {
		cmd := exec.CommandContext(c.Ctx, "sh", "-c", c.Line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"))
		cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			return -1
		}
		if err := cmd.Start(); err != nil {
			return -1
		}
		go func() {
			buf := make([]byte, 32<<10)
			for {
				n, err := c.Stdin.Read(buf)
				if _, werr := in.Write(buf[:n]); err != nil || werr != nil {
					_ = in.Close()
					return
				}
			}
		}()
		err = cmd.Wait()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return 0
		case errors.As(err, &exit) && exit.Exited():
			return exit.ExitCode()
		}
		return -1
	}
}
