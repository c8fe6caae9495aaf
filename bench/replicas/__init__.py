"""Who reads from replicas, who is shown old data, and what a token costs."""
