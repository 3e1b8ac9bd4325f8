package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
)

// Which sessions a verification asks for. Both ends must hold what was asked,
// in this push or before it; and of such a session one of these must be true:
//
//   - it was up before the change. Then it must also bring at least as many
//     prefixes as before, or as many as are predicted, if that is fewer;
//   - both ends were changed by this push;
//   - this device did not know the peer before, so the session is new.
//
// One that was up and needs both ends changed at once (twofold.go: a password
// that goes) is asked for by whoever is changed last of the two, and if that
// fails by none that comes after: who was changed first has its own by then, and
// the note says what it waits for.
//
// Whoever is verified later of the two asks for it, so every session among the
// devices of a push is asked for once, and the first device of a fabric waits
// for nobody. A port without a link is told, and fails nothing: no
// configuration plugs a cable in, and none that is taken back either.

// before notes which sessions the device has, for verify, out of what its router
// said while the device was locked.
func (d *device) before(ctx context.Context, said []byte) {
	now, err := d.answered(ctx, said, time.Now())
	if err != nil {
		return // no router yet: it had no session
	}
	for _, p := range d.target.Device.Routing.Peers {
		was, known := now.Peer(p.Key())
		d.knew[p.Key()] = known
		if was.State == observe.Established {
			d.ups[p.Key()] = was.Received
		}
	}
}

// required are the sessions that must be up now, and since when.
func (d *device) required() map[string]wanted {
	p := d.push
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]wanted{}
	clear(d.waiting)
	for _, peer := range d.target.Device.Routing.Peers {
		since, holds := p.live[peer.Device]
		_, up := d.ups[peer.Key()]
		both := up && !holds && d.twofold(peer)
		switch {
		case p.failed[peer.Device] && !both:
		case both && !p.failed[peer.Device]:
			d.waiting[peer.Key()] = peer.Device
		case up, holds && (p.altered[peer.Device] || !d.knew[peer.Key()]):
			out[peer.Key()] = wanted{peer, since}
		}
	}
	return out
}

// wanted is one session that must be up, since its far end is as asked.
type wanted struct {
	model.Peer
	since time.Time // zero: before this push
}

// agreed waits until the router's sessions are as they must be. now is what it
// says already.
func (d *device) agreed(ctx context.Context, now observe.Device) error {
	if d.push.Sessions < 0 || d.target.Restore || len(d.target.Device.Routing.Peers) == 0 {
		return nil
	}
	begun, told := time.Now(), ""
	moved, fewest := begun, -1
	// What far ends that come later than this lack, they find themselves.
	patience := d.push.Sessions + d.slow
	limit := begun.Add(2 * patience)
	for again := false; ; again = true {
		must := d.required()
		if again && len(must) > 0 {
			var err error
			if now, err = d.askAgain(ctx); err != nil {
				return err
			}
		}
		d.saw(now)
		if len(must) == 0 {
			d.waits()
			return nil
		}
		var late, short, wanting []string
		waits, lacking := false, 0
		for _, w := range must {
			if d.lack(w, now) != "" {
				lacking++
			}
		}
		if fewest < 0 || lacking < fewest { // they still come
			moved, fewest = time.Now(), lacking
		}
		for _, key := range sortedKeys(must) {
			lack := d.lack(must[key], now)
			switch {
			case lack == "":
				continue
			case time.Now().Before(later(moved, must[key].since).Add(patience)) && time.Now().Before(limit):
				waits = true
				wanting = append(wanting, lack)
			case must[key].since.Add(patience).After(limit):
			case d.unplugged(ctx, key):
				delete(d.knew, key)
				d.loose[key] = true
			default:
				late = append(late, lack)
				if _, was := d.ups[key]; was {
					short = append(short, key)
				}
			}
		}
		switch {
		case len(late) > 0 && len(short) == len(late):
			return d.errorf(nil, "", "sessions were up before and are not %v after the change: %s", patience.Round(time.Second), strings.Join(late, ", "))
		case len(late) > 0:
			return d.errorf(nil, "", "sessions do not come up within %v, though both ends hold what was asked: %s", patience.Round(time.Second), strings.Join(late, ", "))
		case !waits:
			d.waits()
			return nil
		}
		if text := strings.Join(wanting, ", "); text != told {
			told = text
			d.log("waits for its sessions: %s", text)
		}
		time.Sleep(settlePause)
		if err := d.renewed(ctx); err != nil {
			return err
		}
	}
}

// saw notes which sessions are up, and since when that is known.
func (d *device) saw(now observe.Device) {
	for _, p := range now.Peers {
		if p.State == observe.Established {
			d.seen[p.Key] = now.At
		}
	}
}

// waits notes the sessions that the far end's change brings up again.
func (d *device) waits() {
	for _, key := range slices.Sorted(maps.Keys(d.waiting)) {
		d.note(fmt.Sprintf("its session on %s comes up once %s is changed too", key, d.waiting[key]))
	}
}

// renewed has the device wait for the operator, who is there, before half of
// the time is gone.
func (d *device) renewed(ctx context.Context) error {
	if time.Until(d.until) > d.push.Undo/2 {
		return nil
	}
	s := d.script()
	s.line("renew %s; follow applying", int(d.push.Undo/time.Second))
	_, err := d.follow(ctx, s, "active", "committing", "done")
	return err
}

