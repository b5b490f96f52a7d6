"""Routes of the HTTP API, one file for what belongs together."""
