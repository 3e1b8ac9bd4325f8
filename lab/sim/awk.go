package sim

func awk(c *call) int {
	return c.fail(127, "awk: not found")
}
