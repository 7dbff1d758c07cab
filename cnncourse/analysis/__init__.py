"""Measures any network: what it costs, what a unit sees, how it answers to a shift."""
