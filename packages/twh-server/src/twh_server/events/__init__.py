"""The news of what happened: kinds of events and their bytes, the feed, and those who follow it."""
