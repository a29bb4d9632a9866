"""The JSON documents that the commands print, as types from which the schemas are made."""
