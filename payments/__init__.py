"""The rules of money: what may be paid, asked and approved. Knows no chat and no database."""
