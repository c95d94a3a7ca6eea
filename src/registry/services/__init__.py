"""Use cases: one file per question the city asks. They own the transactions; they know neither HTTP nor SQL."""
