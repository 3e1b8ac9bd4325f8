package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vishvananda/netlink"
)

// Down ends the lab of the fabric of that name and removes everything that is
// its: also what an Up left that was killed. Where there is nothing it does
// nothing.
func Down(ctx context.Context, name string) error {
	dir, err := labDir(name)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if pid, err := running(hubArgs(dir)); err != nil || pid == 0 {
			return err
		}
	}
	mine, err := seize(ctx, dir, true)
	if err != nil {
		return fmt.Errorf("the lab of %s: %w", name, err)
	}
	defer mine.release()
	if err := tearDown(ctx, mine); err != nil {
		return fmt.Errorf("the lab of %s: %w", name, err)
	}
	return nil
}

// tearDown ends the hub, on which everything else hangs, and removes the
// lab's files.
func tearDown(ctx context.Context, mine *claim) error {
	if err := kill(ctx, hubArgs(mine.dir)); err != nil {
		return err
	}
	if err := unplug(ctx, mine.dir); err != nil {
		return err
	}
	return mine.leave()
}

// unplug waits until the machine's end of the veth is gone. The kernel removes
// it with the hub's network namespace, at leisure; one that carries our mark
// is removed at once.
func unplug(ctx context.Context, dir string) error {
	name, alias := uplinkName(dir), uplinkAlias(dir)
	ctx, cancel := context.WithTimeout(ctx, goneWithin)
	defer cancel()
	err := until(ctx, func() (bool, error) {
		link, err := netlink.LinkByName(name)
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		mark := link.Attrs().Alias
		switch {
		case mark == alias:
			// Gone in between: the next look says so.
			_ = netlink.LinkDel(link)
			return false, nil
		case mark == "" && link.Type() == "veth":
			return false, nil // made and not marked yet: the kernel's to remove
		default:
			return true, nil // not ours
		}
	})
	if err != nil {
		return fmt.Errorf("the interface %s: %w", name, err)
	}
	return nil
}
