"""Image references in plain files: one module for each format, pure functions over their bytes."""
