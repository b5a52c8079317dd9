"""From candidates and rules to flat arrays, and from a choice of columns back to money and rows."""
