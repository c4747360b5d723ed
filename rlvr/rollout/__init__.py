"""Engines: completions from a policy."""
