"""Workers: they take tasks and do each in a child process, so that a crash of native code ends one task only."""
