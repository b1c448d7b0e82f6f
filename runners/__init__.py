"""How a job meets an engine."""
