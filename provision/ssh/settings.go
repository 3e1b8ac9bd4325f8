package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kevinburke/ssh_config"
)

// settings are the user's and the system's ssh_config(5) files. Where a file
// uses what the parser does not know (Match exec, Match canonical), OpenSSH
// itself is asked.
type settings struct {
	files []*ssh_config.Config
	ssh   func(host string) map[string][]string // nil: the files do

	mu    sync.Mutex
	cache map[string]map[string][]string // what ssh said
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
	s := &settings{cache: map[string]map[string][]string{}}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", path, cause(err))
		}
		c, err := ssh_config.DecodeBytes(data)
		if err == nil {
			s.files = append(s.files, c)
			continue
		}
		ssh, lookErr := exec.LookPath("ssh")
		if lookErr != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.ssh = func(host string) map[string][]string { return askSSH(ssh, paths[0], host) }
		return s, nil
	}
	return s, nil
}

// askSSH is what `ssh -G` says of a host; nothing where it fails.
func askSSH(ssh, config, host string) map[string][]string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	args := []string{"-G", "--", host}
	if exists(config) {
		args = append([]string{"-F", config}, args...)
	}
	out, err := exec.CommandContext(ctx, ssh, args...).Output()
	if err != nil {
		return nil
	}
	values := map[string][]string{}
	for line := range bytes.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		values[key] = append(values[key], value)
	}
	return values
}

// all are the values of a keyword for a host, the most particular first.
func (s *settings) all(host, keyword string) []string {
	if s.ssh != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.cache[host]; !ok {
			s.cache[host] = s.ssh(host)
		}
		return s.cache[host][strings.ToLower(keyword)]
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
