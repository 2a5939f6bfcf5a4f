"""HTTP in, HTTP out: the only rooms that know of status codes, headers and addresses."""
