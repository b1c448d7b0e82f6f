"""Programmes with exact labels, composed of clean speech, singing, music and noise."""
