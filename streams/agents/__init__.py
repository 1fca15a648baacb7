"""The agents: one small file each. Decode, load, fold, store, emit; what is decided is decided in the pure packages."""
