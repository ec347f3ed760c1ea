// dead_letters_by_reason: how many dead letters there are, those that were replayed left out. Needs nothing. Returns reason, letters.
MATCH (d:DeadLetter) WHERE NOT d:ReplayedLetter
RETURN d.reason AS reason, count(*) AS letters
ORDER BY reason
