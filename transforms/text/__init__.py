"""What subtitle files, cue sheets and annotations share: encodings, tables, timecode."""
