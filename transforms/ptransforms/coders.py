"""How Beam encodes the records that hold sound."""

from __future__ import annotations

import pickle

from apache_beam.coders import Coder, registry

from transforms.records import LoadedTitle, SegmentedTitle, TitleWindows

SoundRecord = LoadedTitle | SegmentedTitle | TitleWindows


class SoundCoder(Coder):
    """Pickle a record, but tell its size without doing so.

    Beam samples the size of elements after every step, by encoding them; for two hours of sound that would take the
    memory several times.
    """

    def encode(self, value: SoundRecord) -> bytes:
        """Give the bytes; needed only where an engine does not fuse the steps."""
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> SoundRecord:
        """Give the record back."""
        record: SoundRecord = pickle.loads(encoded)
        return record

    def estimate_size(self, value: SoundRecord) -> int:
        """Count the bytes of the samples alone."""
        return value.nbytes

    def is_deterministic(self) -> bool:
        """Tell that the bytes are no key."""
        return False


for record in (LoadedTitle, SegmentedTitle, TitleWindows):
    registry.register_coder(record, SoundCoder)
