"""The commands of `forewarn`, one file each; `streams/cli.py` names them and imports one only when it is called.

A command turns words into a call and a result into words. It decides nothing about lending and knows no Kafka client.
"""
