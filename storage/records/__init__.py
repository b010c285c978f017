"""What is stored beside the book of money: the other protocols of payments/ports.py.

The classes here do what the protocol of the same name says; its docstrings hold.
"""
