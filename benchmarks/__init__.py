"""How fast Chatpay is, each time beside a limit or a peer that is measured in the same run.

`python -m benchmarks` prints one table and keeps its figures and a plot under artifacts/. On a
machine that does other things too, only the ratios mean something: the two sides of each take
turns, and the medians are compared.
"""
