"""The reader: every question, at a point on both clocks; and the live feed."""
