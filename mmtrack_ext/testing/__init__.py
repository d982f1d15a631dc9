"""Seeded scenes for tests, the demo and benchmarks."""
