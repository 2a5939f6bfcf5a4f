"""The processes of `twh-server`: what each command starts, how it stops, and what is said when it cannot start."""
