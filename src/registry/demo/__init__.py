"""The made-up city: certificate hierarchies, schools, pupils, transcripts, and faults planted on purpose."""
