"""What a vendor uses from Python: sign a transcript, submit it, read the verdict. Imports formats and core only."""
