"""Hypothesis profiles: `steady` on shared machines, `deep` (--hypothesis-profile=deep) to search long."""

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=3000)
settings.load_profile("steady")
