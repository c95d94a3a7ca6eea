"""The city registry of Học bạ số: signed school transcripts come in, are judged, stored, counted and verified."""
