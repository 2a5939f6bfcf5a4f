"""`twh listen`: the feed, forwarded to web servers on a developer's machine; whatever is killed, nothing is lost."""
