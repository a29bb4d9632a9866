"""The user's project is no part of this suite: it is run by itself, in its own environment."""

collect_ignore = ["project"]
