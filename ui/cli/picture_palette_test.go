package cli

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
	"testing"
)

// A picture of a terminal has few colours, and shades of them at the edges of
// letters: with a palette it is a quarter of the size, and looks the same.

// paletteSize is how many colours a picture keeps.
const paletteSize = 40

// shrink writes a PNG anew with a palette.
func shrink(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	full, err := png.Decode(f)
	_ = f.Close()
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(out, paletted(full, paletteSize)); err != nil {
		return err
	}
	return out.Close()
}

// paletted is a picture in n colours: its most frequent ones, and those that are
// far from all others. Every other one becomes the nearest of them; colours that
// are nearly the same count as one.
func paletted(full image.Image, n int) *image.Paletted {
	type bucket struct {
		count   int
		r, g, b int
	}
	area := full.Bounds()
	buckets := map[uint32]*bucket{}
	exact := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	key := func(c color.RGBA) uint32 { return uint32(c.R>>3)<<10 | uint32(c.G>>3)<<5 | uint32(c.B>>3) }
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			c := at(x, y)
			exact[c]++
			k := buckets[key(c)]
			if k == nil {
				k = &bucket{}
				buckets[key(c)] = k
			}
			k.count++
			k.r, k.g, k.b = k.r+int(c.R), k.g+int(c.G), k.b+int(c.B)
		}
	}
	// What fills areas stays as it is, to the bit.
	var colours color.Palette
	type counted struct {
		c color.RGBA
		n int
	}
	var often []counted
	for c, n := range exact {
		often = append(often, counted{c, n})
	}
	byCount := func(a, b counted) int {
		if a.n != b.n {
			return b.n - a.n
		}
		return int(key(a.c)) - int(key(b.c))
	}
	slices.SortFunc(often, byCount)
	for _, c := range often[:min(len(often), n/2)] {
		colours = append(colours, c.c)
	}
	var rest []counted
	for _, k := range buckets {
		rest = append(rest, counted{color.RGBA{uint8(k.r / k.count), uint8(k.g / k.count), uint8(k.b / k.count), 255}, k.count})
	}
	slices.SortFunc(rest, byCount)
	// Then what would be off the most: a rare colour is kept, and a shade is not.
	for len(colours) < n {
		worst, most := color.RGBA{}, 0
		for _, c := range rest {
			if off := c.n * distance(colours[colours.Index(c.c)].(color.RGBA), c.c); off > most {
				worst, most = c.c, off
			}
		}
		if most == 0 {
			break
		}
		colours = append(colours, worst)
	}
	out := image.NewPaletted(area, colours)
	index := map[color.RGBA]uint8{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			c := at(x, y)
			i, known := index[c]
			if !known {
				i = uint8(colours.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// distance is the square of how far two colours lie apart.
func distance(a, b color.RGBA) int {
	r, g, u := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + u*u
}

// TestPaletted keeps what fills areas to the bit, and moves no pixel far.
func TestPaletted(t *testing.T) {
	full := image.NewRGBA(image.Rect(0, 0, 64, 64))
	ground, ink := color.RGBA{17, 19, 26, 255}, color.RGBA{122, 162, 255, 255}
	for y := range 64 {
		for x := range 64 {
			c := ground
			switch {
			case x < 16:
				c = ink
			case x < 20: // an edge, in shades
				part := (x*64 + y) % 256
				mix := func(a, b uint8) uint8 { return uint8((int(a)*part + int(b)*(255-part)) / 255) }
				c = color.RGBA{mix(ink.R, ground.R), mix(ink.G, ground.G), mix(ink.B, ground.B), 255}
			}
			full.SetRGBA(x, y, c)
		}
	}
	small := paletted(full, paletteSize)
	if len(small.Palette) > paletteSize {
		t.Errorf("%d colours", len(small.Palette))
	}
	for y := range 64 {
		for x := range 64 {
			was, is := full.RGBAAt(x, y), small.At(x, y).(color.RGBA)
			if d := distance(was, is); d > 900 || (x < 16 || x >= 20) && d != 0 {
				t.Fatalf("%d,%d: %v became %v", x, y, was, is)
			}
		}
	}
}
