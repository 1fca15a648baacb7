"""The contract: every event that enters or leaves Forewarn, as typed, validated structs.

Decides what a valid record is and how a bad one is described. Knows nothing of Kafka, loans in arrears or models.
`schemas/` is generated from these types; a published version is never edited (add a new one).
"""
