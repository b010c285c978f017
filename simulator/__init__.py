"""A local Telegram: a Bot API server on loopback, and a chat page in the browser."""
