"""The domain as pure functions, one noun a module; the Beam transforms over them are in ``ptransforms``."""
