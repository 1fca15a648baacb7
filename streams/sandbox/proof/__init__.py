"""The proof that nothing is lost and nothing comes twice: faults against real processes, and a judge that trusts nobody.

The judge re-folds what stands in the journal, alone and in one process, and compares everything that the workers wrote.
"""
