"""Replicas: what a session has seen of each cluster, and which replica may answer it."""
