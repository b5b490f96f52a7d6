"""The durable queue: tasks, leases, schedules and their history in one database."""
