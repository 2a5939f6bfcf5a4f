"""The sandbox: a server with its own database on this machine, started and stopped by the `twh` command.

`place` knows where it is kept and what it last said of itself, `process` starts and stops it, `turns` lets one
`twh sandbox up` wait for another.
"""
