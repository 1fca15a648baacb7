"""The benchmark: the same journal of real loans through the same work, beside what a Python team would pick instead.

Rule 1: every contender reads the same records, calls the same pure fold, and keeps the same row bytes.
Rule 2: what is timed ends when everything is durable, and starts when the first record is handed over.
Rule 3: a contender's guarantee and its settings stand beside its speed.
"""
