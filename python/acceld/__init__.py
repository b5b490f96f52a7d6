"""The service: events of registries become tasks, tasks become accelerated images."""
