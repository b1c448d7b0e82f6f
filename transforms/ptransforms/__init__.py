"""The Beam transforms: each a thin shell around the pure function of the same verb."""
