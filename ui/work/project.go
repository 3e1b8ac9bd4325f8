// Package work is what the screens and the commands both do: open a fabric,
// edit it, save it, push it, watch it, and run a lab of it. It holds the files
// and the connections, so that a screen needs neither.
package work

import (
	"errors"
	"fmt"
	"os"

	"closup/assets"
	"closup/model"
	"closup/provision"
)

// DefaultPath is the fabric that every command reads unless told otherwise.
const DefaultPath = "fabric.yaml"

// empty is what a new fabric starts from when no preset is asked for.
const empty = "version: 1\nname: fabric\n"

// Project is one fabric.yaml with everything that follows from it. Fabric and
// Plan are those of the last state that loaded, so a screen has something to
// show while the text is being repaired; Err says why the present one does not
// load. They are replaced as a whole, never changed, so what was handed to a
// push or a watch stays as it was.
type Project struct {
	Path     string
	Doc      *model.Document
	Fabric   *model.Fabric
	Plan     *model.Plan
	Findings []model.Finding
	Err      error // model.Errors, or nil

	// Transport reaches the devices; nil: SSH. A test puts provision/fake here.
	Transport provision.Transport

	// Secrets are asked for passwords, passphrases and touches, and keep what
	// was given for as long as the project lives, in memory; nil: nobody is
	// asked.
	Secrets *provision.Secrets

	// Note, where set, is told what devices say at login, and what is weak about
	// a connection; the latter begins with "warning: ". It may be called by
	// several goroutines.
	Note func(device, text string)

	// Trace, where set, is told every remote command of a watch. It may be
	// called by several goroutines.
	Trace func(device, command string)

	// ReadOnly refuses whatever would write to a device, or break a lab.
	ReadOnly bool

	saved string // the bytes that are on disk
}

// Open reads the fabric at path. The error is one of reading the file; a file
// that is read but does not load is in Err.
func Open(path string) (*Project, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not there; `closup new --preset article > %s` makes one: %w", path, path, os.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	p := parse(path, data)
	p.saved = string(data)
	return p, nil
}

// New is a project that is not on disk yet: the named preset, or with no name
// the smallest fabric there is.
func New(path, preset string) (*Project, error) {
	if preset == "" {
		return parse(path, []byte(empty)), nil
	}
	data, err := assets.Preset(preset)
	if err != nil {
		return nil, err
	}
	return parse(path, data), nil
}

// Create is New, and the file is written. One that is there is never replaced.
func Create(path, preset string) (*Project, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s is there already; open it, or choose another name", path)
	}
	p, err := New(path, preset)
	if err != nil {
		return nil, err
	}
	return p, p.Save()
}

func parse(path string, data []byte) *Project {
	p := &Project{Path: path, Doc: model.ParseDocument(path, data), Plan: &model.Plan{}}
	p.replan()
	return p
}

// replan follows the document: fabric, plan, findings.
func (p *Project) replan() {
	fabric, err := p.Doc.Fabric()
	p.Err = err
	if err != nil {
		return
	}
	p.Fabric = fabric
	p.Plan, _ = model.NewPlan(fabric)
	p.Findings = model.Validate(fabric, p.Plan)
	p.Plan.Findings = p.Findings
}

// Set gives the key at path ("asn.leafs", "leafs[0].name") a value written as
// YAML. Like every edit it leaves all other bytes of the file as they are.
func (p *Project) Set(path, yaml string) error {
	return p.edit(p.Doc.Set(path, yaml))
}

// Insert puts a row before the i-th of the list at path.
func (p *Project) Insert(path string, i int, yaml string) error {
	return p.edit(p.Doc.Insert(path, i, yaml))
}

// Delete removes the key or row at path.
func (p *Project) Delete(path string) error {
	return p.edit(p.Doc.Delete(path))
}

func (p *Project) edit(err error) error {
	if err == nil {
		p.replan()
	}
	return err
}

// Restore takes back every edit since data was taken with Doc.Bytes.
func (p *Project) Restore(data []byte) {
	p.Doc = model.ParseDocument(p.Path, data)
	p.replan()
}

// Dirty says whether the project differs from what is on disk.
func (p *Project) Dirty() bool { return string(p.Doc.Bytes()) != p.saved }

// ErrReadOnly says that closup was started to look only.
var ErrReadOnly = errors.New("this is read-only (--read-only): nothing is written to a device")

// Writable is nil where devices may be written to.
func (p *Project) Writable() error {
	if p.ReadOnly {
		return ErrReadOnly
	}
	return nil
}

// Blocked is nil where the fabric may be pushed. Otherwise it is why not: it
// does not load, or a rule has an error.
func (p *Project) Blocked() error {
	if p.Err != nil {
		return p.Err
	}
	errs := &RuleErrors{File: p.Path}
	for _, f := range p.Findings {
		if f.Severity == model.Error {
			errs.Findings = append(errs.Findings, f)
		}
	}
	if len(errs.Findings) > 0 {
		return errs
	}
	return nil
}
