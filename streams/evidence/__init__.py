"""Evidence that stands up: an append-only Merkle log, signed checkpoints, and exhibits that verify offline.

Decides what is kept as proof, in which order, and how anyone can check it without trusting us. Knows nothing of Kafka,
Faust or the model: it is handed envelopes with the position they came from.

Where to look: `merkle` (RFC 9162), `note`, `checkpoint` and `proof` (the C2SP formats), `entry` and `sealing` (what a
leaf holds), `segments`, `fixed` and `store` (the files), `payloads` (personal fields, apart, erasable), `keys` and
`signing` (who signs, and what is never signed), `exhibit` (the folder for a court), `verify` (the program inside that
folder).
"""
