"""The peers: each program as its own documentation recommends it, run in a process of its own with a job."""
