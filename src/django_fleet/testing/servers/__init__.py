"""Real database servers for tests, started as children of the test process."""
