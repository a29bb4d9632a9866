"""Image references in plain files: a module for each format, pure functions over bytes."""
