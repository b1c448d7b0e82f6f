"""From what the sources say to frame targets and weights."""
