package netns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Hubs and devices are known by their argument vector, which names the lab's
// directory, and not by a number on file: so the one that runs is found even
// when whoever started it was killed, and a number that the kernel gave to
// another process since does no harm.
//
//	closup-lab hub DIR
//	closup-lab device DIR NAME
const (
	marker     = "closup-lab"
	hubRole    = "hub"
	deviceRole = "device"
)

func hubArgs(dir string) []string          { return []string{marker, hubRole, dir} }
func deviceArgs(dir, name string) []string { return []string{marker, deviceRole, dir, name} }

// processes lists every lab process of the machine: argument vector by number.
func processes() (map[int][]string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("looking for the lab's processes: %w", err)
	}
	found := map[int][]string{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if args := argsOf(pid); len(args) > 0 {
			found[pid] = args
		}
	}
	return found, nil
}

// argsOf is the argument vector of a lab process of root's, nil for any other.
func argsOf(pid int) []string {
	path := filepath.Join("/proc", strconv.Itoa(pid))
	data, err := os.ReadFile(filepath.Join(path, "cmdline"))
	if err != nil || !bytes.HasPrefix(data, []byte(marker+"\x00")) {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != 0 {
		return nil
	}
	var args []string
	for part := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		args = append(args, string(part))
	}
	return args
}

// running gives the number of the process with exactly these arguments, 0 for
// none.
func running(args []string) (int, error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	for pid, a := range all {
		if slices.Equal(a, args) {
			return pid, nil
		}
	}
	return 0, nil
}

// kill ends the processes with exactly these arguments and waits until they
// are gone, with all that hangs on them: the kernel lets a PID namespace's
// first process go last.
func kill(ctx context.Context, args []string) error {
	for {
		pid, err := running(args)
		if err != nil || pid == 0 {
			return err
		}
		if err := killOne(ctx, pid, args); err != nil {
			return fmt.Errorf("ending process %d: %w", pid, err)
		}
	}
}

func killOne(ctx context.Context, pid int, args []string) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// The descriptor is of one process for ever: now see whose it is.
	if !slices.Equal(argsOf(pid), args) {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 50)
		if n == 1 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// until asks again and again, soon at first, until ok says yes, fails, or ctx
// ends.
func until(ctx context.Context, ok func() (bool, error)) error {
	wait := 2 * time.Millisecond
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 50*time.Millisecond)
	}
}