// lack says what a session lacks; empty: nothing.
func (d *device) lack(w wanted, now observe.Device) string {
	p, _ := now.Peer(w.Key())
	if d.loose[w.Key()] {
		return ""
	}
	if p.State != observe.Established {
		return fmt.Sprintf("%s to %s", w.Key(), w.Device)
	}
	before, was := d.ups[w.Key()]
	if !was || p.Received >= before || d.push.count() > 0 { // what failed tells less
		return ""
	}
	least := min(before, d.predicted(w.Key(), before))
	if p.Received >= least {
		return ""
	}
	return fmt.Sprintf("%s to %s brings %d prefixes, not %d", w.Key(), w.Device, p.Received, least)
}

// predicted is how many prefixes the session is predicted to bring at least;
// otherwise, where nobody can tell.
func (d *device) predicted(key string, otherwise int) int {
	if d.push.Predict == nil {
		return otherwise
	}
	if d.expects == nil {
		d.expects = d.push.Predict(d.target.Device.Name)
	}
	return d.expects[key]
}

// unplugged says whether the port has no link, which no configuration mends.
func (d *device) unplugged(ctx context.Context, port string) bool {
	s := d.script()
	s.line("cat /sys/class/net/%s/carrier /sys/class/net/%s/flags", port, port)
	s.WriteString("exit 0\n")
	out, err := d.root(ctx, s)
	// 0x1 is IFF_UP: a port that is down has no link because of its configuration.
	fields := strings.Fields(string(out))
	up := len(fields) == 2 && len(fields[1]) > 0 && strings.ContainsAny(fields[1][len(fields[1])-1:], "13579bdf")
	return err == nil && up && fields[0] == "0"
}

func sortedKeys(m map[string]wanted) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sessions waits for the BGP sessions with other devices of this push that no
// verification asked for, because they were not up before. One that does not
// come up is worth a note.
func sessions(ctx context.Context, d *device) error {
	if d.report.Result == Pending {
		if err := d.pending(ctx); err != nil {
			return err
		}
	}
	wanted := d.wanted()
	if len(wanted) == 0 || d.push.Sessions < 0 || d.target.Restore {
		return nil
	}
	deadline := time.Now().Add(d.push.Sessions)
	for {
		var missing []string
		plugged := 0
		err := d.connected(ctx)
		if err == nil {
			var now observe.Device
			if now, err = d.ask(ctx); err == nil {
				for _, w := range wanted {
					p, _ := now.Peer(w.Key())
					switch {
					case p.State == observe.Established:
					case d.loose[w.Key()]:
						missing = append(missing, fmt.Sprintf("%s to %s (the port has no link)", w.Key(), w.Device))
					default:
						missing = append(missing, fmt.Sprintf("%s to %s", w.Key(), w.Device))
						plugged++
					}
				}
			} else if provision.Retryable(err) {
				d.close()
				d.retried(err)
			}
		}
		switch {
		case err == nil && len(missing) == 0:
			return nil
		case ctx.Err() != nil:
			d.note("it was not waited for its sessions: the push was stopped")
			return nil
		case time.Now().After(deadline), err == nil && plugged == 0:
			d.note(missed(d.push.Sessions, missing, err))
			return nil
		}
		select {
		case <-time.After(settlePause):
		case <-ctx.Done():
		}
	}
}

// pending gives the device the time that the operator has to confirm, now that
// the others are through; or takes it back at once, where he gave up.
func (d *device) pending(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if d.push.Control.Aborted() {
		return d.abort(ctx, d.errorf(errAborted, "", "%v", errAborted))
	}
	s := d.script()
	s.line("deadline %s; follow applying", int(d.push.Confirm/time.Second))
	if _, err := d.follow(ctx, s, "active", "done"); err != nil {
		return err
	}
	d.until = time.Now().Add(d.push.Confirm)
	d.report.Until = d.until
	return nil
}

func missed(wait time.Duration, missing []string, err error) string {
	if err != nil {
		return fmt.Sprintf("its sessions could not be seen: %v", err)
	}
	return fmt.Sprintf("not Established after %v: %s", wait, strings.Join(missing, ", "))
}

// wanted are the sessions whose both ends are as asked, and that were not seen
// up since then.
func (d *device) wanted() []model.Peer {
	d.push.mu.Lock()
	defer d.push.mu.Unlock()
	var out []model.Peer
	for _, p := range d.target.Device.Routing.Peers {
		since, live := d.push.live[p.Device]
		if live && !d.push.failed[p.Device] && !d.seen[p.Key()].After(since) {
			out = append(out, p)
		}
	}
	return out
}

// holds notes that the device is as asked, so that sessions with it count.
func (d *device) holds(altered bool) {
	d.push.mu.Lock()
	defer d.push.mu.Unlock()
	name := d.target.Device.Name
	if _, known := d.push.live[name]; known {
		return
	}
	d.push.live[name] = time.Time{}
	if altered {
		d.push.live[name], d.push.altered[name] = time.Now(), true
	}
}
