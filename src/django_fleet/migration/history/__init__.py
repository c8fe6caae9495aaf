"""What was applied where: the recorded migrations of all databases, beside those of the project."""
