"""The Mini App: approving, looking and asking in a window that Telegram opens over the chat."""
