"""The console command `vljepa`."""
