"""The narrated tour: steps that show their own code, run it and check what came of it."""
