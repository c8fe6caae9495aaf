"""How rows and keys are bound in a statement, one file for each vendor."""
