"""What is found in the databases, beside what the settings say should be there."""
