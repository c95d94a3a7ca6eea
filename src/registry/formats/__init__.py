"""Bytes to values and back, strictly: JSON, signatures, certificates, transcripts. Pure."""
