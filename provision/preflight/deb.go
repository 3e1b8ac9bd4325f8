package preflight

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Debian packages on the operator's machine, which need not be a Debian: what
// stands in them is read by the dpkg of a device.

// Deb is one .deb file (deb(5)).
type Deb struct {
	Path string
	Size int64
	Sum  string // SHA-256, in hex
	// stub is a package with the same control member and nothing to install, so
	// that a device can say what the package is before all of it is sent.
	stub    []byte
	Control Control // empty until a device has read it
}

// File is the name of the file.
func (d Deb) File() string { return filepath.Base(d.Path) }

// OpenDebs reads the .deb files of a folder. Where it has a SHA256SUMS
// (sha256sum(1)), each must stand there with the sum that it has.
func OpenDebs(dir string) ([]Deb, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no .deb files", dir)
	}
	sums, err := readSums(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var out []Deb
	for _, path := range paths {
		d, err := openDeb(path)
		if err != nil {
			return nil, err
		}
		if want, listed := sums[d.File()]; sums != nil && (!listed || want != d.Sum) {
			if !listed {
				return nil, fmt.Errorf("%s does not stand in %s", path, filepath.Join(dir, "SHA256SUMS"))
			}
			return nil, fmt.Errorf("%s is not what %s says: its SHA-256 is %s", path, filepath.Join(dir, "SHA256SUMS"), d.Sum)
		}
		out = append(out, d)
	}
	return out, nil
}

// readSums reads "SUM  FILE" lines; nil where there is no such file.
func readSums(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if w := strings.Fields(line); len(w) == 2 {
			sums[filepath.Base(strings.TrimPrefix(w[1], "*"))] = strings.ToLower(w[0])
		}
	}
	return sums, nil
}

const (
	arMagic  = "!<arch>\n"
	arHeader = 60      // bytes (ar(5))
	maxStub  = 8 << 20 // a control member is some kilobytes
)

func openDeb(path string) (Deb, error) {
	f, err := os.Open(path)
	if err != nil {
		return Deb{}, err
	}
	defer f.Close()
	bad := func(why string) (Deb, error) {
		return Deb{}, fmt.Errorf("%s is not a Debian package: %s", path, why)
	}
	h := sha256.New()
	r := io.TeeReader(f, h)
	magic := make([]byte, len(arMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != arMagic {
		return bad("it does not begin as one")
	}
	stub := bytes.NewBuffer(magic)
	for has := ""; !strings.HasPrefix(has, "control.tar"); {
		header := make([]byte, arHeader)
		if _, err := io.ReadFull(r, header); err != nil {
			return bad("it has no control member")
		}
		has = strings.TrimRight(string(header[:16]), " /")
		size, err := strconv.ParseInt(strings.TrimSpace(string(header[48:58])), 10, 64)
		if err != nil || size < 0 || size > maxStub || strings.HasPrefix(has, "data.tar") {
			return bad("its members cannot be read")
		}
		stub.Write(header)
		if _, err := io.CopyN(stub, r, size+size%2); err != nil {
			return bad("it stops in the middle")
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return Deb{}, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return Deb{}, err
	}
	empty := &bytes.Buffer{}
	if err := tar.NewWriter(empty).Close(); err != nil {
		return Deb{}, err
	}
	fmt.Fprintf(stub, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", "data.tar", 0, 0, 0, "100644", empty.Len())
	stub.Write(empty.Bytes())
	return Deb{Path: path, Size: size, Sum: hex.EncodeToString(h.Sum(nil)), stub: stub.Bytes()}, nil
}

// Control is what a package says of itself (deb-control(5)).
type Control struct {
	Package, Version, Arch string
	Depends                []Clause // those of Pre-Depends first
	Provides               []Relation
}

// Clause is met by any of its relations.
type Clause []Relation

// Relation is a package, and which versions of it: "libc6 (>= 2.36)".
type Relation struct {
	Package string
	Op      string // "<<", "<=", "=", ">=", ">>"; empty: any version
	Version string
}

func (r Relation) String() string {
	if r.Op == "" {
		return r.Package
	}
	return fmt.Sprintf("%s (%s %s)", r.Package, r.Op, r.Version)
}

func (c Clause) String() string {
	var words []string
	for _, r := range c {
		words = append(words, r.String())
	}
	return strings.Join(words, " or ")
}

// parseControl reads what `dpkg-deb -f` prints.
func parseControl(text string) Control {
	fields := map[string]string{}
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			fields[last] += " " + strings.TrimSpace(line)
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		last = strings.ToLower(key)
		fields[last] = strings.TrimSpace(value)
	}
	c := Control{Package: fields["package"], Version: fields["version"], Arch: fields["architecture"]}
	c.Depends = append(parseClauses(fields["pre-depends"]), parseClauses(fields["depends"])...)
	for _, clause := range parseClauses(fields["provides"]) {
		c.Provides = append(c.Provides, clause...)
	}
	return c
}

func parseClauses(text string) []Clause {
	var out []Clause
	for part := range strings.SplitSeq(text, ",") {
		var c Clause
		for alternative := range strings.SplitSeq(part, "|") {
			name, rest, _ := strings.Cut(strings.TrimSpace(alternative), " ")
			name, _, _ = strings.Cut(name, ":") // :any, :amd64
			if name == "" {
				continue
			}
			r := Relation{Package: name}
			if inner, ok := strings.CutPrefix(strings.TrimSpace(rest), "("); ok {
				inner, _, _ = strings.Cut(inner, ")")
				i := strings.IndexFunc(inner, func(c rune) bool { return !strings.ContainsRune("<>=", c) })
				if i > 0 {
					r.Op, r.Version = inner[:i], strings.TrimSpace(inner[i:])
				}
			}
			c = append(c, r)
		}
		if len(c) > 0 {
			out = append(out, c)
		}
	}
	return out
}
