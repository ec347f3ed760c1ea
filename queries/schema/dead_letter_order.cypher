// dead_letter_order: dead letters in the order of the log. Needs nothing. Returns nothing.
CREATE INDEX dead_letter_order IF NOT EXISTS FOR (d:DeadLetter) ON (d.recorded_at, d.topic, d.partition, d.offset)
