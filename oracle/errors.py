"""The one exception of the oracle: something it needs is missing or broke."""


class OracleError(Exception):
    """The measure could not be taken; the message says why and how to go on."""
