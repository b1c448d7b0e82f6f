"""From music cue sheets, which have no standard, to where there is music."""
