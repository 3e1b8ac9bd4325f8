package sim

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

func sha256sum(c *call) int {
	opts, files := c.flags("")
	if has(opts, "-c", "--check") {
		return c.checkSums(files, has(opts, "--quiet", "--status"))
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	status := 0
	for _, f := range files {
		data, err := c.input(f)
		if err != nil {
			status = c.fail(1, "sha256sum: %s: %s", f, why(err))
			continue
		}
		c.printf("%x  %s\n", sha256.Sum256(data), f)
	}
	return status
}

func (c *call) checkSums(files []string, quiet bool) int {
	all, status := c.inputs("sha256sum", files)
	for line := range bytes.Lines(bytes.Join(all, nil)) {
		sum, name, ok := strings.Cut(strings.TrimRight(string(line), "\n"), "  ")
		if !ok {
			continue
		}
		data, err := c.open(strings.TrimPrefix(name, "*"))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != sum {
			c.printf("%s: FAILED\n", name)
			status = 1
		} else if !quiet {
			c.printf("%s: OK\n", name)
		}
	}
	return status
}

const base64Width = 76

func base64Command(c *call) int {
	opts, files := c.flags("w")
	all, status := c.inputs("base64", files)
	data := bytes.Join(all, nil)
	if has(opts, "-d", "-D", "--decode") {
		text := strings.Join(strings.Fields(string(data)), "")
		out, err := base64.StdEncoding.DecodeString(text)
		_, _ = c.out.Write(out)
		if err != nil {
			return c.fail(1, "base64: invalid input")
		}
		return status
	}
	text, width := base64.StdEncoding.EncodeToString(data), base64Width
	if w, ok := opts["-w"]; ok {
		width, _ = strconv.Atoi(w)
	}
	for width > 0 && len(text) > width {
		c.printf("%s\n", text[:width])
		text = text[width:]
	}
	if text != "" {
		c.printf("%s", text)
		if width > 0 {
			c.printf("\n")
		}
	}
	return status
}

func mktemp(c *call) int {
	opts, names := c.flags("pt")
	dir, pattern := "/tmp", "tmp.XXXXXXXXXX"
	if len(names) > 0 {
		dir, pattern = path.Dir(c.path(names[0])), path.Base(names[0])
	}
	if p := opts["-p"]; p != "" {
		dir = c.path(p)
	}
	at := strings.Index(pattern, "XXX")
	if at < 0 {
		return c.fail(1, "mktemp: too few X's in template '%s'", pattern)
	}
	name := dir + "/" + pattern[:at] + rand.Text()[:len(strings.TrimRight(pattern[at:], "\n"))]
	var err error
	if has(opts, "-d") {
		err = c.disk.mkdir(name, 0o700, c.who)
	} else {
		err = c.disk.save(name, nil, 0o600, c.who, false)
	}
	if err != nil {
		return c.fail(1, "mktemp: %s: %s", name, why(err))
	}
	c.printf("%s\n", name)
	return 0
}

// clock is uptime in seconds since the device was started, as /proc/uptime.
func (d *device) clock() float64 { return time.Since(d.run.Load().started).Seconds() }
