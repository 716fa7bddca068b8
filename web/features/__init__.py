"""The web side of features: one file a feature, with its shapes and its operations."""
