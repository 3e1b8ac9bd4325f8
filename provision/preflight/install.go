package preflight

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"closup/provision"
)

// chunk is how much of a package goes into one script, in bytes.
const chunk = 1 << 20

// dpkgLimit is how long dpkg may take; a lock that somebody else holds counts.
const dpkgLimit = 10 * time.Minute

// packageHome is where packages lie on a device until they are installed.
const packageHome = closupHome + "/packages"

// Install brings the packages to each target that it lacks, from a folder of
// .deb files, with what they need as far as that lies in the folder. Where
// something is missing it says what, and installs nothing on that device. tell,
// which may be nil, hears what is done; it may be called by several goroutines.
func Install(ctx context.Context, t provision.Transport, targets []Target, wanted map[string][]string, folder []Deb, tell func(device, text string)) error {
	if tell == nil {
		tell = func(string, string) {}
	}
	f := &folderRead{debs: folder}
	return each(ctx, t, targets, func(ctx context.Context, s provision.Session, target Target) error {
		name := target.Device.Name
		if err := install(ctx, s, wanted[name], f, func(text string) { tell(name, text) }); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// folderRead is a folder whose packages are told by the first device.
type folderRead struct {
	mu   sync.Mutex
	read bool
	debs []Deb
}

// Choice is what Install would do on one device.
type Choice struct {
	Device string
	Debs   []Deb    // in the order in which they are installed
	Lacks  []string // what is neither there nor in the folder; then nothing is installed
	Arch   string
}

// Choose says what Install would bring to each target, in their order. Nothing
// is sent, and nothing changed.
func Choose(ctx context.Context, t provision.Transport, targets []Target, wanted map[string][]string, folder []Deb) ([]Choice, error) {
	f := &folderRead{debs: folder}
	all := make([]Choice, len(targets))
	at := map[string]int{}
	for i, target := range targets {
		at[target.Device.Name] = i
	}
	err := each(ctx, t, targets, func(ctx context.Context, s provision.Session, target Target) (err error) {
		name := target.Device.Name
		if all[at[name]], err = choose(ctx, s, wanted[name], f); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		all[at[name]].Device = name
		return err
	})
	return all, err
}

func choose(ctx context.Context, s provision.Session, wanted []string, folder *folderRead) (Choice, error) {
	have, err := installed(ctx, s)
	if err == nil {
		err = folder.describe(ctx, s)
	}
	if err != nil {
		return Choice{}, err
	}
	c := Choice{Arch: have.Arch}
	c.Debs, c.Lacks = resolve(wanted, have, folder.debs)
	return c, nil
}

func install(ctx context.Context, s provision.Session, wanted []string, folder *folderRead, tell func(string)) error {
	if len(wanted) == 0 {
		return nil
	}
	c, err := choose(ctx, s, wanted, folder)
	debs := c.Debs
	switch {
	case err != nil:
		return err
	case len(c.Lacks) > 0:
		return fmt.Errorf("nothing was installed: neither on it nor in the folder, for %s, is: %s", c.Arch, strings.Join(c.Lacks, "; "))
	case len(debs) == 0:
		tell("has " + strings.Join(wanted, ", ") + " already")
		return nil
	}
	var files, names []string
	for _, d := range debs {
		tell(fmt.Sprintf("sending %s (%s)", d.File(), size(d.Size)))
		if err := send(ctx, s, d); err != nil {
			return err
		}
		files, names = append(files, provision.Quote(packageHome+"/"+d.Sum+".deb")), append(names, d.Control.Package+" "+d.Control.Version)
	}
	tell("installing " + strings.Join(names, ", "))
	limited, cancel := context.WithTimeout(ctx, dpkgLimit)
	defer cancel()
	_, err = provision.RunRoot(limited, s, "DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND\n"+
		"said=$(dpkg --force-confdef --force-confold -i "+strings.Join(files, " ")+" </dev/null 2>&1)\ngot=$?\n"+
		"rm -rf "+packageHome+"\n[ $got = 0 ] || { printf '%s\\n' \"$said\" | tail -n 12 >&2; exit 1; }\n")
	var exit *provision.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("dpkg refused: %s", strings.Join(strings.Fields(exit.Stderr), " "))
	}
	if err != nil {
		return err
	}
	tell("installed " + strings.Join(names, ", "))
	return nil
}

// installed asks a device what it has.
func installed(ctx context.Context, s provision.Session) (Installed, error) {
	ctx, cancel := provision.WithTimeout(ctx, limit)
	defer cancel()
	out, err := provision.RunRoot(ctx, s, `command -v dpkg-query >/dev/null || { echo "it has no dpkg: it is no Debian and no Ubuntu" >&2; exit 1; }
dpkg --print-architecture
dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Version}\t${Provides}\n'
`)
	if err != nil {
		return Installed{}, err
	}
	arch, list, _ := strings.Cut(strings.TrimLeft(string(out), "\n"), "\n")
	have := Installed{Arch: strings.TrimSpace(arch)}
	for line := range strings.Lines(list) {
		w := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(w) != 4 || w[0] != "installed" {
			continue
		}
		c := Control{Package: w[1], Version: w[2]}
		for _, clause := range parseClauses(w[3]) {
			c.Provides = append(c.Provides, clause...)
		}
		have.Packages = append(have.Packages, c)
	}
	return have, nil
}

// describe has the device's dpkg read what the packages of the folder are. One
// device does it for all.
func (f *folderRead) describe(ctx context.Context, s provision.Session) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read {
		return nil
	}
	ctx, cancel := provision.WithTimeout(ctx, limit)
	defer cancel()
	var b strings.Builder
	b.WriteString("d=$(mktemp -d) || exit 1\n")
	for _, d := range f.debs {
		fmt.Fprintf(&b, "base64 -d >\"$d/stub.deb\" <<'END_OF_STUB'\n%s\nEND_OF_STUB\n", lines64(d.stub))
		b.WriteString("printf '\\n=== package\\n'; dpkg-deb -f \"$d/stub.deb\" Package Version Architecture Pre-Depends Depends Provides 2>&1\n")
	}
	b.WriteString("rm -rf \"$d\"\nexit 0\n")
	out, err := provision.RunRoot(ctx, s, b.String())
	if err != nil {
		return fmt.Errorf("the packages of the folder could not be read: %w", err)
	}
	parts := strings.Split("\n"+string(out), "\n=== package\n")[1:]
	if len(parts) != len(f.debs) {
		return fmt.Errorf("the packages of the folder could not be read: %w", provision.ErrOutput)
	}
	for i := range f.debs {
		f.debs[i].Control = parseControl(strings.TrimSpace(parts[i]))
		if c := f.debs[i].Control; c.Package == "" || c.Version == "" || c.Arch == "" {
			return fmt.Errorf("%s is not a Debian package that dpkg can read: %s", f.debs[i].Path, provision.Plain(strings.TrimSpace(parts[i])))
		}
	}
	f.read = true
	return nil
}

// send brings one file to a device, whole, or proves that it lies there.
func send(ctx context.Context, s provision.Session, d Deb) error {
	file, err := os.Open(d.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := fmt.Sprintf("umask 077; D=%s; F=$D/%s.deb; sum=%[2]s\nhave() { [ \"$(sha256sum <\"$F\" | cut -c1-64)\" = $sum ]; }\nmkdir -p $D && chmod 700 $D || exit\n", packageHome, d.Sum)
	buf := make([]byte, chunk)
	for first := true; ; first = false {
		n, err := io.ReadFull(file, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		script := head
		if first {
			script += "if [ -f \"$F\" ] && have; then echo there; exit 0; fi\nrm -f \"$F\"\n"
		}
		script += fmt.Sprintf("base64 -d >>\"$F\" <<'END_OF_CHUNK' || exit\n%s\nEND_OF_CHUNK\n", lines64(buf[:n]))
		if last {
			script += "have || { rm -f \"$F\"; echo \"it arrived damaged\" >&2; exit 1; }\n"
		}
		limited, cancel := provision.WithTimeout(ctx, limit)
		out, err := provision.RunRoot(limited, s, script+"exit 0\n")
		cancel()
		if err != nil {
			return fmt.Errorf("%s could not be sent: %w", d.File(), err)
		}
		if last || strings.TrimSpace(string(out)) == "there" {
			return nil
		}
	}
}

// lines64 is base64 in lines, as here-documents like it.
func lines64(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	b.WriteString(text)
	return b.String()
}
