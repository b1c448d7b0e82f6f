"""From delivered audio files to a title's sound: mono, 16 kHz, 16 bit, levelled."""
