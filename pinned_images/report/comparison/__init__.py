"""The comparison of two synths, and the ways to read it."""
