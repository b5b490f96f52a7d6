"""Looking for images that no event told of: docs/reconciliation.md."""
