"""The command line of the acceleration service."""
