package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kevinburke/ssh_config"
)

// settings are the user's and the system's ssh_config(5). OpenSSH itself is
// asked (`ssh -G`) where it is there, since nothing else reads Match, Include
// and crypto-policies as it does; otherwise the files are parsed here.
type settings struct {
	files []*ssh_config.Config
	ssh   func(host string) map[string][]string // nil: the files do

	mu    sync.Mutex
	cache map[string]*answer
}

// answer is what ssh says of one host; it is asked once.
type answer struct {
	once   sync.Once
	values map[string][]string
}

var noSettings = &settings{}

// userSettings reads the files, once a Transport.
func (t *Transport) userSettings() (*settings, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settings != nil {
		return t.settings, nil
	}
	home, _ := os.UserHomeDir()
	s, err := readSettings(filepath.Join(home, ".ssh", "config"), "/etc/ssh/ssh_config")
	if err != nil {
		return nil, err
	}
	t.settings = s
	return s, nil
}

func readSettings(paths ...string) (*settings, error) {
	if !slices.ContainsFunc(paths, says) {
		return noSettings, nil // nothing that could matter: no process a host
	}
	s := &settings{cache: map[string]*answer{}}
	if ssh, err := exec.LookPath("ssh"); err == nil {
		turns := make(chan struct{}, runtime.GOMAXPROCS(0))
		s.ssh = func(host string) map[string][]string {
			turns <- struct{}{}
			defer func() { <-turns }()
			return askSSH(ssh, paths[0], host)
		}
		return s, nil
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", path, cause(err))
		}
		c, err := ssh_config.DecodeBytes(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; OpenSSH's client would know, but it is not installed", path, err)
		}
		s.files = append(s.files, c)
	}
	return s, nil
}

// idle are the keywords of Debian's own /etc/ssh/ssh_config, which mean nothing
// here.
var idle = []string{"host", "sendenv", "hashknownhosts", "gssapiauthentication"}

// says whether a file holds anything that could matter.
func says(path string) bool {
	data, err := os.ReadFile(path)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	for line := range bytes.Lines(data) {
		fields := strings.FieldsFunc(string(line), func(r rune) bool { return strings.ContainsRune(" \t\r\n=", r) })
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		keyword := strings.ToLower(fields[0])
		if keyword == "include" {
			pattern := fields[1]
			if !filepath.IsAbs(pattern) {
				return true
			}
			if files, err := filepath.Glob(pattern); err != nil || slices.ContainsFunc(files, says) {
				return true
			}
			continue
		}
		if !slices.Contains(idle, keyword) {
			return true
		}
	}
	return false
}

// askSSH is what `ssh -G` says of a host; nothing where it fails.
func askSSH(ssh, config, host string) map[string][]string {
	args := []string{"-G", "--", host}
	// OpenSSH takes /etc/passwd's word for where the user is at home, and closup
	// takes $HOME's.
	home, _ := os.UserHomeDir()
	me, err := user.Current()
	moved := err == nil && me.HomeDir != home
	if moved && exists(config) {
		args = append([]string{"-F", config}, args...)
	}
	return runSSH(ssh, func(value string) string {
		if !moved {
			return value
		}
		return strings.ReplaceAll(" "+value, " "+me.HomeDir+"/", " "+home+"/")[1:]
	}, args...)
}

// runSSH is the output of `ssh -G`, by keyword.
func runSSH(ssh string, change func(string) string, args ...string) map[string][]string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, ssh, args...).Output()
	if err != nil {
		return nil
	}
	values := map[string][]string{}
	for line := range bytes.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		values[key] = append(values[key], change(value))
	}
	return values
}

// all are the values of a keyword for a host, the most particular first.
func (s *settings) all(host, keyword string) []string {
	if s.ssh != nil {
		s.mu.Lock()
		a := s.cache[host]
		if a == nil {
			a = &answer{}
			s.cache[host] = a
		}
		s.mu.Unlock()
		a.once.Do(func() { a.values = s.ssh(host) })
		return a.values[strings.ToLower(keyword)]
	}
	var all []string
	for _, c := range s.files {
		if values, err := c.GetAll(host, keyword); err == nil {
			all = append(all, values...)
		}
	}
	return all
}

// get is the value that counts: ssh_config takes the first.
func (s *settings) get(host, keyword string) string {
	if values := s.all(host, keyword); len(values) > 0 {
		return values[0]
	}
	return ""
}

// nobody is a host that no file means: what is said of it is said of all.
const nobody = "closup.invalid"

// usual is what OpenSSH itself offers where no file says anything; nil where it
// is not asked.
func (s *settings) usual(keyword string) []string {
	if s.ssh == nil {
		return nil
	}
	s.mu.Lock()
	a := s.cache[""]
	if a == nil {
		a = &answer{}
		s.cache[""] = a
	}
	s.mu.Unlock()
	a.once.Do(func() {
		if ssh, err := exec.LookPath("ssh"); err == nil {
			a.values = runSSH(ssh, func(v string) string { return v }, "-F", os.DevNull, "-G", "--", nobody)
		}
	})
	var names []string
	for _, value := range a.values[strings.ToLower(keyword)] {
		names = append(names, strings.Split(value, ",")...)
	}
	return names
}
