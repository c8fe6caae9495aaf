"""One run of ``fleet migrate`` beside a loop of ``migrate --database``."""
