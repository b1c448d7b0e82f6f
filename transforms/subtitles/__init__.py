"""From subtitle files in many formats to what is said to be heard, and when."""
