// dead_letters_erased: dead letters lose what they hold. Needs ids, message. Returns nothing.
UNWIND $ids AS id
MATCH (d:DeadLetter {id: id})
SET d.key = null, d.headers = '[]', d.value = null, d.message = $message, d.complete = false
