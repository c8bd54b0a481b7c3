"""Pure: text and records in, text and records out. No files, processes, environment or clock."""
