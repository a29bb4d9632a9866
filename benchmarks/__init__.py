"""What `make bench` measures: each measurement in a module, each measured thing in a process."""
