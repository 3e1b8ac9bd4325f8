//go:build !linux

package netns

import (
	"context"
	"errors"
	"io"

	"closup/lab"
	"closup/model"
)

// ErrLinux says that this machine cannot run the lab.
var ErrLinux = errors.New("the netns lab needs Linux: network namespaces are part of its kernel; use the backend sim, or run closup in a Linux machine")

func labDir(name string) (string, error) { return lab.Dir(name) }

// Init does nothing here.
func Init() {}

// Check says what is missing.
func Check() error { return ErrLinux }

// Up fails.
func Up(context.Context, *model.Plan, Options) (*Lab, error) { return nil, ErrLinux }

// Down fails.
func Down(context.Context, string) error { return ErrLinux }

// Status fails.
func (l *Lab) Status(context.Context) ([]Status, error) { return nil, ErrLinux }

// Exec fails.
func (l *Lab) Exec(context.Context, string, []string, io.Reader, io.Writer, io.Writer) (int, error) {
	return 0, ErrLinux
}

// SetLink fails.
func (l *Lab) SetLink(string, string, bool) error { return ErrLinux }

// FillDisk fails.
func (l *Lab) FillDisk(context.Context, string, bool) error { return ErrLinux }

// Reboot fails.
func (l *Lab) Reboot(context.Context, string) error { return ErrLinux }

// PowerOff fails.
func (l *Lab) PowerOff(context.Context, string) error { return ErrLinux }

// PowerOn fails.
func (l *Lab) PowerOn(context.Context, string) error { return ErrLinux }
