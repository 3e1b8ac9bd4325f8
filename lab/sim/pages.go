package sim

import (
	"io"
	"sync"
)

// pages keep what a command prints until nobody's lock is held any more. A table
// of a large fabric is megabytes: the pages that hold it are used again and
// again, and none is ever copied into a larger one.
type pages struct{ full []*page }

type page struct {
	data [32<<10 - 8]byte // 32 KiB with n
	n    int
}

var freePages = sync.Pool{New: func() any { return new(page) }}

func (p *pages) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if len(p.full) == 0 || p.full[len(p.full)-1].n == len(page{}.data) {
			next := freePages.Get().(*page)
			next.n = 0
			p.full = append(p.full, next)
		}
		last := p.full[len(p.full)-1]
		n := copy(last.data[last.n:], rest)
		last.n += n
		rest = rest[n:]
	}
	return len(b), nil
}

// WriteTo hands out what was written, once.
func (p *pages) WriteTo(w io.Writer) (total int64, err error) {
	for _, q := range p.full {
		if err == nil {
			var n int
			n, err = w.Write(q.data[:q.n])
			total += int64(n)
		}
		freePages.Put(q)
	}
	p.full = nil
	return total, err
}
