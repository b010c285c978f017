"""What the bot shows outside the chat."""
