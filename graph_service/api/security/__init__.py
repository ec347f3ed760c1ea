"""Who may ask what: roles, keys, tokens, and the doors of the HTTP side."""
