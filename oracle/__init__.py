"""Runs Django's own test suites with and without django-fleet and compares them, test by test.

`python -m oracle --help` lists the measures; docs/how-it-works/oracle.md says what they mean.
"""
